//! The outcomes of late: how many runs failed at a target, and how many did well.

use core::time::Duration;

use crate::text::said;
use crate::{
    durable::Records,
    ids::RunId,
    ledger::hash,
    text,
    time::{Timestamp, decimal},
};

/// The most lineages that are looked at; the oldest are left out first.
const MAX: usize = 400;

const KEY: &str = "window";

/// The latest outcome of each lineage within a sliding window.
///
/// Failures are those that say that the *target* is ill. Nobody tells of the runs that did well by themselves; the
/// successes are those of runs that were resumed and followed. So the share of failures is an upper bound: what keeps a
/// few ill runs among many healthy ones from opening the breaker is the least number of *lineages* that must have failed.
#[derive(Debug, Default)]
pub(super) struct Window(Vec<Outcome>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Outcome {
    at: u64,
    /// Of the lineage's root run. Two that share it count as one.
    lineage: u32,
    failed: bool,
}

impl Window {
    /// What is in the window at `now`.
    pub(super) fn read(records: &dyn Records, now: Timestamp, span: Duration) -> Self {
        let mut window = Self::default();
        for outcome in text::parts(&records.get(KEY).unwrap_or_default(), b',') {
            window.0.extend(parse(outcome));
        }
        // What is from the future was written before the clock stepped back.
        window.0.retain(|outcome| {
            let at = Timestamp::from_millis(outcome.at);
            now.since(at) < span && at.since(now) < span
        });
        window
    }

    pub(super) fn write(&self, records: &mut dyn Records) {
        let mut list = String::new();
        for Outcome { at, lineage, failed } in &self.0 {
            list.push_str(&said(at));
            list.push(' ');
            list.push_str(&said(lineage));
            list.push_str(if *failed { " f," } else { " s," });
        }
        records.put(KEY, &list);
    }

    /// Forgets everything: what was before says nothing of now.
    pub(super) fn clear(records: &mut dyn Records) {
        records.delete(KEY);
    }

    /// Takes in how a run of a lineage ended.
    pub(super) fn add(&mut self, root: &RunId, failed: bool, now: Timestamp) {
        let lineage = hash(root.as_str());
        self.0.retain(|outcome| outcome.lineage != lineage);
        if self.0.len() >= MAX {
            self.0.remove(0);
        }
        self.0.push(Outcome { at: now.as_millis(), lineage, failed });
    }

    /// How many lineages failed, and how many did well.
    pub(super) fn counts(&self) -> (u32, u32) {
        let failures = self.0.iter().filter(|outcome| outcome.failed).count();
        let count = |count| u32::try_from(count).unwrap_or(u32::MAX);
        (count(failures), count(self.0.len() - failures))
    }
}

fn parse(outcome: &str) -> Option<Outcome> {
    let (at, rest) = text::cut(outcome, b' ')?;
    let (lineage, kind) = text::cut(rest, b' ')?;
    let lineage = decimal(lineage).and_then(|hash| u32::try_from(hash).ok())?;
    Some(Outcome { at: decimal(at)?, lineage, failed: kind == "f" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::MemoryRecords;

    const SPAN: Duration = Duration::from_mins(5);
    const NOW: Timestamp = Timestamp::from_millis(1_748_527_971_000);

    fn root(n: usize) -> RunId {
        RunId::new(["wfr_", &n.to_string()].concat()).unwrap()
    }

    #[test]
    fn outcomes_are_kept_until_they_are_older_than_the_window() {
        let mut records = MemoryRecords::default();
        let mut window = Window::default();
        window.add(&root(1), true, NOW);
        window.add(&root(2), false, NOW.after(Duration::from_mins(4)));
        window.write(&mut records);
        let counts = |at| Window::read(&records, at, SPAN).counts();
        assert_eq!(counts(NOW.after(Duration::from_mins(4))), (1, 1));
        assert_eq!(counts(NOW.after(SPAN)), (0, 1));
        assert_eq!(counts(NOW.after(Duration::from_hours(1))), (0, 0));
        // A clock that stepped back by a day does not keep them for a day.
        assert_eq!(counts(Timestamp::from_millis(NOW.as_millis() - 86_400_000)), (0, 0));
        Window::clear(&mut records);
        assert_eq!(Window::read(&records, NOW, SPAN).counts(), (0, 0));
    }

    #[test]
    fn a_lineage_counts_once_as_it_did_last() {
        let mut window = Window::default();
        for _ in 0..50 {
            window.add(&root(1), true, NOW);
        }
        assert_eq!(window.counts(), (1, 0));
        window.add(&root(1), false, NOW);
        assert_eq!(window.counts(), (0, 1));
    }

    #[test]
    fn the_window_is_bounded() {
        let mut window = Window::default();
        for n in 0..=MAX {
            window.add(&root(n), n < 2, NOW);
        }
        assert_eq!(window.counts(), (1, 399));
    }
}
