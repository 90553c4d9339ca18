//! A conclusion as JSON: the body of the reply, and the core of the log line.

use serde::Serialize;

use super::{Conclusion, Outcome};

/// The fields of a conclusion, the absent ones left out.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary<'a> {
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dlq_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_run_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    root_run_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_seconds: Option<u64>,
    #[serde(skip_serializing_if = "core::ops::Not::not")]
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
