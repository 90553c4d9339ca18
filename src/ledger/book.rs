//! The entries of a shard: kept by their ids, found by lineage, by created run and by time.

use super::record::Record;
use crate::text::said;
use crate::{
    durable::Records,
    ids::RunId,
    text,
    time::{Timestamp, decimal},
};

/// The most entries that a shard remembers; the oldest are forgotten first.
pub(super) const MAX_ENTRIES: usize = 50_000;

/// The most recoveries that one answer lists.
pub(super) const MAX_LISTED: usize = 100;

pub(super) const ENTRY: &str = "entry/";
const ROOT: &str = "tree/";
const RUN: &str = "run/";
pub(super) const TIME: &str = "time/";
pub(super) const COUNT: &str = "count";
const TARGET: &str = "target/";

/// The most targets that are remembered by name. Of more, operators see these.
const MAX_TARGETS: usize = 1000;

/// An entry's id, and what is known of it.
pub(super) type Known = (String, Record);

pub(super) fn find(records: &dyn Records, entry: &str) -> Option<Record> {
    Record::from_json(&records.get(&[ENTRY, entry].concat())?)
}

pub(super) fn put(records: &mut dyn Records, entry: &str, record: &Record) {
    let key = [ENTRY, entry].concat();
    match records.get(&key).map(|json| Record::from_json(&json)) {
        Some(old) => {
            if let Some(old) = old {
                records.delete(&time_key(old.at, entry));
            }
        }
        None => grow(records),
    }
    if let Some(run) = record.new_run_id() {
        records.put(&[RUN, run.as_str()].concat(), entry);
    }
    records.put(&key, &record.to_json());
    records.put(&[ROOT, record.root().as_str(), " ", entry].concat(), "");
    records.put(&time_key(record.at, entry), "");
}

/// Remembers a target by name.
pub(super) fn heard_of(records: &mut dyn Records, target: &str) {
    let key = [TARGET, target].concat();
    if records.get(&key).is_none() && targets(records).len() < MAX_TARGETS {
        records.put(&key, "");
    }
}

/// The targets that were heard of, by their names.
pub(super) fn targets(records: &dyn Records) -> Vec<String> {
    let known = records.scan(TARGET, "", MAX_TARGETS).into_iter();
    known.filter_map(|(key, _)| Some(key.strip_prefix(TARGET)?.to_owned())).collect()
}

pub(super) fn forget(records: &mut dyn Records, entry: &str) {
    let key = [ENTRY, entry].concat();
    let Some(json) = records.get(&key) else { return };
    if let Some(record) = Record::from_json(&json) {
        records.delete(&time_key(record.at, entry));
        records.delete(&[ROOT, record.root().as_str(), " ", entry].concat());
        if let Some(run) = record.new_run_id() {
            records.delete(&[RUN, run.as_str()].concat());
        }
    }
    records.delete(&key);
    let count = count(records).saturating_sub(1);
    records.put(COUNT, &said(&count));
}

/// The entry whose recovery created a run.
pub(super) fn parent(records: &dyn Records, run: &RunId) -> Option<Known> {
    let entry = records.get(&[RUN, run.as_str()].concat())?;
    let record = find(records, &entry)?;
    Some((entry, record))
}

/// The entries of the lineage that a run belongs to, the oldest first.
pub(super) fn lineage(records: &dyn Records, run: RunId) -> Vec<Known> {
    let root = parent(records, &run).map_or(run, |(_, record)| record.root().clone());
    let prefix = [ROOT, root.as_str(), " "].concat();
    let mut members: Vec<Known> = Vec::new();
    for (key, _) in records.scan(&prefix, "", MAX_LISTED) {
        let entry = key.strip_prefix(&prefix).unwrap_or_default();
        if let Some(record) = find(records, entry) {
            let at = members.iter().position(|(_, other)| other.at > record.at).unwrap_or(members.len());
            members.insert(at, (entry.to_owned(), record));
        }
    }
    members
}

/// The entries that were dealt with last, and a cursor that leads on to the next.
pub(super) fn latest(records: &dyn Records, cursor: &str, limit: usize) -> (Vec<Known>, Option<String>) {
    let below = if cursor.is_empty() { String::new() } else { [TIME, cursor].concat() };
    let keys = records.scan_back(TIME, &below, limit);
    let mut found = Vec::new();
    for (key, _) in &keys {
        let Some((_, entry)) = at_and_entry(key) else { continue };
        found.extend(find(records, entry).map(|record| (entry.to_owned(), record)));
    }
    let last = keys.last().filter(|_| keys.len() == limit);
    (found, last.map(|(last, _)| last.strip_prefix(TIME).unwrap_or_default().to_owned()))
}

/// The entries that were dealt with longest ago, and when.
pub(super) fn oldest(records: &dyn Records, limit: usize) -> Vec<(Timestamp, String)> {
    let keys = records.scan(TIME, "", limit);
    let mut oldest = Vec::new();
    for (key, _) in &keys {
        oldest.extend(at_and_entry(key).map(|(at, entry)| (at, entry.to_owned())));
    }
    oldest
}

pub(super) fn count(records: &dyn Records) -> usize {
    let count = records.get(COUNT).and_then(|count| decimal(&count));
    count.and_then(|count| usize::try_from(count).ok()).unwrap_or_default()
}

/// One entry more; the oldest goes where there are too many.
fn grow(records: &mut dyn Records) {
    if count(records) >= MAX_ENTRIES
        && let Some((_, entry)) = oldest(records, 1).first()
    {
        forget(records, entry);
    }
    let count = count(records) + 1;
    records.put(COUNT, &said(&count));
}

/// Sorts by time.
fn time_key(at: Timestamp, entry: &str) -> String {
    [TIME, &text::padded(at.as_millis()), " ", entry].concat()
}

fn at_and_entry(key: &str) -> Option<(Timestamp, &str)> {
    let (at, entry) = text::cut(key.strip_prefix(TIME)?, b' ')?;
    Some((Timestamp::from_millis(decimal(at)?), entry))
}
