//! One rule: which failures, and what to do with them.

use core::str::FromStr;

use super::{Condition, Template, key::Key, value::Value};
use crate::text::Say;
use crate::{dlq::Overrides, http_url::HttpUrl};

/// What a rule does with a failed run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Action {
    /// Leave the entry in the DLQ for us, and decide again later.
    Defer,
    /// Delete the entry from the DLQ: the run is given up for good.
    Delete,
    /// Leave the entry in the DLQ for a person.
    Park,
    /// Leave the entry in the DLQ, and hand the callback on to the user's own failure function.
    Relay,
    /// Start the run again from its first step.
    Restart,
    /// Go on from the step that failed.
    Resume,
}

impl Action {
    named! {
        /// The name that policies and logs use.
        #[must_use]
        pub const fn name(self) -> &'static str {
            match self {
                /// Leave the entry in the queue and decide again later.
                Self::Defer => "defer",
                /// Remove the entry for good.
                Self::Delete => "delete",
                /// Leave the entry in the queue for a person.
                Self::Park => "park",
                /// Leave the entry in the queue and hand the callback on to `relay_to`.
                Self::Relay => "relay",
                /// Begin the run anew.
                Self::Restart => "restart",
                /// Go on from the step that failed.
                Self::Resume => "resume",
            }
        }
    }
}

impl FromStr for Action {
    type Err = UnknownActionError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let all = [Self::Defer, Self::Delete, Self::Park, Self::Relay, Self::Restart, Self::Resume];
        all.into_iter().find(|action| action.name() == name).ok_or(UnknownActionError)
    }
}

/// A name that no action has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownActionError;

impl Say for UnknownActionError {
    fn say(&self, text: &mut String) {
        text.push_str("there is no such action");
    }
}

display!(UnknownActionError);

impl core::error::Error for UnknownActionError {}

/// One rule of a policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// What replies and logs call the rule.
    pub name: String,
    /// Which failures it is for. Default: all.
    pub when: Condition,
    /// What to do with them.
    pub action: Action,
    /// The most attempts of a lineage under this rule. Default: the policy's.
    pub max_attempts: Option<u32>,
    /// What breaker and budgets count by for the failures of this rule. Default: the workflow's URL without its query.
    pub target: Option<Template>,
    /// Where callbacks are handed on to: those of [`Action::Relay`], and those of runs that are given up because their
    /// lineage has had its attempts or its time. One of [`Policy::relay`](super::Policy::relay). Default: nowhere.
    pub relay_to: Option<HttpUrl>,
    /// QStash settings for the runs that this rule resumes or restarts. Default: the policy's. Out of JSON, labels and
    /// flow control key may be [templates](Template).
    pub overrides: Overrides,
}

impl Rule {
    /// What the default rules are called.
    pub(super) const DEFAULT_NAMES: [&str; 4] =
        ["incompatible-step", "non-retryable", "transient", "anything-else"];

    /// The rules that stand behind a policy's own: resume what looks transient, park the rest.
    #[must_use]
    pub fn defaults() -> Vec<Self> {
        /// From the first to the last.
        type Statuses = &'static [(u64, u64)];
        const UNREACHABLE: (u64, u64) = (0, 0);
        const TRANSIENT: Statuses = &[UNREACHABLE, (408, 408), (425, 425), (429, 429), (500, 599)];
        const DEFAULTS: [(Action, Statuses, &[&str]); 4] = [
            // The route's code changed before the failed step: only a person can say that a restart is harmless.
            (Action::Park, &[], &["Incompatible step"]),
            // The application said "do not retry" (`WorkflowNonRetryableError`).
            (Action::Park, &[(489, 489)], &[]),
            (Action::Resume, TRANSIENT, &[]),
            (Action::Park, &[], &[]),
        ];
        let mut rules = Vec::new();
        for (name, (action, statuses, parts)) in Self::DEFAULT_NAMES.into_iter().zip(DEFAULTS) {
            let mut rule = Self::named(name, action);
            for (first, last) in statuses {
                rule.when.add(Key::Status, Value::Between(*first, *last));
            }
            for part in parts {
                rule.when.add(Key::Message, Value::Part((*part).to_owned()));
            }
            rules.push(rule);
        }
        rules
    }

    /// A rule for every failure.
    pub(super) fn named(name: &str, action: Action) -> Self {
        Self {
            name: name.to_owned(),
            when: Condition::default(),
            action,
            max_attempts: None,
            target: None,
            relay_to: None,
            overrides: Overrides::default(),
        }
    }
}
