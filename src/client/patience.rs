//! How often and how long a call is tried.

use core::time::Duration;

use crate::time::{doubled, millis};

/// How much is tried to make one call succeed. A look that settles a lost answer has as much again for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Patience {
    /// The time that one answer may take. Default: 10 s.
    pub timeout: Duration,
    /// How often a call is sent at most; 0 is taken for 1. Default: 5.
    pub max_attempts: u32,
    /// The time from the first sending to the last answer, waits included. Default: 1 min.
    pub max_elapsed: Duration,
    /// The wait after the first failure is up to this, after each further one up to twice as much. Default: 250 ms.
    pub base: Duration,
    /// No such wait is longer. Default: 10 s.
    pub cap: Duration,
}

impl Patience {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        timeout: Duration::from_secs(10),
        max_attempts: 5,
        max_elapsed: Duration::from_mins(1),
        base: Duration::from_millis(250),
        cap: Duration::from_secs(10),
    };

    /// The same with another time that one answer may take.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The same with other bounds on the number of sendings and on the time that they may take together.
    #[must_use]
    pub const fn with_bounds(mut self, max_attempts: u32, max_elapsed: Duration) -> Self {
        self.max_attempts = max_attempts;
        self.max_elapsed = max_elapsed;
        self
    }

    /// The same with other waits: up to `base` after the first failure, doubling up to `cap`.
    #[must_use]
    pub const fn with_backoff(mut self, base: Duration, cap: Duration) -> Self {
        self.base = base;
        self.cap = cap;
        self
    }

    /// A wait of any length up to the bound of this attempt ("full jitter"), in milliseconds, so that callers who failed
    /// together do not come back together.
    pub(super) fn backoff(&self, attempts: u32, entropy: u64) -> u64 {
        let bound = doubled(self.base, attempts.saturating_sub(1).into(), self.cap);
        entropy % millis(bound).saturating_add(1)
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self::DEFAULT
    }
}
