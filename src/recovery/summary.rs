//! A conclusion as JSON: the body of the reply, and the core of the log line.

use super::{Conclusion, Outcome};

plain! {
    /// What came of a failure callback.
    #[ts(rename = "CallbackResult")]
    Summary<'a> {
        #[ts(type = "Outcome | \"refused\"")]
        outcome as "outcome": &'static str,
        /// Why: of a decision, or the code of an error.
        reason as "reason": Option<&'static str>,
        /// Of a dry run: what would have been done.
        #[ts(as = "Option<crate::policy::Action>")]
        decision as "decision": Option<&'static str>,
        /// The name of the rule that matched.
        rule as "rule": Option<&'a str>,
        /// The run that failed.
        run_id as "runId": Option<&'a str>,
        dlq_id as "dlqId": Option<&'a str>,
        /// The run that was created, where an answer named it.
        new_run_id as "newRunId": Option<&'a str>,
        /// The run that failed first, of which this one is a descendant or which it is itself.
        root_run_id as "rootRunId": Option<&'a str>,
        /// Resumes and restarts of the run and its ancestors, this one included.
        attempt as "attempt": Option<u32>,
        /// How long QStash waits before the new run starts.
        delay_seconds as "delaySeconds": Option<u64>,
        /// Whether it is the answer to an earlier delivery of the callback.
        duplicate as "duplicate": Option<bool>,
    }
}

impl<'a> Summary<'a> {
    pub(super) fn of(conclusion: &'a Conclusion) -> Self {
        let subject = &conclusion.subject;
        let mut summary = Self {
            rule: subject.rule.as_deref(),
            run_id: subject.run_id.as_ref().map(AsRef::as_ref),
            dlq_id: subject.dlq_id.as_ref().map(AsRef::as_ref),
            root_run_id: subject.root_run_id.as_ref().map(AsRef::as_ref),
            attempt: subject.attempt,
            duplicate: conclusion.duplicate.then_some(true),
            ..Self::refused("")
        };
        match &conclusion.outcome {
            Ok(outcome) => summary.tell(outcome),
            Err(refusal) => summary.reason = Some(refusal.code()),
        }
        summary
    }

    /// Nothing was done, and nothing is known of the run.
    pub(super) const fn refused(code: &'static str) -> Self {
        Self {
            outcome: "refused",
            reason: Some(code),
            decision: None,
            rule: None,
            run_id: None,
            dlq_id: None,
            new_run_id: None,
            root_run_id: None,
            attempt: None,
            delay_seconds: None,
            duplicate: None,
        }
    }

    fn tell(&mut self, outcome: &'a Outcome) {
        (self.outcome, self.reason) = (outcome.name(), None);
        match outcome {
            Outcome::Deleted | Outcome::Gone => {}
            Outcome::DryRun { action, reason, delay } => {
                self.decision = Some(action.name());
                self.reason = Some(reason.code());
                self.delay_seconds = delay.map(|delay| delay.as_secs());
            }
            Outcome::Parked { reason } => self.reason = Some(reason),
            Outcome::Restarted(revival) | Outcome::Resumed(revival) => {
                self.new_run_id = revival.new_run_id.as_ref().map(AsRef::as_ref);
                self.delay_seconds = Some(revival.delay.as_secs());
            }
        }
    }
}
