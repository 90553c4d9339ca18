//! From path and method to an inquiry.

use super::{
    decide::Decide,
    inquiry::Inquiry,
    jobs,
    lineage::LineageOf,
    metrics::Metrics,
    query,
    recoveries::{MAX_PAGE, Recoveries},
};
use crate::{
    http_url::percent_decode,
    ids::RunId,
    operator::{Asked, Operator, OperatorReply},
    settings::Settings,
    text::said,
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
                    "no such path; accepted are /metrics, /v1/decide, /v1/jobs, /v1/jobs/{id}, /v1/recoveries and \
                     /v1/recoveries/{run}",
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

fn run_id(text: &str) -> Result<RunId, String> {
    let text =
        percent_decode(text).ok_or("bad escape in the path; accepted are %00 to %FF that spell UTF-8")?;
    RunId::new(text).map_err(|error| said(&error))
}
