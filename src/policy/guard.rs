//! How targets are spared: the knobs of breaker, drain and budget.

use core::time::Duration;

#[cfg(feature = "worker")]
use super::Policy;

#[cfg(feature = "worker")]
impl Policy {
    /// Whether somebody is to be asked before a target is called.
    pub(crate) const fn is_guarded(&self) -> bool {
        self.paused || self.breaker.enabled || self.daily_budget.is_some()
    }
}

/// When a target counts as ill, and when it is tried again. Needs the ledger.
///
/// The knobs are those of Convoy's breaker, the best that there is among webhook gateways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// Whether targets are watched at all. Default: `true`.
    pub enabled: bool,
    /// The share of failures, in percent, from which the breaker opens. Default: 80.
    pub failure_share: u32,
    /// The fewest lineages that must have failed within the window: each counts once, however often it fails, so that
    /// one run that always fails opens nothing. Default: 10.
    pub minimum: u32,
    /// How far back failures and successes count. Default: 5 minutes.
    pub window: Duration,
    /// How long it stays open before the target is tried. Doubles as long as the tries fail. Default: 30 seconds.
    pub open: Duration,
    /// The longest that it stays open. Default: 10 minutes.
    pub open_cap: Duration,
    /// How many runs are resumed to try the target; more than half of them must do well. Default: 3.
    pub probes: u32,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            enabled: true,
            failure_share: 80,
            minimum: 10,
            window: Duration::from_mins(5),
            open: Duration::from_secs(30),
            open_cap: Duration::from_mins(10),
            probes: 3,
        }
    }
}

/// How fast the runs that were held back are resumed, for each target. Needs the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drain {
    /// Resumes within a period, at most. Default: 60.
    pub rate: u32,
    /// The period of the rate. Default: 1 minute.
    pub period: Duration,
    /// How many deliveries of the resumed runs may be under way at once. Default: 10.
    pub parallelism: u32,
    /// Whether the resumed runs get a flow control key of their target, with this rate and parallelism for their
    /// deliveries. It replaces the run's own; one that the policy sets stands before it. Default: `true`.
    pub flow_control: bool,
}

impl Default for Drain {
    fn default() -> Self {
        Self { rate: 60, period: Duration::from_mins(1), parallelism: 10, flow_control: true }
    }
}
