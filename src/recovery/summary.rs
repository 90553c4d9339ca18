//! A conclusion as JSON: the body of the reply, and the core of the log line.

use serde::Serialize;

use super::{Conclusion, Outcome};

/// What came of a failure callback.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "CallbackResult", optional_fields))]
pub(crate) struct Summary<'a> {
    #[cfg_attr(test, ts(type = "Outcome | \"refused\""))]
    outcome: &'static str,
    /// Why: of a decision, or the code of an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// Of a dry run: what would have been done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(as = "Option<crate::policy::Action>"))]
    decision: Option<&'static str>,
    /// The name of the rule that matched.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a str>,
    /// The run that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dlq_id: Option<&'a str>,
    /// The run that was created, where an answer named it.
    #[serde(skip_serializing_if = "Option::is_none")]
    new_run_id: Option<&'a str>,
    /// The run that failed first, of which this one is a descendant or which it is itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    root_run_id: Option<&'a str>,
    /// Resumes and restarts of the run and its ancestors, this one included.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
    /// How long QStash waits before the new run starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_seconds: Option<u64>,
    /// Whether it is the answer to an earlier delivery of the callback.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    #[cfg_attr(test, ts(optional, as = "Option<bool>"))]
    duplicate: bool,
}

impl<'a> Summary<'a> {
    pub(super) fn of(conclusion: &'a Conclusion) -> Self {
        let subject = &conclusion.subject;
        let summary = Self {
            rule: subject.rule.as_deref(),
            run_id: subject.run_id.as_ref().map(AsRef::as_ref),
            dlq_id: subject.dlq_id.as_ref().map(AsRef::as_ref),
            root_run_id: subject.root_run_id.as_ref().map(AsRef::as_ref),
            attempt: subject.attempt,
            duplicate: conclusion.duplicate,
            ..Self::default()
        };
        match &conclusion.outcome {
            Ok(outcome) => summary.with(outcome),
            Err(refusal) => Self { outcome: "refused", reason: Some(refusal.code()), ..summary },
        }
    }

    fn with(mut self, outcome: &'a Outcome) -> Self {
        self.outcome = outcome.name();
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
        self
    }
}
