//! What came of a callback.

use core::time::Duration;

use super::Refusal;
use crate::{
    callback::Failure,
    ids::{DlqId, RunId},
    lineage::Lineage,
    policy::{Action, Decision, FailureClass, Reason},
    time::Timestamp,
};

/// What came of one callback.
#[derive(Clone, Debug, PartialEq)]
pub struct Conclusion {
    /// What was done, or why nothing could be.
    pub outcome: Result<Outcome, Refusal>,
    /// What the callback was about, as far as it came to be known.
    pub subject: Subject,
    /// Whether an earlier delivery of the callback came to this conclusion already.
    pub duplicate: bool,
    /// What the DLQ API said where it did not do what was asked; for the log, never for the caller.
    pub detail: Option<String>,
}

/// The failed run that a callback is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The failed run.
    pub run_id: Option<RunId>,
    /// Its entry in the DLQ.
    pub dlq_id: Option<DlqId>,
    /// The run that failed first in this lineage.
    pub root_run_id: Option<RunId>,
    /// How many resumes and restarts the lineage has had, the one of this conclusion included.
    pub attempt: Option<u32>,
    /// Status of the run's last delivery; 0 is unreachable.
    pub failure_status: Option<u16>,
    /// What kind of failure it is.
    pub failure_class: Option<FailureClass>,
    /// What failures of the same kind have in common.
    pub fingerprint: Option<String>,
    /// The rule that decided.
    pub rule: Option<String>,
    /// What breaker and budgets count the run by.
    pub target: Option<String>,
}

/// What was done about a failed run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The entry stays in the DLQ for us: it is taken up again later, and no attempt is spent.
    Deferred {
        /// Why: the code of a [`Reason`], or what holds its target back.
        reason: &'static str,
        /// When it may be taken up again, where that is known.
        until: Option<Timestamp>,
    },
    /// The entry was deleted from the DLQ, because a rule says so.
    Deleted,
    /// Nothing, because the policy is a dry run; this would have been done.
    DryRun {
        /// What the policy decided.
        action: Action,
        /// Why.
        reason: Reason,
        /// The delay that the run would have got.
        delay: Option<Duration>,
    },
    /// The entry is no longer in the DLQ: it was resumed, restarted or deleted by somebody else, or expired.
    Gone,
    /// The entry stays in the DLQ for a person.
    Parked {
        /// Why: the code of a [`Reason`], `relayed` where its callback was handed on because a rule says so,
        /// `lineage_lost` of a run that we brought back and whose failure came without a lineage, `too_large_to_relay`, `no_callback_to_relay` or `relay_to_ourselves` where it could not be, or
        /// `refused_by_api`.
        reason: &'static str,
    },
    /// A new run starts from the first step.
    Restarted(Revival),
    /// A new run goes on from the failed step.
    Resumed(Revival),
}

/// A run that a resume or restart created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revival {
    /// The new run; unknown where the API's answer was lost and the entry turned out to be gone.
    pub new_run_id: Option<RunId>,
    /// How long QStash waits before it starts.
    pub delay: Duration,
}

impl Conclusion {
    /// A callback that was turned away before anything was known of it.
    #[must_use]
    pub fn refused(refusal: Refusal) -> Self {
        Subject::default().concluded(Err(refusal))
    }
}

impl Subject {
    pub(super) fn new(failure: &Failure, lineage: &Lineage, decision: &Decision) -> Self {
        Self {
            run_id: Some(failure.run_id.clone()),
            dlq_id: failure.dlq_id.clone(),
            root_run_id: Some(lineage.root_run().clone()),
            attempt: Some(lineage.attempt()),
            failure_status: Some(failure.status),
            failure_class: Some(decision.class),
            fingerprint: Some(decision.fingerprint.clone()),
            rule: Some(decision.rule.clone()),
            target: Some(decision.target.clone()),
        }
    }

    pub(super) fn concluded(self, outcome: Result<Outcome, Refusal>) -> Conclusion {
        Conclusion { outcome, subject: self, duplicate: false, detail: None }
    }
}

impl Outcome {
    named! {
        /// A stable, machine-readable name.
        #[must_use]
        pub const fn name(&self) -> &'static str {
            match self {
                Self::Deferred { .. } => "deferred",
                Self::Deleted => "deleted",
                Self::DryRun { .. } => "dry_run",
                Self::Gone => "gone",
                Self::Parked { .. } => "parked",
                Self::Restarted(_) => "restarted",
                Self::Resumed(_) => "resumed",
            }
        }
    }

    /// Whether the entry was acted on, so that another delivery must not act again.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Deleted | Self::Gone | Self::Restarted(_) | Self::Resumed(_) => true,
            Self::Deferred { .. } | Self::DryRun { .. } | Self::Parked { .. } => false,
        }
    }
}
