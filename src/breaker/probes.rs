//! The runs that try a target out.

use core::time::Duration;

use crate::text::said;
use crate::{
    durable::Records,
    text,
    time::{Timestamp, decimal},
};

/// A probe of which no run is known after this has not come about.
const STALE: Duration = Duration::from_mins(2);

const KEY: &str = "probe/";

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Probe {
    /// The entry that is resumed.
    dlq_id: String,
    /// When it was let go.
    at: Timestamp,
    /// Whether the target did well, once that is known.
    verdict: Option<bool>,
    /// The run that was created; empty until it is known.
    run: String,
}

/// All of this round.
pub(super) fn all(records: &dyn Records) -> Vec<Probe> {
    let records = records.scan(KEY, "", 100);
    records.iter().filter_map(|(key, value)| parse(key, value)).collect()
}

/// How many the target did well by, and how many it did not.
pub(super) fn tally(probes: &[Probe]) -> (usize, usize) {
    let count = |verdict| probes.iter().filter(|probe| probe.verdict == Some(verdict)).count();
    (count(true), count(false))
}

/// Lets an entry try the target.
pub(super) fn begin(records: &mut dyn Records, dlq_id: &str, now: Timestamp) {
    put(records, &Probe { dlq_id: dlq_id.to_owned(), at: now, verdict: None, run: String::new() });
}

/// The entry of a probe was resumed as this run.
pub(super) fn started(records: &mut dyn Records, dlq_id: &str, run: &str) {
    let key = [KEY, dlq_id].concat();
    let probe = records.get(&key).and_then(|value| parse(&key, &value));
    if let Some(probe) = probe.filter(|probe| probe.run.is_empty()) {
        put(records, &Probe { run: run.to_owned(), ..probe });
    }
}

/// Whether a run is a probe that nothing is known of yet.
pub(super) fn is_open(records: &dyn Records, run: &str) -> bool {
    of_run(records, run).is_some_and(|probe| probe.verdict.is_none())
}

/// Takes in how the target did by a run.
pub(super) fn decide(records: &mut dyn Records, run: &str, good: bool) {
    if let Some(probe) = of_run(records, run).filter(|probe| probe.verdict.is_none()) {
        put(records, &Probe { verdict: Some(good), ..probe });
    }
}

/// An entry does not try the target after all.
pub(super) fn remove(records: &mut dyn Records, dlq_id: &str) {
    records.delete(&[KEY, dlq_id].concat());
}

/// A run says nothing of the target.
pub(super) fn remove_run(records: &mut dyn Records, run: &str) {
    if let Some(probe) = of_run(records, run) {
        remove(records, &probe.dlq_id);
    }
}

/// Begins a new round.
pub(super) fn clear(records: &mut dyn Records) {
    for (key, _) in records.scan(KEY, "", 100) {
        records.delete(&key);
    }
}

/// Forgets those that have not come about.
pub(super) fn drop_stale(records: &mut dyn Records, now: Timestamp) {
    for probe in all(records) {
        if probe.stale_at().is_some_and(|at| at <= now) {
            remove(records, &probe.dlq_id);
        }
    }
}

/// When there is something to forget.
pub(super) fn wakes(records: &dyn Records) -> Option<Timestamp> {
    all(records).iter().filter_map(Probe::stale_at).min()
}

impl Probe {
    fn stale_at(&self) -> Option<Timestamp> {
        (self.run.is_empty() && self.verdict.is_none()).then(|| self.at.after(STALE))
    }
}

fn of_run(records: &dyn Records, run: &str) -> Option<Probe> {
    all(records).into_iter().find(|probe| probe.run == run)
}

fn put(records: &mut dyn Records, probe: &Probe) {
    let verdict = match probe.verdict {
        Some(true) => " good ",
        Some(false) => " bad ",
        None => " open ",
    };
    let value = [&said(&probe.at.as_millis()), verdict, &probe.run].concat();
    records.put(&[KEY, &probe.dlq_id].concat(), &value);
}

fn parse(key: &str, value: &str) -> Option<Probe> {
    let mut parts = text::parts(value, b' ');
    Some(Probe {
        dlq_id: key.strip_prefix(KEY)?.to_owned(),
        at: Timestamp::from_millis(decimal(parts.next()?)?),
        verdict: match parts.next()? {
            "good" => Some(true),
            "bad" => Some(false),
            _ => None,
        },
        run: parts.next()?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::MemoryRecords;

    const NOW: Timestamp = Timestamp::from_millis(1_748_527_971_000);

    #[test]
    fn a_probe_is_known_by_its_entry_and_then_by_its_run() {
        let mut records = MemoryRecords::default();
        for id in ["1-1", "1-2", "1-3"] {
            begin(&mut records, id, NOW);
        }
        started(&mut records, "1-1", "wfr_a");
        started(&mut records, "1-2", "wfr_b");
        assert!(is_open(&records, "wfr_a") && !is_open(&records, "wfr_c"));
        decide(&mut records, "wfr_a", true);
        decide(&mut records, "wfr_b", false);
        // The first verdict holds.
        decide(&mut records, "wfr_b", true);
        assert!(!is_open(&records, "wfr_a"));
        assert_eq!(tally(&all(&records)), (1, 1));
        assert_eq!(wakes(&records), Some(NOW.after(STALE)));
        drop_stale(&mut records, NOW.after(STALE));
        assert_eq!((all(&records).len(), wakes(&records)), (2, None));
        remove_run(&mut records, "wfr_b");
        assert_eq!(tally(&all(&records)), (1, 0));
        clear(&mut records);
        assert_eq!(all(&records), []);
    }
}
