//! `/v1/sweep`: a sweep that somebody asks for, and how those by the clock have gone.

use super::{orders::Orders, tally::Report};
use crate::{
    http_url::HttpUrl,
    operator::{Asked, Operator, OperatorReply},
    settings::Settings,
};

/// Where sweeps are asked for.
const PATH: &str = "/v1/sweep";

/// What is asked at `/v1/sweep`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// How the sweeps by the clock have gone: what the [keeper](super::Keeper) says to `state`.
    State,
    /// A sweep.
    Sweep {
        /// What it is to do.
        orders: Box<Orders>,
        /// The address that our callbacks go to.
        own: HttpUrl,
    },
}

impl Wish {
    /// Checks a request; `None` without `ADMIN_TOKEN`, for then there is no such path.
    #[must_use]
    pub fn read(settings: &Settings, asked: &Asked<'_>) -> Option<Result<Self, OperatorReply>> {
        let operator = Operator::of(settings).filter(|_| asked.resource().0 == PATH)?;
        Some(operator.authorize(asked).and_then(|()| Self::of(settings, asked)))
    }

    fn of(settings: &Settings, asked: &Asked<'_>) -> Result<Self, OperatorReply> {
        let bad = |message: &str| OperatorReply::error(400, message);
        let (_, query) = asked.resource();
        match asked.method {
            "GET" if query.is_empty() => Ok(Self::State),
            "GET" => Err(bad("a GET takes no query here; to make a sweep, POST")),
            "POST" => {
                let orders = Orders::read(query).map_err(|message| bad(&message))?;
                let meant = settings.accounts().filter(|(region, _)| orders.mean_account(*region)).count();
                if meant == 0 {
                    return Err(bad("`region`: no account is set for it"));
                }
                if meant > 1 && orders.cursor.is_some() {
                    return Err(bad("`cursor`: each account has its own; accepted together with `region`"));
                }
                let own = own(settings, asked).ok_or_else(|| bad("bad address; set PUBLIC_URL"))?;
                Ok(Self::Sweep { orders: Box::new(orders), own })
            }
            _ => Err(OperatorReply::method_not_allowed("GET, POST")),
        }
    }
}

/// Our public address where one is set, else that of the request.
fn own(settings: &Settings, asked: &Asked<'_>) -> Option<HttpUrl> {
    if settings.public_url.is_some() {
        return settings.public_url.clone();
    }
    let url = HttpUrl::parse(asked.url).ok()?;
    HttpUrl::parse(&[url.origin(), "/"].concat()).ok()
}

/// The answer to who asked for a sweep.
#[must_use]
pub fn reply(reports: &[Report]) -> OperatorReply {
    if reports.iter().any(|report| report.stopped == Some("no_ledger")) {
        let message = "a sweep needs the ledger: bind the class Ledger as LEDGER, as wrangler.toml has it; accepted without \
                       it is dry_run=true";
        return OperatorReply::error(501, message);
    }
    let reports: Vec<String> = reports.iter().map(Report::to_json_with_entries).collect();
    OperatorReply::json(200, ["{\"sweeps\":[", &reports.join(","), "]}"].concat().into_bytes())
}
