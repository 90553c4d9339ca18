//! One shard of the ledger, as an actor.

use core::time::Duration;

use super::{
    book::{self, Known, MAX_LISTED},
    hub,
    message::Claimant,
    meter,
    record::Record,
};
use crate::{
    dlq::Transported,
    durable::{Actor, Errand, Office, Records, UnheardError},
    ids::RunId,
    json::{Field, Fields, Object, Over, Plain as _, elements, scalar},
    recovery::{Case, Conclusion, Outcome},
    settings::{Notify, Settings},
    time::{Timestamp, decimal},
};

/// What a claim lasts beyond the two calls of the API that may follow it.
const LEASE_MARGIN: Duration = Duration::from_secs(10);

/// A deferral that names no time is one by an actor that takes the entry up itself. Should that actor have lost it, the
/// sweep may have it after this.
const DEFERRED_FOR: Duration = Duration::from_hours(1);

/// Entries that are forgotten at one go.
const BATCH: usize = 100;

/// One shard of the ledger: claims of DLQ entries, and what came of each.
///
/// | message | answer |
/// |---|---|
/// | `claim`: `case`, `by` (`callback`, `sweep`, `drain`) | `claim`: `granted`; `pending`; or `settled`, with the `conclusion` |
/// | `settle`: `case`, `conclusion` | nothing |
/// | `sift`: `dlqIds` | of these, `absent`: not known; `due`: left for later, and it is later now |
/// | `ended`: `runId` (a run that a recovery created), `end`, `at` | nothing |
/// | `targets` | `targets`, all that it has heard of |
/// | `lineage`: `runId`, of any member | `recoveries`, the oldest first |
/// | `tally` | `tally`: what was counted, and the number of `entries` |
/// | `recoveries`: `cursor`?, `limit`? | `recoveries`, the latest first, and a `cursor` that leads on |
///
/// What others are to know of it (the target of the run, the one who tells people), it tells them through its outbox.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shard;

impl Actor for Shard {
    fn hear(&self, office: &mut Office<'_>, message: &str) -> Result<String, UnheardError> {
        let mut fields = Fields::of(message.as_bytes(), MESSAGE).map_err(|_| UnheardError)?;
        let now = office.moment.now;
        let records = &mut *office.records;
        let mut answer = Object::new();
        let case = fields.raw("case").and_then(|case| Case::from_json(&case));
        let run = fields.word("runId").and_then(|id| RunId::new(id).ok());
        match (fields.word("do").unwrap_or_default().as_str(), case, run) {
            ("claim", Some(case), _) => {
                let by = Claimant::of(&fields.word("by").unwrap_or_default());
                let lease = lease(office.settings);
                failed_again(records, &case, now);
                claim(records, case, by, now, lease, &mut answer);
            }
            ("settle", Some(case), _) => {
                let conclusion = fields.raw("conclusion").and_then(|json| String::from_utf8(json).ok());
                settle(records, &office.settings.notify, case, now, conclusion.ok_or(UnheardError)?);
            }
            ("sift", ..) => {
                let lease = lease(office.settings);
                sift(records, &fields.raw("dlqIds").ok_or(UnheardError)?, now, lease, &mut answer);
            }
            ("ended", _, Some(run)) => {
                let at = fields.text("at").and_then(|at| decimal(&at)).map_or(now, Timestamp::from_millis);
                end(records, &office.settings.notify, &run, fields.word("end").ok_or(UnheardError)?, at);
            }
            ("targets", ..) => book::targets(records).as_slice().put("targets", &mut answer),
            ("tally", ..) => meter::tell(records, &mut answer),
            ("lineage", _, Some(run)) => list(&book::lineage(records, run), &mut answer),
            ("recoveries", ..) => {
                let limit = fields.text("limit").and_then(|limit| decimal(&limit));
                let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(MAX_LISTED);
                let cursor = fields.word("cursor").unwrap_or_default();
                let (found, cursor) = book::latest(records, &cursor, limit.min(MAX_LISTED));
                list(&found, &mut answer);
                if let Some(cursor) = cursor {
                    answer.text("cursor", &cursor);
                }
            }
            _ => return Err(UnheardError),
        }
        Ok(answer.end())
    }

    /// What has had its time is forgotten.
    fn errand(&self, office: &mut Office<'_>) -> Option<Errand> {
        let now = office.moment.now;
        for _ in 0..BATCH {
            let oldest = book::oldest(office.records, 1).pop();
            let Some((_, entry)) = oldest.filter(|(at, _)| at.after(office.settings.ledger_retention) <= now)
            else {
                break;
            };
            book::forget(office.records, &entry);
        }
        None
    }

    fn returned(&self, _: &mut Office<'_>, _: Transported) {}

    fn wakes(&self, office: &Office<'_>) -> Option<Timestamp> {
        let oldest = book::oldest(office.records, 1);
        oldest.first().map(|(at, _)| at.after(office.settings.ledger_retention))
    }
}

/// A run that a recovery created has failed, and this is how we learn of it.
fn failed_again(records: &mut dyn Records, case: &Case, now: Timestamp) {
    if let Some((entry, mut parent)) = book::parent(records, &case.run_id)
        && parent.end.is_none()
    {
        parent.end = Some("failed_again".to_owned());
        parent.ended_at = Some(now);
        book::put(records, &entry, &parent);
        meter::ended(records, &parent, "failed_again", now);
        hub::failed_again(records, case, now);
    }
}

fn claim(
    records: &mut dyn Records,
    case: Case,
    by: Claimant,
    now: Timestamp,
    lease: Duration,
    answer: &mut Object,
) {
    let entry = case.dlq_id.as_str().to_owned();
    let mut record = Record::claimed(case, now);
    if let Some(known) = book::find(records, &entry) {
        if is_held(&known, now, lease) {
            answer.text("claim", "pending");
            return;
        }
        if known.concluded().is_some_and(|conclusion| stands(&conclusion, by, known.at, now)) {
            meter::repeated(records);
            answer.text("claim", "settled").raw("conclusion", &known.conclusion);
            return;
        }
        record = Record { case: record.case, at: now, is_claimed: true, ..known };
    }
    book::put(records, &entry, &record);
    answer.text("claim", "granted");
}

/// How long a claim lasts. One that was never settled is free again after this: whoever held it is gone.
fn lease(settings: &Settings) -> Duration {
    settings.api_timeout.saturating_add(settings.api_timeout).saturating_add(LEASE_MARGIN)
}

/// Whether somebody is at an entry.
fn is_held(known: &Record, now: Timestamp, lease: Duration) -> bool {
    // A clock that stepped back must not hold a claim for ever: `since` is zero then, for as long as the lease.
    known.is_claimed && now.since(known.at) < lease && known.at.since(now) < lease
}

fn sift(records: &dyn Records, ids: &[u8], now: Timestamp, lease: Duration, answer: &mut Object) {
    let (mut absent, mut due) = (Vec::new(), Vec::new());
    for element in elements(ids) {
        let Some(entry) = scalar(element) else { continue };
        let Some(known) = book::find(records, &entry) else {
            absent.push(entry);
            continue;
        };
        let stands =
            known.concluded().is_some_and(|conclusion| stands(&conclusion, Claimant::Sweep, known.at, now));
        if !stands && !is_held(&known, now, lease) {
            due.push(entry);
        }
    }
    absent.as_slice().put("absent", answer);
    due.as_slice().put("due", answer);
}

/// Whether what came of an entry at `at` is still what is to be done about it.
fn stands(conclusion: &Conclusion, by: Claimant, at: Timestamp, now: Timestamp) -> bool {
    match &conclusion.outcome {
        Ok(Outcome::Parked { .. }) => by != Claimant::Callback,
        Ok(Outcome::Deferred { .. }) if by == Claimant::Drain => false,
        Ok(Outcome::Deferred { until: Some(until), .. }) => now < *until,
        Ok(Outcome::Deferred { .. }) => by == Claimant::Callback || now < at.after(DEFERRED_FOR),
        _ => conclusion.is_final(),
    }
}

/// A conclusion that refuses is none: the claim is free again.
fn settle(records: &mut dyn Records, notify: &Notify, case: Case, now: Timestamp, conclusion: String) {
    meter::settled(records, &conclusion);
    let entry = case.dlq_id.as_str().to_owned();
    let known = book::find(records, &entry).unwrap_or_else(|| Record::claimed(case.clone(), now));
    let before = known.concluded();
    let Some(told) = Conclusion::recall(&conclusion) else {
        if before.is_some() {
            book::put(records, &entry, &Record { is_claimed: false, ..known });
        } else {
            book::forget(records, &entry);
        }
        return;
    };
    // Two deliveries can overtake each other. What was done stays done.
    if before.as_ref().is_some_and(Conclusion::is_final) && !told.is_final() {
        return;
    }
    let record = Record { case, at: now, is_claimed: false, conclusion, ..known };
    book::heard_of(records, &record.case.target);
    book::put(records, &entry, &record);
    hub::settled(records, notify, &record, before.as_ref(), &told);
}

fn end(records: &mut dyn Records, notify: &Notify, run: &RunId, how: String, at: Timestamp) {
    let Some((entry, mut record)) = book::parent(records, run) else { return };
    if record.end.as_ref() == Some(&how) {
        return;
    }
    meter::ended(records, &record, &how, at);
    let recovered = how == "recovered";
    record.end = Some(how);
    record.ended_at = Some(at);
    book::put(records, &entry, &record);
    if recovered {
        hub::recovered(records, notify, &record, at);
    }
}

fn list(found: &[Known], answer: &mut Object) {
    answer.open("recoveries", '[');
    for (_, record) in found {
        answer.open_element();
        record.tell(answer);
        answer.close('}');
    }
    answer.close(']');
}

const fn field(name: &'static str) -> Field {
    Field { name, limit: 64 * 1024, over: Over::Drop }
}

const MESSAGE: &[Field] = &[
    field("do"),
    field("by"),
    field("case"),
    Field { name: "dlqIds", limit: 1024 * 1024, over: Over::Drop },
    field("runId"),
    field("conclusion"),
    field("end"),
    field("at"),
    field("cursor"),
    field("limit"),
];

#[cfg(test)]
mod tests;
