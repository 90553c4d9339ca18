//! The policy: what to do with a failed run, and when.
//!
//! Ordered rules pick an action ([`Rule`]); limits and back-off ([`Policy`]) turn it into a [`Decision`]. Everything
//! is a function of the failure, its lineage, the present and a random number, all of them arguments: nothing here
//! talks to QStash, and the same policy decides in every face of the crate.

mod backoff;
mod between;
mod class;
mod condition;
mod config;
mod decide;
mod error;
mod explain;
mod facts;
mod fingerprint;
mod guard;
#[cfg(not(all(target_family = "wasm", feature = "npm")))]
mod guard_config;
mod key;
mod regex;
mod rule;
mod template;
mod trial;
mod value;
mod warnings;
mod wildcard;

pub use backoff::Backoff;
pub use class::FailureClass;
pub use condition::{Condition, ConditionError};
pub use decide::{Decision, Reason};
pub use error::PolicyError;
#[cfg(all(test, feature = "npm"))]
pub(crate) use explain::{Considered, Explained};
pub use explain::{Explanation, Passed};
pub use facts::Facts;
pub use fingerprint::fingerprint;
pub use guard::{Breaker, Drain};
pub use regex::{MAX_PATTERN_BYTES, Regex, RegexError};
pub use rule::{Action, Rule, UnknownActionError};
pub use template::{Template, TemplateError};
pub use wildcard::Wildcard;

use core::time::Duration;

use crate::{dlq::Overrides, http_url::HttpUrl};

/// What to do with failed runs. [`Policy::default`] is the policy of a deployment that sets none.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Decide and report, but send nothing. Default: `false`.
    pub dry_run: bool,
    /// How often a run and its descendants are resumed or restarted, at most. Default: 5.
    pub max_attempts: u32,
    /// How long after its first failure a lineage may still start a run. Default: 24 hours.
    pub max_elapsed: Duration,
    /// The least delay before a resumed run goes on. A run can be reported as failed while its last step still
    /// executes; resumed at once, that step would run twice. Default: 10 seconds.
    pub settle: Duration,
    /// How the delay grows with each attempt. Default: 30 seconds, doubling up to 1 hour, full jitter.
    pub backoff: Backoff,
    /// The longest wait that a failed step may ask for with `Retry-After`; a longer one is cut. Default: 24 hours.
    pub retry_after_cap: Duration,
    /// QStash settings for every resumed or restarted run; a rule's own win. Default: none.
    pub overrides: Overrides,
    /// Hold every resume and restart back; what arrives is kept and taken up once this is `false` again. Needs the
    /// ledger. Default: `false`.
    pub paused: bool,
    /// When targets are spared. Needs the ledger.
    pub breaker: Breaker,
    /// How fast the runs that were held back are resumed. Needs the ledger.
    pub drain: Drain,
    /// How many runs of one target are resumed or restarted within a day of UTC. Needs the ledger. Default: no limit.
    pub daily_budget: Option<u32>,
    /// The failure functions that rules may hand callbacks on to. Default: none.
    pub relay: Vec<HttpUrl>,
    /// Rules in order; the first that matches decides. [`Rule::defaults`] always stand behind these.
    pub rules: Vec<Rule>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            dry_run: false,
            max_attempts: 5,
            max_elapsed: Duration::from_hours(24),
            settle: Duration::from_secs(10),
            backoff: Backoff::default(),
            retry_after_cap: Duration::from_hours(24),
            overrides: Overrides::default(),
            paused: false,
            breaker: Breaker::default(),
            drain: Drain::default(),
            daily_budget: None,
            relay: Vec::new(),
            rules: Rule::defaults(),
        }
    }
}
