//! How often and how long a call is tried.

use core::time::Duration;

use super::{CallError, World};
use crate::{
    dlq::{ApiError, TransportFault},
    time::Timestamp,
};

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

    /// A wait of any length up to the bound of this attempt ("full jitter"), so that callers who failed together do
    /// not come back together.
    fn backoff(&self, attempts: u32, entropy: u64) -> Duration {
        let doubled = self.base.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1)));
        let bound = u64::try_from(doubled.min(self.cap).as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(entropy % bound.saturating_add(1))
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What is left of the patience with one call.
pub(super) struct Budget<'a, W> {
    world: &'a W,
    patience: &'a Patience,
    started: Timestamp,
    attempts: u32,
}

impl<'a, W: World> Budget<'a, W> {
    pub(super) fn new(world: &'a W, patience: &'a Patience) -> Self {
        Self { world, patience, started: world.now(), attempts: 1 }
    }

    /// When the first attempt was made.
    pub(super) const fn started(&self) -> Timestamp {
        self.started
    }

    /// The time that the present attempt may take. The first one has its full time, whatever the bound on all.
    pub(super) fn timeout(&self) -> Duration {
        if self.attempts == 1 { self.patience.timeout } else { self.patience.timeout.min(self.left()) }
    }

    /// Waits as long as `error` makes it sensible, and counts one attempt more; `false` where there is none left, or
    /// where it would not help.
    pub(super) async fn wait_after(&mut self, error: &ApiError) -> bool {
        if !is_worth_repeating(error) || self.attempts >= self.patience.max_attempts {
            return false;
        }
        let backoff = self.patience.backoff(self.attempts, self.world.entropy());
        let asked = match error {
            ApiError::RateLimited(limit) => limit.retry_after(self.world.now()).unwrap_or_default(),
            _ => Duration::ZERO,
        };
        // What the service asks for is the least; everybody was told the same, so that the jitter comes on top.
        let wait = asked.saturating_add(backoff);
        if wait >= self.left() {
            return false;
        }
        self.attempts += 1;
        self.world.wait(wait).await;
        // Waits can be longer than asked for.
        !self.left().is_zero()
    }

    pub(super) const fn failed(&self, error: ApiError) -> CallError {
        CallError::Failed { error, attempts: self.attempts }
    }

    pub(super) const fn ambiguous(&self, error: ApiError) -> CallError {
        CallError::Ambiguous { error, attempts: self.attempts }
    }

    fn left(&self) -> Duration {
        self.patience.max_elapsed.saturating_sub(self.world.now().since(self.started))
    }
}

/// Whether the same call may do better in a moment. An answer that is too large will be too large again.
fn is_worth_repeating(error: &ApiError) -> bool {
    match error {
        ApiError::Transport(error) => !matches!(error.fault(), TransportFault::TooLarge { .. }),
        error => error.is_transient(),
    }
}
