//! One callback as a data point for analytics: a few words to group by, and numbers to add up.

use super::{
    Conclusion, Timings,
    summary::{delay, reason},
};
use crate::{callback::Excerpt, policy::FailureClass, time::millis};

/// The most bytes of a word. Cloudflare takes 16 KB of them in one data point.
const MAX_WORD: usize = 256;

/// The most bytes of the index, by Cloudflare's limits.
const MAX_INDEX: usize = 96;

/// A data point as Cloudflare's Analytics Engine takes it. The places of words and numbers are what queries go by: new ones
/// are added at the end.
#[derive(Clone, Debug, PartialEq)]
pub struct DataPoint {
    /// What is sampled by: the target, at most 96 bytes of it.
    pub index: String,
    /// `blob1` to `blob6`: outcome, reason, rule, target, class, fingerprint; empty where there is none.
    pub words: [String; 6],
    /// `double1` to `double7`: attempt, status of the failing delivery, milliseconds from arrival to reply, milliseconds
    /// of these spent on waiting for the DLQ API, calls of it, seconds that a new run waits, 1 for a duplicate.
    pub numbers: [u64; 7],
}

impl DataPoint {
    /// The data point of one callback: no ids, no payload, no words of the application's own.
    #[must_use]
    pub fn new(conclusion: &Conclusion, timings: Timings) -> Self {
        let subject = &conclusion.subject;
        let target = subject.target.as_deref().unwrap_or_default();
        let words = [
            conclusion.outcome.as_ref().map_or("refused", super::Outcome::name),
            reason(conclusion).unwrap_or_default(),
            subject.rule.as_deref().unwrap_or_default(),
            target,
            subject.failure_class.map_or("", FailureClass::name),
            subject.fingerprint.as_deref().unwrap_or_default(),
        ];
        Self {
            index: cut(target, MAX_INDEX),
            words: words.map(|word| cut(word, MAX_WORD)),
            numbers: [
                subject.attempt.unwrap_or_default().into(),
                subject.failure_status.unwrap_or_default().into(),
                millis(timings.total),
                millis(timings.api),
                timings.api_calls.into(),
                delay(conclusion).map_or(0, |delay| delay.as_secs()),
                conclusion.duplicate.into(),
            ],
        }
    }
}

fn cut(text: &str, most: usize) -> String {
    Excerpt::new(text, most).as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::recovery::{Outcome, Refusal, Revival, Subject};

    #[test]
    fn a_data_point_tells_what_came_of_a_callback_and_of_whom() {
        let subject = Subject {
            attempt: Some(2),
            failure_status: Some(503),
            failure_class: Some(FailureClass::ServerError),
            fingerprint: Some("0123456789abcdef".to_owned()),
            rule: Some("ä".repeat(200)),
            target: Some("https://shop.example/".to_owned() + &"x".repeat(300)),
            ..Subject::default()
        };
        let revival = Revival { new_run_id: None, delay: Duration::from_secs(25) };
        let mut conclusion = subject.concluded(Ok(Outcome::Resumed(revival)));
        conclusion.duplicate = true;
        let timings =
            Timings { total: Duration::from_millis(12), api: Duration::from_millis(9), api_calls: 1 };
        let point = DataPoint::new(&conclusion, timings);
        let [outcome, reason, rule, target, class, fingerprint] = point.words;
        assert_eq!(
            [outcome, reason, class, fingerprint],
            ["resumed", "", "server_error", "0123456789abcdef"]
        );
        assert_eq!((rule, target.len(), point.index.len()), ("ä".repeat(128), 256, 96));
        assert_eq!(point.numbers, [2, 503, 12, 9, 1, 25, 1]);
    }

    #[test]
    fn what_was_turned_away_has_a_reason_and_nothing_else() {
        let point = DataPoint::new(&Conclusion::refused(Refusal::Pending), Timings::default());
        assert_eq!((point.index.as_str(), point.numbers), ("", [0; 7]));
        assert_eq!(point.words, ["refused", "in_progress", "", "", "", ""]);
    }
}
