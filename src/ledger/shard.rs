//! One shard of the ledger, as an actor.

use core::time::Duration;

use super::record::Record;
use crate::{
    dlq::Transported,
    durable::{Actor, Errand, Office, Records, UnheardError},
    ids::RunId,
    json::{Field, Fields, Object, Over},
    recovery::Conclusion,
    time::{Timestamp, decimal},
};

/// What a claim lasts beyond the two calls of the API that may follow it.
const LEASE_MARGIN: Duration = Duration::from_secs(10);

/// The most entries that a shard remembers; the oldest are forgotten first.
const MAX_ENTRIES: usize = 50_000;

/// Entries that are forgotten at one go.
const BATCH: usize = 100;

/// The most recoveries that one answer lists.
const MAX_LISTED: usize = 100;

const ENTRY: &str = "entry/";
const ROOT: &str = "tree/";
const RUN: &str = "run/";
const TIME: &str = "time/";
const COUNT: &str = "count";

/// One shard of the ledger: claims of DLQ entries, and what came of each.
///
/// | message | answer |
/// |---|---|
/// | `claim`: `dlqId`, `rootRunId`, `sweep`? | `claim`: `granted`; `pending`; or `settled`, with the `conclusion` |
/// | `settle`: `dlqId`, `rootRunId`, `conclusion` | nothing |
/// | `ended`: `runId` (a run that a recovery created), `end`, `at` | nothing |
/// | `lineage`: `runId`, of any member | `recoveries`, the oldest first |
/// | `recoveries`: `cursor`?, `limit`? | `recoveries`, the latest first, and a `cursor` that leads on |
#[derive(Clone, Copy, Debug, Default)]
pub struct Shard;

impl Actor for Shard {
    fn hear(&self, office: &mut Office<'_>, message: &str) -> Result<String, UnheardError> {
        let mut fields = Fields::of(message.as_bytes(), MESSAGE).map_err(|_| UnheardError)?;
        let now = office.moment.now;
        let records = &mut *office.records;
        let mut answer = Object::new();
        let word = fields.word("do").unwrap_or_default();
        match (word.as_str(), fields.word("dlqId"), run(&mut fields, "rootRunId"), run(&mut fields, "runId"))
        {
            ("claim", Some(entry), Some(root), _) => {
                let sweeps = fields.raw("sweep").as_deref() == Some(b"true");
                // A claim that was never settled is free again after this: whoever held it is gone.
                let lease = office.settings.api_timeout.saturating_mul(2).saturating_add(LEASE_MARGIN);
                claim(records, &entry, root, now, lease, sweeps, &mut answer);
            }
            ("settle", Some(entry), Some(root), _) => {
                let conclusion = fields.raw("conclusion").and_then(|json| String::from_utf8(json).ok());
                settle(records, &entry, root, now, &conclusion.ok_or(UnheardError)?);
            }
            ("ended", _, _, Some(run)) => {
                let at = fields.text("at").and_then(|at| decimal(&at)).map_or(now, Timestamp::from_millis);
                end(records, &run, fields.word("end").ok_or(UnheardError)?, at);
            }
            ("lineage", _, _, Some(run)) => lineage(records, run, &mut answer),
            ("recoveries", ..) => {
                let limit = fields.text("limit").and_then(|limit| decimal(&limit));
                let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(MAX_LISTED);
                latest(
                    records,
                    &fields.word("cursor").unwrap_or_default(),
                    limit.min(MAX_LISTED),
                    &mut answer,
                );
            }
            _ => return Err(UnheardError),
        }
        Ok(answer.end())
    }

    /// Nothing is sent; what has had its time is forgotten.
    fn errand(&self, office: &mut Office<'_>) -> Option<Errand> {
        let oldest = office.records.scan(TIME, "", BATCH);
        for (key, _) in oldest {
            let Some((at, entry)) = at_and_entry(&key) else { continue };
            if at.after(office.settings.ledger_retention) > office.moment.now {
                break;
            }
            forget(office.records, entry);
        }
        None
    }

    fn returned(&self, _: &mut Office<'_>, _: Transported) {}

    fn wakes(&self, office: &Office<'_>) -> Option<Timestamp> {
        let oldest = office.records.scan(TIME, "", 1);
        let (at, _) = at_and_entry(&oldest.first()?.0)?;
        Some(at.after(office.settings.ledger_retention))
    }
}

/// A callback may have a parked entry again: somebody may have mended the policy and asked for it. The sweep may not, so
/// that what waits for a person is not decided anew every few minutes.
fn claim(
    records: &mut dyn Records,
    entry: &str,
    root: RunId,
    now: Timestamp,
    lease: Duration,
    sweeps: bool,
    answer: &mut Object,
) {
    if let Some(record) = find(records, entry) {
        let settled = Conclusion::recall(&record.conclusion);
        let stands = settled.is_some_and(|conclusion| conclusion.stands(now, sweeps));
        if stands {
            answer.text("claim", "settled").raw("conclusion", &record.conclusion);
            return;
        }
        // A clock that stepped back must not hold a claim for ever: `since` is zero then, for as long as the lease.
        if record.conclusion.is_empty() && now.since(record.at) < lease && record.at.since(now) < lease {
            answer.text("claim", "pending");
            return;
        }
    }
    put(records, entry, &Record::new(root, now));
    answer.text("claim", "granted");
}

/// A conclusion that refuses is none: the claim is free again, and what stood there before is not known any more.
fn settle(records: &mut dyn Records, entry: &str, root: RunId, now: Timestamp, conclusion: &str) {
    let Some(told) = Conclusion::recall(conclusion) else { return forget(records, entry) };
    let mut record = find(records, entry).unwrap_or_else(|| Record::new(root, now));
    let before = Conclusion::recall(&record.conclusion);
    // Two deliveries can overtake each other. What was done stays done.
    if before.is_some_and(|before| before.is_final()) && !told.is_final() {
        return;
    }
    if let Some(run) = told.new_run_id() {
        records.put(&[RUN, run.as_str()].concat(), entry);
    }
    record.at = now;
    conclusion.clone_into(&mut record.conclusion);
    put(records, entry, &record);
}

fn end(records: &mut dyn Records, run: &RunId, how: String, at: Timestamp) {
    let Some(entry) = records.get(&[RUN, run.as_str()].concat()) else { return };
    if let Some(mut record) = find(records, &entry) {
        record.end = Some(how);
        record.ended_at = Some(at);
        records.put(&[ENTRY, &entry].concat(), &record.to_json());
    }
}

fn lineage(records: &dyn Records, run: RunId, answer: &mut Object) {
    let parent = records.get(&[RUN, run.as_str()].concat());
    let root = parent.and_then(|entry| find(records, &entry)).map_or(run, |record| record.root);
    let mut members: Vec<(String, Record)> = Vec::new();
    let prefix = [ROOT, root.as_str(), " "].concat();
    for (key, _) in records.scan(&prefix, "", MAX_LISTED) {
        let entry = key.strip_prefix(&prefix).unwrap_or_default();
        if let Some(record) = find(records, entry) {
            let at = members.iter().position(|(_, other)| other.at > record.at).unwrap_or(members.len());
            members.insert(at, (entry.to_owned(), record));
        }
    }
    list(&members, answer);
}

fn latest(records: &dyn Records, cursor: &str, limit: usize, answer: &mut Object) {
    let below = if cursor.is_empty() { String::new() } else { [TIME, cursor].concat() };
    let keys = records.scan_back(TIME, &below, limit);
    let mut found = Vec::new();
    for (key, _) in &keys {
        let Some((_, entry)) = at_and_entry(key) else { continue };
        found.extend(find(records, entry).map(|record| (entry.to_owned(), record)));
    }
    list(&found, answer);
    if let Some((last, _)) = keys.last().filter(|_| keys.len() == limit) {
        answer.text("cursor", last.strip_prefix(TIME).unwrap_or_default());
    }
}

fn list(found: &[(String, Record)], answer: &mut Object) {
    answer.open("recoveries", '[');
    for (entry, record) in found {
        answer.open_element();
        answer.text("dlqId", entry);
        record.write(answer);
        answer.close('}');
    }
    answer.close(']');
}

fn find(records: &dyn Records, entry: &str) -> Option<Record> {
    Record::from_json(&records.get(&[ENTRY, entry].concat())?)
}

fn put(records: &mut dyn Records, entry: &str, record: &Record) {
    let key = [ENTRY, entry].concat();
    match records.get(&key).map(|json| Record::from_json(&json)) {
        Some(old) => {
            if let Some(old) = old {
                forget_time(records, entry, old.at);
            }
        }
        None => grow(records),
    }
    records.put(&key, &record.to_json());
    records.put(&[ROOT, record.root.as_str(), " ", entry].concat(), "");
    records.put(&time_key(record.at, entry), "");
}

/// One entry more; the oldest goes where there are too many.
fn grow(records: &mut dyn Records) {
    if count(records) >= MAX_ENTRIES
        && let Some((key, _)) = records.scan(TIME, "", 1).first()
        && let Some((_, oldest)) = at_and_entry(key)
    {
        forget(records, oldest);
    }
    let count = count(records) + 1;
    records.put(COUNT, &count.to_string());
}

fn forget(records: &mut dyn Records, entry: &str) {
    let key = [ENTRY, entry].concat();
    let Some(json) = records.get(&key) else { return };
    if let Some(record) = Record::from_json(&json) {
        forget_time(records, entry, record.at);
        records.delete(&[ROOT, record.root.as_str(), " ", entry].concat());
        let told = Conclusion::recall(&record.conclusion);
        if let Some(run) = told.as_ref().and_then(Conclusion::new_run_id) {
            records.delete(&[RUN, run.as_str()].concat());
        }
    }
    records.delete(&key);
    let count = count(records).saturating_sub(1);
    records.put(COUNT, &count.to_string());
}

fn forget_time(records: &mut dyn Records, entry: &str, at: Timestamp) {
    records.delete(&time_key(at, entry));
}

fn count(records: &dyn Records) -> usize {
    let count = records.get(COUNT).and_then(|count| decimal(&count));
    count.and_then(|count| usize::try_from(count).ok()).unwrap_or_default()
}

/// Sorts by time.
fn time_key(at: Timestamp, entry: &str) -> String {
    let at = at.as_millis().to_string();
    let zeros = "0000000000000".get(at.len()..).unwrap_or_default();
    [TIME, zeros, &at, " ", entry].concat()
}

fn at_and_entry(key: &str) -> Option<(Timestamp, &str)> {
    let (at, entry) = crate::text::cut(key.strip_prefix(TIME)?, b' ')?;
    Some((Timestamp::from_millis(decimal(at)?), entry))
}

fn run(fields: &mut Fields, name: &'static str) -> Option<RunId> {
    RunId::new(fields.word(name)?).ok()
}

const fn field(name: &'static str) -> Field {
    Field { name, limit: 64 * 1024, over: Over::Drop }
}

const MESSAGE: &[Field] = &[
    field("do"),
    field("dlqId"),
    field("rootRunId"),
    field("runId"),
    field("sweep"),
    field("conclusion"),
    field("end"),
    field("at"),
    field("cursor"),
    field("limit"),
];

#[cfg(test)]
mod tests;
