//! How resumed runs of a target ended: how many recovered, and how long that took.

use core::time::Duration;

use super::spaced;
use crate::{
    durable::Records,
    json::Object,
    ledger::hash,
    text,
    time::{decimal, millis},
};

/// How many of the latest times to recover are kept, for percentiles.
const SAMPLES: usize = 50;

/// How many of the latest runs are remembered by name, so that none is counted twice.
const NAMES: usize = 100;

const COUNTS: &str = "ends";
const TIMES: &str = "times";
const ENDED: &str = "ended";

/// How a resumed or restarted run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Recovered,
    FailedAgain,
    Canceled,
    /// It is still under way, or nobody knows of it any more, after the time that runs are followed.
    NeverFinished,
}

impl End {
    const ALL: [Self; 4] = [Self::Recovered, Self::FailedAgain, Self::Canceled, Self::NeverFinished];

    /// As the ledger is told.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Recovered => "recovered",
            Self::FailedAgain => "failed_again",
            Self::Canceled => "canceled",
            Self::NeverFinished => "never_finished",
        }
    }
}

/// Counts an end; of a recovery, how long after the lineage's first failure.
pub(super) fn add(records: &mut dyn Records, run: &str, end: End, after: Duration) {
    push(records, ENDED, hash(run).into(), NAMES);
    let mut counts = numbers(records, COUNTS);
    counts.resize(End::ALL.len(), 0);
    for (count, known) in counts.iter_mut().zip(End::ALL) {
        *count += u64::from(known == end);
    }
    write(records, COUNTS, &counts);
    if end == End::Recovered {
        push(records, TIMES, millis(after) / 1000, SAMPLES);
    }
}

/// Whether a run's end was counted, as far as that is remembered.
pub(super) fn is_counted(records: &dyn Records, run: &str) -> bool {
    let name = u64::from(hash(run));
    numbers(records, ENDED).contains(&name)
}

/// For operators: counts, the share of runs that recovered of all that ended, and the times of the latest ones.
pub(super) fn tell(records: &dyn Records, answer: &mut Object) {
    let counts = numbers(records, COUNTS);
    let count = |at: usize| counts.get(at).copied().unwrap_or_default();
    answer
        .number("recovered", count(0))
        .number("failedAgain", count(1))
        .number("canceled", count(2))
        .number("neverFinished", count(3));
    if let Some(percent) = (count(0) * 100).checked_div(counts.iter().sum()) {
        answer.number("recoveryPercent", percent);
    }
    let mut times = numbers(records, TIMES);
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len().saturating_sub(1) * percent / 100);
    if let (Some(half), Some(most)) = (at(50), at(90)) {
        answer.open("secondsToRecover", '{');
        answer.number("p50", *half).number("p90", *most);
        answer.close('}');
    }
}

fn push(records: &mut dyn Records, key: &str, number: u64, most: usize) {
    let mut latest = numbers(records, key);
    if latest.len() >= most {
        latest.remove(0);
    }
    latest.push(number);
    write(records, key, &latest);
}

fn numbers(records: &dyn Records, key: &str) -> Vec<u64> {
    let list = records.get(key).unwrap_or_default();
    text::parts(&list, b' ').filter_map(decimal).collect()
}

fn write(records: &mut dyn Records, key: &str, numbers: &[u64]) {
    records.put(key, &spaced(numbers));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::MemoryRecords;

    fn told(records: &MemoryRecords) -> String {
        let mut answer = Object::new();
        tell(records, &mut answer);
        answer.end()
    }

    #[test]
    fn ends_are_counted_and_times_sorted() {
        let mut records = MemoryRecords::default();
        assert_eq!(told(&records), r#"{"recovered":0,"failedAgain":0,"canceled":0,"neverFinished":0}"#);
        for secs in (1..=6).rev() {
            add(&mut records, &secs.to_string(), End::Recovered, Duration::from_secs(secs));
        }
        add(&mut records, "x", End::FailedAgain, Duration::ZERO);
        add(&mut records, "y", End::Canceled, Duration::ZERO);
        add(&mut records, "z", End::NeverFinished, Duration::ZERO);
        assert_eq!(
            told(&records),
            r#"{"recovered":6,"failedAgain":1,"canceled":1,"neverFinished":1,"recoveryPercent":66,"secondsToRecover":{"p50":3,"p90":5}}"#
        );
        assert!(is_counted(&records, "x") && !is_counted(&records, "other"));
    }

    #[test]
    fn only_the_latest_are_remembered() {
        let mut records = MemoryRecords::default();
        for n in 0..200 {
            add(&mut records, &n.to_string(), End::Recovered, Duration::from_secs(n));
        }
        assert!(told(&records).contains(r#""recovered":200,"#), "{}", told(&records));
        assert!(told(&records).contains(r#""p50":174"#), "{}", told(&records));
        assert!(!is_counted(&records, "99") && is_counted(&records, "100"));
    }
}
