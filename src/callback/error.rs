//! Why a callback is of no use.

use core::error;

use crate::json::{JsonError, MAX_DEPTH};
use crate::text::Say;

/// Why no [`Failure`](super::Failure) could be read from a callback.
///
/// The sender cannot mend any of these by sending the same bytes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallbackError {
    /// A field that decides appears twice, so that two readers could take it for two different callbacks.
    Duplicate {
        /// The name of the field.
        field: &'static str,
    },
    /// The body ends in the middle of the JSON object, or is empty.
    Incomplete,
    /// A field has a value that it cannot have.
    Invalid {
        /// The name of the field or request header.
        field: &'static str,
        /// What it may be.
        accepted: &'static str,
    },
    /// Neither the body nor the headers say which endpoint failed.
    NoWorkflowUrl,
    /// Neither the body nor the headers name a run: the failure of a plain QStash message.
    NotAWorkflow,
    /// The body is not a JSON object.
    NotAnObject,
    /// The body is not JSON.
    Syntax {
        /// Bytes before the first one that cannot be.
        at: u64,
    },
    /// The body nests arrays and objects too deeply.
    TooDeep,
    /// A field is longer than such a value can be.
    TooLong {
        /// The name of the field.
        field: &'static str,
        /// The bytes it may have, as JSON.
        limit: usize,
    },
}

impl CallbackError {
    named! {
        /// A fixed word for replies, logs and metrics.
        #[must_use]
        pub const fn code(&self) -> &'static str {
            match self {
                Self::Duplicate { .. } => "duplicate_field",
                /// It ends too early.
                Self::Incomplete => "incomplete_body",
                Self::Invalid { .. } => "invalid_field",
                Self::NoWorkflowUrl => "no_workflow_url",
                /// Neither body nor headers name a run: the failure of a plain message.
                Self::NotAWorkflow => "not_a_workflow",
                /// It is JSON, but no object.
                Self::NotAnObject => "not_an_object",
                Self::Syntax { .. } => "invalid_json",
                Self::TooDeep => "too_deep",
                Self::TooLong { .. } => "field_too_long",
            }
        }
    }

    /// The message, before and after what the variant names.
    const fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::Duplicate { .. } => ("callback field `", "` appears twice; each field is accepted once"),
            Self::Incomplete => ("callback body ends too early; one complete JSON object is accepted", ""),
            Self::Invalid { .. } => ("callback field `", "` is invalid; accepted is "),
            Self::NoWorkflowUrl => (
                "callback names no endpoint; accepted is body field `url` or header `Upstash-Workflow-Url`",
                "",
            ),
            Self::NotAWorkflow => (
                "callback is not about a workflow run; ",
                "accepted is body field `workflowRunId` or header `Upstash-Workflow-RunId`",
            ),
            Self::NotAnObject => ("callback body is not an object; one JSON object is accepted", ""),
            Self::Syntax { .. } => ("callback body is not JSON at byte ", "; one JSON object is accepted"),
            Self::TooDeep => ("callback body nests too deeply; ", " levels are accepted"),
            Self::TooLong { .. } => ("callback field `", "` is too long; "),
        }
    }
}

impl Say for CallbackError {
    fn say(&self, text: &mut String) {
        let (before, after) = self.words();
        text.push_str(before);
        match self {
            Self::Duplicate { field } | Self::Invalid { field, .. } | Self::TooLong { field, .. } => {
                text.push_str(field);
            }
            Self::Syntax { at } => at.say(text),
            Self::TooDeep => MAX_DEPTH.say(text),
            Self::Incomplete | Self::NoWorkflowUrl | Self::NotAWorkflow | Self::NotAnObject => {}
        }
        text.push_str(after);
        match self {
            Self::Invalid { accepted, .. } => text.push_str(accepted),
            Self::TooLong { limit, .. } => {
                limit.say(text);
                text.push_str(" bytes are accepted");
            }
            _ => {}
        }
    }
}

display!(CallbackError);

impl error::Error for CallbackError {}

impl From<JsonError> for CallbackError {
    fn from(error: JsonError) -> Self {
        match error {
            JsonError::Duplicate(field) => Self::Duplicate { field },
            JsonError::Incomplete => Self::Incomplete,
            JsonError::NotAnObject => Self::NotAnObject,
            JsonError::Syntax(at) => Self::Syntax { at },
            JsonError::TooDeep => Self::TooDeep,
        }
    }
}
