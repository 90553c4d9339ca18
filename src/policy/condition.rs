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
        (self.status.is_empty() || self.status.iter().any(|range| range.contains(failure.status)))
            && covers(&self.url, Some(&failure.workflow_url))
            && (self.label.is_empty() || failure.labels.iter().any(|label| covers(&self.label, Some(label))))
            && covers(&self.error, name)
            && (self.message.is_empty()
                || self
                    .message
                    .iter()
                    .any(|part| message.is_some_and(|message| text::find(message, part).is_some())))
            && covers(&self.step, failure.step_name.as_deref())
    }
}

/// Whether one of the patterns covers the text; none at all ask for nothing.
fn covers(patterns: &[Wildcard], text: Option<&str>) -> bool {
    patterns.is_empty() || text.is_some_and(|text| patterns.iter().any(|pattern| pattern.matches(text)))
}
