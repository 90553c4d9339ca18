//! Which failures a rule is for.

use super::{StatusRange, Wildcard};
use crate::{callback::Failure, text};

/// Which failures a rule is for: every key that is set must match, and a key with several values matches if one of
/// them does. With no key set it matches every failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// The HTTP status of the last delivery: `503`, `"5xx"`, `"500-504"`, `"unreachable"`.
    pub status: Vec<StatusRange>,
    /// The workflow's URL; `*` stands for any characters.
    pub url: Vec<Wildcard>,
    /// A label of the run.
    pub label: Vec<Wildcard>,
    /// The name of the error that was thrown, such as `TimeoutError`.
    pub error: Vec<Wildcard>,
    /// Text that the error message contains.
    pub message: Vec<String>,
    /// The name of the step that failed; recent SDKs report it.
    pub step: Vec<Wildcard>,
}

impl Condition {
    /// Whether this failure is one of those.
    #[must_use]
    pub fn matches(&self, failure: &Failure) -> bool {
        let error = failure.error.as_ref();
        let name = error.and_then(|error| error.name.as_ref().map(AsRef::as_ref));
        let message = error.map(|error| error.message.as_str());
        holds(&self.status, |range| range.contains(failure.status))
            && holds(&self.url, |pattern| pattern.matches(&failure.workflow_url))
            && holds(&self.label, |pattern| failure.labels.iter().any(|label| pattern.matches(label)))
            && holds(&self.error, |pattern| name.is_some_and(|name| pattern.matches(name)))
            && holds(&self.message, |part| message.is_some_and(|message| text::find(message, part).is_some()))
            && holds(&self.step, |pattern| {
                failure.step_name.as_deref().is_some_and(|step| pattern.matches(step))
            })
    }
}

fn holds<T>(alternatives: &[T], matches: impl Fn(&T) -> bool) -> bool {
    alternatives.is_empty() || alternatives.iter().any(matches)
}
