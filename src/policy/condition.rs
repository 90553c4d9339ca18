//! Which failures a rule is for.

use super::{Age, Attempts, Facts, FailureClass, Regex, StatusRange, Wildcard};
use crate::{settings::Region, text};

/// Which failures a rule is for: every key that is set must match, and a key with several values matches if one of
/// them does. With no key set it matches every failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// The HTTP status of the last delivery: `503`, `"5xx"`, `"500-504"`, `"unreachable"`.
    pub status: Vec<StatusRange>,
    /// The class of the failure.
    pub class: Vec<FailureClass>,
    /// The region that the callback came from; `None` for callbacks that name none.
    pub region: Vec<Option<Region>>,
    /// The resumes and restarts that led to the run.
    pub attempt: Vec<Attempts>,
    /// The time since the lineage's first failure.
    pub age: Vec<Age>,
    /// The workflow's URL; `*` stands for any characters.
    pub url: Vec<Wildcard>,
    /// A label of the run.
    pub label: Vec<Wildcard>,
    /// The name of the error that was thrown, such as `TimeoutError`.
    pub error: Vec<Wildcard>,
    /// The name of the step that failed; recent SDKs report it.
    pub step: Vec<Wildcard>,
    /// The failure's fingerprint, as log lines have it.
    pub fingerprint: Vec<String>,
    /// Text that the error message contains.
    pub message: Vec<String>,
    /// A pattern that is found in the error message.
    pub regex: Vec<Regex>,
}

impl Condition {
    /// Whether this failure is one of those.
    #[must_use]
    pub fn matches(&self, facts: &Facts<'_>) -> bool {
        self.failing(facts).is_none()
    }

    /// The first key that does not match.
    pub(super) fn failing(&self, facts: &Facts<'_>) -> Option<&'static str> {
        let failure = facts.failure;
        if !any(&self.status, |range| range.contains(failure.status)) {
            return Some("status");
        }
        if !any(&self.class, |class| *class == facts.class) {
            return Some("class");
        }
        if !any(&self.region, |region| *region == failure.region) {
            return Some("region");
        }
        if !any(&self.attempt, |range| range.contains(facts.lineage.attempt())) {
            return Some("attempt");
        }
        if !any(&self.age, |range| range.contains(facts.age)) {
            return Some("age");
        }
        if !covers(&self.url, Some(&failure.workflow_url)) {
            return Some("url");
        }
        if !self.label.is_empty() && !failure.labels.iter().any(|label| covers(&self.label, Some(label))) {
            return Some("label");
        }
        if !covers(&self.error, facts.error_name()) {
            return Some("error");
        }
        if !covers(&self.step, failure.step_name.as_deref()) {
            return Some("step");
        }
        if !any(&self.fingerprint, |fingerprint| *fingerprint == facts.fingerprint) {
            return Some("fingerprint");
        }
        let message = facts.message();
        if !any(&self.message, |part| message.is_some_and(|message| text::find(message, part).is_some())) {
            return Some("message");
        }
        if !any(&self.regex, |regex| message.is_some_and(|message| regex.is_match(message))) {
            return Some("regex");
        }
        None
    }

    /// Whether every failure that the other is for is one of these. A `false` may be wrong: it means that this cannot be
    /// told key by key.
    pub(super) fn covers(&self, other: &Self) -> bool {
        all(&self.status, &other.status, |ours, theirs| ours.covers(*theirs))
            && all(&self.class, &other.class, PartialEq::eq)
            && all(&self.region, &other.region, PartialEq::eq)
            && all(&self.attempt, &other.attempt, |ours, theirs| ours.covers(*theirs))
            && all(&self.age, &other.age, |ours, theirs| ours.covers(*theirs))
            && all(&self.url, &other.url, Wildcard::covers)
            && all(&self.label, &other.label, Wildcard::covers)
            && all(&self.error, &other.error, Wildcard::covers)
            && all(&self.step, &other.step, Wildcard::covers)
            && all(&self.fingerprint, &other.fingerprint, PartialEq::eq)
            && all(&self.message, &other.message, |ours, theirs| text::find(theirs, ours).is_some())
            && all(&self.regex, &other.regex, PartialEq::eq)
    }
}

/// Whether one of the values will do; none at all ask for nothing.
fn any<T>(values: &[T], will_do: impl Fn(&T) -> bool) -> bool {
    values.is_empty() || values.iter().any(will_do)
}

/// Whether one of the patterns covers the text.
fn covers(patterns: &[Wildcard], text: Option<&str>) -> bool {
    any(patterns, |pattern| text.is_some_and(|text| pattern.matches(text)))
}

/// Whether what one of their values asks for is always what one of ours asks for.
fn all<T>(ours: &[T], theirs: &[T], covers: impl Fn(&T, &T) -> bool) -> bool {
    /// Longer lists are not worth the time.
    const LIMIT: usize = 10_000;
    ours.is_empty()
        || (!theirs.is_empty()
            && ours.len().saturating_mul(theirs.len()) <= LIMIT
            && theirs.iter().all(|their| ours.iter().any(|our| covers(our, their))))
}
