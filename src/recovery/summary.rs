//! A conclusion as JSON: the body of the reply, and the core of the log line.

use core::time::Duration;

use super::{Conclusion, Outcome, Revival};
use crate::{
    ids::{DlqId, RunId},
    json::Object,
    time::Timestamp,
};

plain! {
    /// What came of a failure callback.
    #[ts(rename = "CallbackResult")]
    Summary<'a> by summary(conclusion: &'a Conclusion) {
        #[ts(type = "Outcome | \"refused\"")]
        outcome as "outcome": &'static str = conclusion.outcome.as_ref().map_or("refused", Outcome::name),
        /// Why: of a decision, or the code of an error.
        reason as "reason": Option<&'static str> = reason(conclusion),
        /// Of a dry run: what would have been done.
        #[ts(as = "Option<crate::policy::Action>")]
        decision as "decision": Option<&'static str> = decision(conclusion),
        /// The name of the rule that matched.
        rule as "rule": Option<&'a str> = conclusion.subject.rule.as_deref(),
        /// The run that failed.
        run_id as "runId": Option<&'a str> = conclusion.subject.run_id.as_ref().map(RunId::as_str),
        dlq_id as "dlqId": Option<&'a str> = conclusion.subject.dlq_id.as_ref().map(DlqId::as_str),
        /// The run that was created, where an answer named it.
        new_run_id as "newRunId": Option<&'a str> =
            revival(conclusion).and_then(|revival| revival.new_run_id.as_ref()).map(RunId::as_str),
        /// The run that failed first, of which this one is a descendant or which it is itself.
        root_run_id as "rootRunId": Option<&'a str> = conclusion.subject.root_run_id.as_ref().map(RunId::as_str),
        /// Resumes and restarts of the run and its ancestors, this one included.
        attempt as "attempt": Option<u32> = conclusion.subject.attempt,
        /// How long QStash waits before the new run starts.
        delay_seconds as "delaySeconds": Option<u64> = delay(conclusion).map(|delay| delay.as_secs()),
        /// Of a deferral: when it may be taken up again, where that is known.
        until as "until": Option<u64> = until(conclusion),
        /// Whether it is the answer to an earlier delivery of the callback.
        duplicate as "duplicate": Option<bool> = conclusion.duplicate.then_some(true),
    }
}

/// The same as a text.
pub(super) fn told(conclusion: &Conclusion) -> String {
    let mut object = Object::new();
    summary(&mut object, conclusion);
    object.end()
}

impl Conclusion {
    /// The conclusion as replies and the ledger have it, a JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        told(self)
    }
}

pub(super) const fn reason(conclusion: &Conclusion) -> Option<&'static str> {
    match &conclusion.outcome {
        Ok(Outcome::DryRun { reason, .. }) => Some(reason.code()),
        Ok(Outcome::Deferred { reason, .. } | Outcome::Parked { reason }) => Some(reason),
        Ok(_) => None,
        Err(refusal) => Some(refusal.code()),
    }
}

const fn decision(conclusion: &Conclusion) -> Option<&'static str> {
    match &conclusion.outcome {
        Ok(Outcome::DryRun { action, .. }) => Some(action.name()),
        _ => None,
    }
}

const fn revival(conclusion: &Conclusion) -> Option<&Revival> {
    match &conclusion.outcome {
        Ok(Outcome::Restarted(revival) | Outcome::Resumed(revival)) => Some(revival),
        _ => None,
    }
}

fn until(conclusion: &Conclusion) -> Option<u64> {
    match &conclusion.outcome {
        Ok(Outcome::Deferred { until, .. }) => until.map(Timestamp::as_millis),
        _ => None,
    }
}

pub(super) fn delay(conclusion: &Conclusion) -> Option<Duration> {
    match &conclusion.outcome {
        Ok(Outcome::DryRun { delay, .. }) => *delay,
        _ => revival(conclusion).map(|revival| revival.delay),
    }
}
