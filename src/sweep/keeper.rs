//! The actor that remembers how far each sweep has got, and lets one run at a time.

use core::time::Duration;

use super::{checkpoint::Checkpoint, orders::Orders};
use crate::{
    dlq::Transported,
    durable::{Actor, Errand, Office, UnheardError},
    json::{Field, Fields, Object, Over},
    settings::Settings,
    time::{Timestamp, decimal},
};

/// The name of the actor.
pub const KEEPER: &str = "sweep";

const ACCOUNT: &str = "account/";

/// What a lease lasts beyond the time of a sweep and of the last entry that it began.
const MARGIN: Duration = Duration::from_secs(30);
/// Calls that dealing with one entry takes at most.
const CALLS_OF_AN_ENTRY: u32 = 5;

/// A pass through the queue that has not ended after so many pages goes round in circles.
const MAX_PAGES: u64 = 10_000;

/// Remembers how far the sweep of each account has got.
///
/// | message | answer |
/// |---|---|
/// | `begin`: `account` | `go` and, where that is true, `lease` and `checkpoint`; else `reason`: `busy` or `paused` |
/// | `end`: `account`, `lease`, `checkpoint`, `report` | nothing |
/// | `state` | `accounts`: of each its `account`, `checkpoint`, last `report`, and when that came (`at`) |
#[derive(Clone, Copy, Debug, Default)]
pub struct Keeper;

impl Actor for Keeper {
    fn hear(&self, office: &mut Office<'_>, message: &str) -> Result<String, UnheardError> {
        let mut fields = Fields::of(message.as_bytes(), MESSAGE).map_err(|_| UnheardError)?;
        let mut answer = Object::new();
        match (fields.word("do").unwrap_or_default().as_str(), fields.word("account")) {
            ("begin", Some(account)) => begin(office, &account, &mut answer),
            ("end", Some(account)) => end(office, &account, &mut fields),
            ("state", _) => {
                answer.open("accounts", '[');
                for (key, kept) in office.records.scan(ACCOUNT, "", 16) {
                    let kept = Kept::read(&kept);
                    answer.open_element();
                    answer.text("account", key.strip_prefix(ACCOUNT).unwrap_or_default());
                    kept.write(&mut answer);
                    answer.close('}');
                }
                answer.close(']');
            }
            _ => return Err(UnheardError),
        }
        Ok(answer.end())
    }

    fn errand(&self, _: &mut Office<'_>) -> Option<Errand> {
        None
    }

    fn returned(&self, _: &mut Office<'_>, _: Transported) {}

    fn wakes(&self, _: &Office<'_>) -> Option<Timestamp> {
        None
    }
}

fn begin(office: &mut Office<'_>, account: &str, answer: &mut Object) {
    let now = office.moment.now;
    let key = [ACCOUNT, account].concat();
    let mut kept = Kept::read(&office.records.get(&key).unwrap_or_default());
    // Should the clock step back, neither holds longer than it was meant to.
    let lasts = lease(office.settings);
    let is_held = kept.leased.is_some_and(|since| now.since(since) < lasts && since.since(now) < lasts);
    let pauses = office.settings.policy.retry_after_cap;
    let is_paused = kept.checkpoint.pause.is_some_and(|until| now < until && until.since(now) <= pauses);
    if is_held || is_paused {
        answer.flag("go", false).text("reason", if is_held { "busy" } else { "paused" });
        return;
    }
    kept.lease = office.moment.entropy;
    kept.leased = Some(now);
    kept.checkpoint.pause = None;
    if kept.checkpoint.pages > MAX_PAGES {
        kept.checkpoint.cursor = None;
        kept.checkpoint.pages = 0;
    }
    office.records.put(&key, &kept.to_json());
    answer.flag("go", true).number("lease", kept.lease);
    answer.open("checkpoint", '{');
    kept.checkpoint.write(answer);
    answer.close('}');
}

/// What a sweep tells whose lease has ended and was given to another one is not heard.
fn end(office: &mut Office<'_>, account: &str, fields: &mut Fields) {
    let key = [ACCOUNT, account].concat();
    let kept = Kept::read(&office.records.get(&key).unwrap_or_default());
    if kept.leased.is_none() || fields.text("lease").and_then(|lease| decimal(&lease)) != Some(kept.lease) {
        return;
    }
    let text = |raw: Option<Vec<u8>>| raw.and_then(|raw| String::from_utf8(raw).ok());
    let kept = Kept {
        lease: kept.lease,
        leased: None,
        checkpoint: Checkpoint::read(&fields.raw("checkpoint").unwrap_or_default()),
        report: text(fields.raw("report")),
        at: Some(office.moment.now),
    };
    office.records.put(&key, &kept.to_json());
}

fn lease(settings: &Settings) -> Duration {
    let mut lease = Orders::of_the_clock().time().saturating_add(MARGIN);
    for _ in 0..CALLS_OF_AN_ENTRY {
        lease = lease.saturating_add(settings.api_timeout);
    }
    lease
}

/// What is kept of one account.
#[derive(Default)]
struct Kept {
    lease: u64,
    /// Since when somebody has the lease.
    leased: Option<Timestamp>,
    checkpoint: Checkpoint,
    report: Option<String>,
    /// When the last sweep ended.
    at: Option<Timestamp>,
}

impl Kept {
    fn to_json(&self) -> String {
        let mut kept = Object::new();
        kept.number("lease", self.lease);
        if let Some(leased) = self.leased {
            kept.number("leased", leased.as_millis());
        }
        self.write(&mut kept);
        kept.end()
    }

    fn write(&self, object: &mut Object) {
        object.open("checkpoint", '{');
        self.checkpoint.write(object);
        object.close('}');
        if let Some(report) = &self.report {
            object.raw("report", report);
        }
        if let Some(at) = self.at {
            object.number("at", at.as_millis());
        }
    }

    fn read(json: &str) -> Self {
        let Ok(mut fields) = Fields::of(json.as_bytes(), KEPT) else { return Self::default() };
        let mut number = |name| decimal(&fields.text(name)?);
        let (lease, leased, at) = (number("lease"), number("leased"), number("at"));
        Self {
            lease: lease.unwrap_or_default(),
            leased: leased.map(Timestamp::from_millis),
            checkpoint: Checkpoint::read(&fields.raw("checkpoint").unwrap_or_default()),
            report: fields.raw("report").and_then(|raw| String::from_utf8(raw).ok()),
            at: at.map(Timestamp::from_millis),
        }
    }
}

const fn field(name: &'static str) -> Field {
    Field { name, limit: 64 * 1024, over: Over::Drop }
}

const MESSAGE: &[Field] =
    &[field("do"), field("account"), field("lease"), field("checkpoint"), field("report")];
const KEPT: &[Field] = &[field("lease"), field("leased"), field("checkpoint"), field("report"), field("at")];

#[cfg(test)]
mod tests;
