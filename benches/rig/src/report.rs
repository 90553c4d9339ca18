//! What was seen.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

/// What was seen on one connection, or on several.
#[derive(Default)]
pub(crate) struct Tally {
    /// Microseconds that each answer took.
    latencies: Vec<u32>,
    statuses: BTreeMap<u16, u64>,
    broken: u64,
}

/// What is told of a load.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    /// Answers.
    answers: usize,
    seconds: f64,
    /// Answers by status.
    statuses: BTreeMap<u16, u64>,
    /// Connections that broke with a request under way.
    broken: u64,
    /// Calls for a resume that reached the API meanwhile.
    resumed: u64,
    /// Milliseconds.
    p50: f64,
    p99: f64,
    max: f64,
}

impl Tally {
    pub(crate) fn answered(&mut self, status: u16, after: Duration) {
        self.latencies.push(u32::try_from(after.as_micros()).unwrap_or(u32::MAX));
        *self.statuses.entry(status).or_default() += 1;
    }

    pub(crate) const fn broken(&mut self) {
        self.broken += 1;
    }

    pub(crate) fn add(&mut self, mut other: Self) {
        self.latencies.append(&mut other.latencies);
        for (status, answers) in other.statuses {
            *self.statuses.entry(status).or_default() += answers;
        }
        self.broken += other.broken;
    }

    pub(crate) fn report(mut self, took: Duration) -> Report {
        self.latencies.sort_unstable();
        Report {
            answers: self.latencies.len(),
            seconds: took.as_secs_f64(),
            p50: self.percentile(50),
            p99: self.percentile(99),
            max: self.percentile(100),
            statuses: self.statuses,
            broken: self.broken,
            resumed: 0,
        }
    }

    /// The smallest latency that so many of a hundred do not exceed, in milliseconds; the latencies are sorted.
    fn percentile(&self, percent: usize) -> f64 {
        let rank = (self.latencies.len() * percent).div_ceil(100).max(1);
        self.latencies.get(rank - 1).map_or(0.0, |micros| f64::from(*micros) / 1000.0)
    }
}

impl Report {
    pub(crate) const fn with_resumed(mut self, resumed: u64) -> Self {
        self.resumed = resumed;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_latencies_that_were_seen() {
        let mut tally = Tally::default();
        for millis in (1..=200).rev() {
            tally.answered(200, Duration::from_millis(millis));
        }
        let report = tally.report(Duration::from_secs(1));
        assert_eq!((report.p50, report.p99, report.max), (100.0, 198.0, 200.0));
    }
}
