//! Conclusions that were written down, read again.

use core::time::Duration;

use super::{
    Conclusion, Outcome,
    conclusion::{Revival, Subject},
};
use crate::{
    ids::{DlqId, RunId},
    json::{Field, Fields, Over},
    time::{Timestamp, decimal},
};

/// Why an entry is left in the queue, in the words that conclusions use. An older or newer version may have had others.
const REASONS: &[&str] = &[
    "attempts_exhausted",
    "backlog_full",
    "breaker_open",
    "budget_spent",
    "callback_canceled",
    "draining",
    "elapsed_budget_spent",
    "entry_incomplete",
    "lineage_lost",
    "malformed_lineage",
    "no_callback_to_relay",
    "paused",
    "refused_by_api",
    "relay_to_ourselves",
    "relayed",
    "too_large_to_relay",
];

/// A reason by its words; one that was never heard of was a rule's.
pub(crate) fn known_reason(words: &str) -> &'static str {
    REASONS.iter().copied().find(|reason| *reason == words).unwrap_or("rule")
}

impl Conclusion {
    /// Reads what a conclusion told of itself: an outcome, for nothing else is kept.
    pub(crate) fn recall(json: &str) -> Option<Self> {
        let mut fields = Fields::of(json.as_bytes(), FIELDS).ok()?;
        let mut number = |name| decimal(&fields.text(name)?);
        let (attempt, delay, until) = (number("attempt"), number("delaySeconds"), number("until"));
        let said = fields.word("reason").unwrap_or_default();
        let reason = known_reason(&said);
        let new_run_id = fields.word("newRunId").and_then(|id| RunId::new(id).ok());
        let revival = Revival { new_run_id, delay: Duration::from_secs(delay.unwrap_or_default()) };
        let outcome = match fields.word("outcome")?.as_str() {
            "deferred" => Outcome::Deferred { reason, until: until.map(Timestamp::from_millis) },
            "deleted" => Outcome::Deleted,
            "gone" => Outcome::Gone,
            "parked" => Outcome::Parked { reason },
            "restarted" => Outcome::Restarted(revival),
            "resumed" => Outcome::Resumed(revival),
            _ => return None,
        };
        let mut run = |name| RunId::new(fields.word(name)?).ok();
        let subject = Subject {
            run_id: run("runId"),
            root_run_id: run("rootRunId"),
            dlq_id: fields.word("dlqId").and_then(|id| DlqId::new(id).ok()),
            attempt: attempt.and_then(|attempt| u32::try_from(attempt).ok()),
            rule: fields.word("rule"),
            target: None,
            ..Subject::default()
        };
        Some(subject.concluded(Ok(outcome)))
    }

    /// Whether the entry was acted on, so that nobody must act on it again.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.outcome.as_ref().is_ok_and(Outcome::is_final)
    }

    /// The run that was created, where its id is known.
    #[must_use]
    pub fn new_run_id(&self) -> Option<&RunId> {
        match &self.outcome {
            Ok(Outcome::Restarted(revival) | Outcome::Resumed(revival)) => revival.new_run_id.as_ref(),
            _ => None,
        }
    }
}

const fn field(name: &'static str) -> Field {
    Field { name, limit: 64 * 1024, over: Over::Drop }
}

const FIELDS: &[Field] = &[
    field("outcome"),
    field("reason"),
    field("rule"),
    field("runId"),
    field("dlqId"),
    field("newRunId"),
    field("rootRunId"),
    field("attempt"),
    field("delaySeconds"),
    field("until"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recovery::{Refusal, summary::told};

    fn conclusion(outcome: Outcome) -> Conclusion {
        let run = |id: &str| Some(RunId::new(id).unwrap());
        let subject = Subject {
            run_id: run("wfr_b"),
            root_run_id: run("wfr_a"),
            dlq_id: Some(DlqId::new("1-2").unwrap()),
            attempt: Some(3),
            failure_status: None,
            failure_class: None,
            fingerprint: None,
            rule: Some("transient".to_owned()),
            target: None,
        };
        subject.concluded(Ok(outcome))
    }

    #[test]
    fn every_outcome_is_read_back_as_it_was_told() {
        let revival = |id: Option<&str>| Revival {
            new_run_id: id.map(|id| RunId::new(id).unwrap()),
            delay: Duration::from_secs(12),
        };
        for outcome in [
            Outcome::Deleted,
            Outcome::Gone,
            Outcome::Parked { reason: "rule" },
            Outcome::Parked { reason: "elapsed_budget_spent" },
            Outcome::Deferred { reason: "breaker_open", until: None },
            Outcome::Deferred { reason: "rule", until: Some(Timestamp::from_secs(7)) },
            Outcome::Restarted(revival(Some("wfr_c"))),
            Outcome::Resumed(revival(None)),
        ] {
            let conclusion = conclusion(outcome);
            assert_eq!(Conclusion::recall(&told(&conclusion)), Some(conclusion));
        }
        let refused = Conclusion::refused(Refusal::Pending);
        for json in ["", "{}", "[]", r#"{"outcome":"mended"}"#, &told(&refused)] {
            assert_eq!(Conclusion::recall(json), None, "{json}");
        }
    }
}
