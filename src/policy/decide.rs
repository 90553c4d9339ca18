//! From a failure and its lineage to a decision.

use core::time::Duration;

use super::{Action, Facts, FailureClass, Policy, Rule, template::fill_name};
use crate::{
    callback::Failure,
    dlq::{GoDuration, Overrides},
    http_url::HttpUrl,
    lineage::Lineage,
    time::{Timestamp, millis_rounded_up},
};

/// What to do with one failed run, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// What to do.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// The rule that matched.
    pub rule: String,
    /// What kind of failure it is.
    pub class: FailureClass,
    /// What failures of the same kind have in common.
    pub fingerprint: String,
    /// What breaker and budgets count by: what the rule names, or the workflow's URL without its query.
    pub target: String,
    /// QStash settings for the run that is resumed or restarted; its delay is always set. Of a deferral only the delay
    /// counts: how long it lasts.
    pub overrides: Overrides,
    /// Where the callback is to be handed on to; set for [`Action::Relay`] alone.
    pub relay_to: Option<HttpUrl>,
}

/// Why a decision fell as it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Reason {
    /// The lineage has had all its attempts.
    AttemptsExhausted,
    /// The next attempt would start after the lineage's elapsed budget.
    ElapsedBudgetSpent,
    /// The rule says so.
    Rule,
}

impl Reason {
    named! {
        /// A stable, machine-readable name.
        #[must_use]
        pub const fn code(self) -> &'static str {
            match self {
                Self::AttemptsExhausted => "attempts_exhausted",
                Self::ElapsedBudgetSpent => "elapsed_budget_spent",
                Self::Rule => "rule",
            }
        }
    }
}

impl Decision {
    /// How long QStash waits before the new run starts, or how long a deferral lasts; `None` where there is neither.
    #[must_use]
    pub fn delay(&self) -> Option<Duration> {
        self.overrides.delay().map(GoDuration::as_duration)
    }
}

impl Policy {
    /// Decides what to do with a failed run. `entropy` is a uniformly random number, for the jitter.
    #[must_use]
    pub fn decide(&self, failure: &Failure, lineage: &Lineage, now: Timestamp, entropy: u64) -> Decision {
        let facts = Facts::new(failure, lineage, now);
        let rule = self.rules.iter().find(|rule| rule.when.matches(&facts));
        self.decided(facts, rule, now, entropy)
    }

    /// What follows from the rule that matched, if one did.
    pub(super) fn decided(
        &self,
        facts: Facts<'_>,
        rule: Option<&Rule>,
        now: Timestamp,
        entropy: u64,
    ) -> Decision {
        let mut decision = Decision {
            action: Action::Park,
            reason: Reason::Rule,
            rule: "no-rule".to_owned(),
            class: facts.class,
            fingerprint: String::new(),
            target: facts.target(),
            overrides: Overrides::default(),
            relay_to: None,
        };
        if let Some(rule) = rule {
            decision.rule.clone_from(&rule.name);
            decision.action = rule.action;
            if let Some(template) = &rule.target {
                decision.target = template.fill(&facts);
            }
            if matches!(rule.action, Action::Defer | Action::Resume | Action::Restart) {
                self.attempt(&mut decision, rule, facts.failure, facts.lineage, now, entropy);
            }
            if decision.action == Action::Relay {
                decision.relay_to.clone_from(&rule.relay_to);
            }
            let target = &decision.target;
            decision.overrides.fill(&|template| fill_name(template, &facts, target));
        }
        decision.fingerprint = facts.fingerprint;
        decision
    }

    /// An attempt now or later, if the lineage still has one.
    fn attempt(
        &self,
        decision: &mut Decision,
        rule: &Rule,
        failure: &Failure,
        lineage: &Lineage,
        now: Timestamp,
        entropy: u64,
    ) {
        let overrides = rule.overrides.clone().or(&self.overrides);
        let delay = match overrides.delay() {
            Some(delay) => delay.as_millis().max(millis_rounded_up(self.settle)),
            None => self.delay(failure, lineage, now, entropy),
        };
        if lineage.attempt() >= rule.max_attempts.unwrap_or(self.max_attempts) {
            decision.reason = Reason::AttemptsExhausted;
        } else if millis_rounded_up(lineage.elapsed(now)).saturating_add(delay)
            > millis_rounded_up(self.max_elapsed)
        {
            decision.reason = Reason::ElapsedBudgetSpent;
        } else {
            decision.overrides = overrides;
            decision.overrides.set_delay(GoDuration::from_millis(delay));
            return;
        }
        decision.action = if rule.relay_to.is_some() { Action::Relay } else { Action::Park };
    }

    /// The floor that the failed step asked for and that lets it settle, and the jittered back-off on top, so that
    /// runs which failed together do not come back together.
    fn delay(&self, failure: &Failure, lineage: &Lineage, now: Timestamp, entropy: u64) -> u64 {
        let asked = failure
            .retry_hint
            .map_or(0, |hint| millis_rounded_up(hint.delay(now)))
            .min(millis_rounded_up(self.retry_after_cap));
        millis_rounded_up(self.settle)
            .max(asked)
            .saturating_add(millis_rounded_up(self.backoff.wait(lineage.attempt(), entropy)))
    }
}
