//! How long to wait before an attempt.

use core::time::Duration;

use crate::time::{doubled, millis};

/// Exponential back-off with full jitter: attempt `n` waits a random time between zero and `base · 2ⁿ`, at most `cap`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The ceiling of the first wait. Default: 30 seconds.
    pub base: Duration,
    /// The highest ceiling. Default: 1 hour.
    pub cap: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { base: Duration::from_secs(30), cap: Duration::from_hours(1) }
    }
}

impl Backoff {
    /// The longest wait before the attempt that follows `attempt` earlier ones.
    #[must_use]
    pub fn ceiling(&self, attempt: u32) -> Duration {
        doubled(self.base, attempt.into(), self.cap)
    }

    /// The wait that `entropy`, a uniformly random number, picks below the ceiling.
    #[must_use]
    pub fn wait(&self, attempt: u32, entropy: u64) -> Duration {
        let waits = millis(self.ceiling(attempt)).saturating_add(1);
        // The high half of a product maps the whole range of `entropy` evenly onto the waits: here of half the entropy
        // with each half of their number.
        let (entropy, low) = (entropy >> 32, waits & u64::from(u32::MAX));
        Duration::from_millis((waits >> 32) * entropy + ((low * entropy) >> 32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_doubles_up_to_the_cap() {
        let backoff = Backoff::default();
        let ceilings: Vec<u64> =
            [0, 1, 2, 6, 7, 31, 32, u32::MAX].map(|attempt| backoff.ceiling(attempt).as_secs()).into();
        assert_eq!(ceilings, [30, 60, 120, 1920, 3600, 3600, 3600, 3600]);
    }

    #[test]
    fn jitter_spreads_over_the_whole_range() {
        let backoff = Backoff::default();
        assert_eq!(backoff.wait(0, 0), Duration::ZERO);
        assert_eq!(backoff.wait(0, u64::MAX), Duration::from_secs(30));
        assert_eq!(backoff.wait(1, u64::MAX / 2), Duration::from_secs(30));
        let year = Duration::from_hours(365 * 24);
        let backoff = Backoff { base: year, cap: year };
        assert_eq!(backoff.wait(0, u64::MAX / 2).as_secs(), year.as_secs() / 2 - 1);
        assert_eq!(backoff.wait(0, u64::MAX).as_secs(), year.as_secs() - 1);
    }
}
