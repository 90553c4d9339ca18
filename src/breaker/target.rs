//! The actor of one target.

use super::{
    admission::{HELD, TARGET, admit, ended, is_ill, spent, tick},
    backlog,
    circuit::Circuit,
    deed, follow, message, probes,
    stats::{self, End},
    window::Window,
    work,
};
use crate::{
    dlq::{GoDuration, Transported},
    durable::{Actor, Errand, Office, UnheardError},
    ids::RunId,
    json::{Field, Fields, Object, Over},
    recovery::Case,
    time::{Timestamp, decimal},
};

/// The actor that watches one target.
///
/// | message | answer |
/// |---|---|
/// | `admit`: `case` | `admit`: `go`; `deferred`, with a `reason` and perhaps `until`; or `never`, with a `reason` |
/// | `resumed`: `case`, `newRunId`? | nothing |
/// | `failed`: `case`, of a run that a recovery had created | nothing |
/// | `cleared`: `dlqId`, of an entry that need not be held back any more | nothing |
/// | `pause`, `unpause`: `target`? | as `state` |
/// | `state`: `target`? | how the target does |
///
/// Reasons of a deferral: `breaker_open`; `draining`, as others have waited longer; `budget_spent`, until tomorrow;
/// `paused`, by the policy or an operator. The actor keeps such a case and takes it up itself. `backlog_full`: there is no
/// room, and the sweep is to bring it again. Never: `lineage_lost`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Target;

impl Actor for Target {
    fn hear(&self, office: &mut Office<'_>, message: &str) -> Result<String, UnheardError> {
        let mut fields = Fields::of(message.as_bytes(), MESSAGE).map_err(|_| UnheardError)?;
        let case = fields.raw("case").and_then(|case| Case::from_json(&case));
        let mut answer = Object::new();
        match (fields.word("do").unwrap_or_default().as_str(), case) {
            ("admit", Some(case)) => message::write_admission(&admit(office, &case), &mut answer),
            ("resumed", Some(case)) => {
                let run = fields.word("newRunId").and_then(|run| RunId::new(run).ok());
                let at = fields.text("at").and_then(|at| decimal(&at));
                resumed(office, &case, run.as_ref(), at.map_or(office.moment.now, Timestamp::from_millis));
            }
            ("failed", Some(case)) => {
                let now = office.moment.now;
                ended(office, case.run_id.as_str(), End::FailedAgain, !is_ill(case.status), now, false);
                tick(office);
            }
            ("cleared", _) => {
                let entry = fields.word("dlqId").ok_or(UnheardError)?;
                if !deed::is_at(office.records, &entry) {
                    backlog::remove(office.records, &entry);
                }
            }
            (word @ ("pause" | "unpause" | "state"), _) => {
                match word {
                    "pause" => office.records.put(HELD, ""),
                    "unpause" => office.records.delete(HELD),
                    _ => {}
                }
                tell(office, &fields.word("target").unwrap_or_default(), &mut answer);
            }
            _ => return Err(UnheardError),
        }
        Ok(answer.end())
    }

    fn errand(&self, office: &mut Office<'_>) -> Option<Errand> {
        work::errand(office)
    }

    fn returned(&self, office: &mut Office<'_>, answer: Transported) {
        work::returned(office, answer);
    }

    fn wakes(&self, office: &Office<'_>) -> Option<Timestamp> {
        work::wakes(office)
    }
}

/// A case was resumed: by its callback, or by us, which the ledger tells as well.
fn resumed(office: &mut Office<'_>, case: &Case, run: Option<&RunId>, at: Timestamp) {
    let entry = case.dlq_id.as_str();
    if !deed::is_at(office.records, entry) {
        backlog::remove(office.records, entry);
    }
    match run {
        Some(run) => {
            let delay = case.overrides.delay().map(GoDuration::as_duration).unwrap_or_default();
            probes::started(office.records, entry, run.as_str());
            follow::begin(office.records, case, run, at.after(delay));
        }
        None => probes::remove(office.records, entry),
    }
}

/// How the target does, for operators.
fn tell(office: &Office<'_>, name: &str, answer: &mut Object) {
    let now = office.moment.now;
    let policy = &office.settings.policy;
    let records = &*office.records;
    let circuit = Circuit::read(records);
    let (failures, successes) = Window::read(records, now, policy.breaker.window).counts();
    answer
        .text("target", &records.get(TARGET).unwrap_or_else(|| name.to_owned()))
        .text("breaker", circuit.state.name())
        .number("since", circuit.since.as_millis());
    if circuit.until > now {
        answer.number("until", circuit.until.as_millis());
    }
    answer
        .flag("paused", policy.paused || records.get(HELD).is_some())
        .number("failures", failures.into())
        .number("successes", successes.into())
        .number("backlog", backlog::len(records))
        .number("probes", u64::try_from(probes::all(records).len()).unwrap_or(u64::MAX))
        .number("resumedToday", spent(records, now));
    if let Some(budget) = policy.daily_budget {
        answer.number("dailyBudget", budget.into());
    }
    answer.number("followed", follow::len(records));
    stats::tell(records, answer);
}

const fn field(name: &'static str) -> Field {
    Field { name, limit: 64 * 1024, over: Over::Drop }
}

const MESSAGE: &[Field] = &[
    field("do"),
    Field { name: "case", limit: 128 * 1024, over: Over::Drop },
    field("dlqId"),
    field("newRunId"),
    field("at"),
    field("target"),
];

#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;
