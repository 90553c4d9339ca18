//! From path and method to an inquiry.

use super::{
    decide::Decide,
    inquiry::Inquiry,
    jobs,
    lineage::LineageOf,
    metrics::Metrics,
    query,
    recoveries::{MAX_PAGE, Recoveries},
    targets::{self, OneTarget, Targets},
};
use crate::{
    http_url::percent_decode,
    ids::RunId,
    operator::{Asked, Operator, OperatorReply},
    settings::Settings,
    text::{parts, said},
    time::Timestamp,
};

/// The console of a deployment that has one.
#[derive(Clone, Copy, Debug)]
pub struct Console<'a> {
    operator: Operator<'a>,
    settings: &'a Settings,
}

impl<'a> Console<'a> {
    /// `None` without `ADMIN_TOKEN`: then there is no such thing.
    #[must_use]
    pub fn of(settings: &'a Settings) -> Option<Self> {
        Some(Self { operator: Operator::of(settings)?, settings })
    }

    /// Checks that a request may ask anything at all, before its body is read.
    pub fn authorize(&self, asked: &Asked<'_>) -> Result<(), OperatorReply> {
        self.operator.authorize(asked)
    }

    /// Checks a request that may ask, in all that can be known before anybody is asked. The body of a `GET` is empty.
    pub fn begin(
        &self,
        asked: &Asked<'_>,
        body: &str,
        now: Timestamp,
    ) -> Result<Box<dyn Inquiry + 'a>, OperatorReply> {
        let (path, query) = asked.resource();
        let bad = |message: String| OperatorReply::error(400, &message);
        let shards = self.settings.ledger_shards;
        match (path, asked.method) {
            ("/metrics", "GET") => {
                query::none(query).map_err(bad)?;
                Ok(Box::new(Metrics { shards }))
            }
            ("/v1/recoveries", "GET") => {
                let (cursor, limit) = query::page(query, MAX_PAGE).map_err(bad)?;
                Ok(Box::new(Recoveries { shards, cursor, limit }))
            }
            ("/v1/decide", "POST") => {
                query::none(query).map_err(bad)?;
                Ok(Box::new(Decide(self.settings.policy.try_on(body, now).map_err(bad)?)))
            }
            ("/v1/targets", "GET") => {
                let (cursor, limit) = query::page(query, targets::MAX_PAGE).map_err(bad)?;
                Ok(Box::new(Targets { shards, cursor, limit, page: None }))
            }
            ("/v1/targets", _) => Err(OperatorReply::method_not_allowed("GET")),
            (path, method) if path.starts_with("/v1/targets/") => {
                query::none(query).map_err(bad)?;
                Ok(Box::new(one_target(path, method)?))
            }
            ("/v1/decide", _) => Err(OperatorReply::method_not_allowed("POST")),
            ("/metrics" | "/v1/recoveries", _) => Err(OperatorReply::method_not_allowed("GET")),
            _ if path == "/v1/jobs" || path.starts_with("/v1/jobs/") => {
                jobs::begin(asked, path.strip_prefix("/v1/jobs").unwrap_or_default(), body)
            }
            _ => match (path.strip_prefix("/v1/recoveries/"), asked.method) {
                (Some(run), "GET") => {
                    query::none(query).map_err(bad)?;
                    Ok(Box::new(LineageOf { shards, run: run_id(run).map_err(bad)? }))
                }
                (Some(_), _) => Err(OperatorReply::method_not_allowed("GET")),
                _ => Err(OperatorReply::error(
                    404,
                    "no such path; accepted are /metrics, /v1/decide, /v1/jobs, /v1/jobs/{id}, /v1/recoveries, \
                     /v1/recoveries/{run}, /v1/targets, /v1/targets/{target} and its /pause and /resume",
                )),
            },
        }
    }

    /// The reply as it goes out: with what lets an allowed origin read it.
    #[must_use]
    pub fn dress(&self, reply: OperatorReply, asked: &Asked<'_>) -> OperatorReply {
        self.operator.dress(reply, asked)
    }
}

/// `/v1/targets/{target}`, perhaps with what to do.
fn one_target(path: &str, method: &str) -> Result<OneTarget, OperatorReply> {
    let mut parts = parts(path.strip_prefix("/v1/targets/").unwrap_or_default(), b'/');
    let target = percent_decode(parts.next().unwrap_or_default()).filter(|target| !target.is_empty());
    let Some(target) = target else {
        let message =
            "bad target in the path; accepted is the name of one as /v1/targets lists it, percent-encoded";
        return Err(OperatorReply::error(400, message));
    };
    let (what, wanted) = match (parts.next(), parts.next()) {
        (None, _) => ("state", "GET"),
        (Some("pause"), None) => ("pause", "POST"),
        (Some("resume"), None) => ("unpause", "POST"),
        _ => {
            let message =
                "no such path; a target has /pause and /resume, and the slashes of its name are %2F";
            return Err(OperatorReply::error(404, message));
        }
    };
    if method == wanted {
        Ok(OneTarget { target, what })
    } else {
        Err(OperatorReply::method_not_allowed(wanted))
    }
}

fn run_id(text: &str) -> Result<RunId, String> {
    let text =
        percent_decode(text).ok_or("bad escape in the path; accepted are %00 to %FF that spell UTF-8")?;
    RunId::new(text).map_err(|error| said(&error))
}
