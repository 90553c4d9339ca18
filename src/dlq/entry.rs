//! Entries of the dead letter queue and pages of them.

use super::answer::{list, long, number, object, short, time, whole};
use super::error::{ApiError, bounded};
use crate::ids::{DlqId, RunId};
use crate::json::{Field, Fields};
use crate::time::Timestamp;

/// The longest kept workflow URL or label, in bytes.
const MAX_TEXT_BYTES: usize = 8 * 1024;

/// An entry of the dead letter queue: what identifies and dates it. Payload, headers and responses are skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The entry's own id.
    pub dlq_id: DlqId,
    /// The failed run; absent on entries that are no workflow runs.
    pub run_id: Option<RunId>,
    /// The target of the run.
    pub workflow_url: Option<String>,
    /// The status of the last failed delivery; absent where none came.
    pub response_status: Option<u16>,
    /// When the failed message was created.
    pub created_at: Option<Timestamp>,
    /// When the failed run was created.
    pub workflow_created_at: Option<Timestamp>,
    /// The labels of the run.
    pub labels: Vec<String>,
    /// What became of the run's failure callback; absent where it has none.
    pub callback_state: Option<CallbackState>,
}

/// What became of a failure callback (source: Upstash Workflow OpenAPI, `failureFunctionState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum CallbackState {
    /// Not delivered yet.
    InProgress,
    /// Delivered.
    Success,
    /// Given up after its retries.
    Failed,
    /// Canceled by somebody.
    Canceled,
    /// A state that the documentation does not name.
    Unknown,
}

impl CallbackState {
    /// The name on the wire; `None` for [`Unknown`](Self::Unknown).
    #[must_use]
    pub const fn as_wire(self) -> Option<&'static str> {
        match self {
            Self::InProgress => Some("CALLBACK_INPROGRESS"),
            Self::Success => Some("CALLBACK_SUCCESS"),
            Self::Failed => Some("CALLBACK_FAIL"),
            Self::Canceled => Some("CALLBACK_CANCELED"),
            Self::Unknown => None,
        }
    }

    pub(crate) fn from_wire(state: &str) -> Self {
        match state {
            "CALLBACK_INPROGRESS" => Self::InProgress,
            "CALLBACK_SUCCESS" => Self::Success,
            "CALLBACK_FAIL" | "CALLBACK_FAILED" => Self::Failed,
            "CALLBACK_CANCELED" | "CALLBACK_CANCELLED" => Self::Canceled,
            _ => Self::Unknown,
        }
    }
}

impl Entry {
    /// Reads one entry; `asked` stands in for a `dlqId` that the answer leaves out.
    pub(super) fn parse(json: &[u8], asked: Option<&DlqId>) -> Result<Self, ApiError> {
        let mut fields = object(json, ENTRY, "no JSON object of a DLQ entry")?;
        let dlq_id = match (fields.word("dlqId").map(DlqId::new), asked) {
            (Some(Ok(id)), _) => id,
            (None, Some(asked)) => asked.clone(),
            _ => return Err(ApiError::malformed("no sound `dlqId` of a DLQ entry")),
        };
        let run_id = match fields.word("workflowRunId").map(RunId::new) {
            None => None,
            Some(Ok(run_id)) => Some(run_id),
            Some(Err(_)) => return Err(ApiError::malformed("a `workflowRunId` that is no run id")),
        };
        // `label` repeats the first of `labels`, or is all there is in older answers.
        let mut labels = fields.strings("labels");
        if labels.is_empty() {
            labels.extend(fields.word("label"));
        }
        labels.retain_mut(|label| {
            *label = bounded(label, MAX_TEXT_BYTES);
            !label.is_empty()
        });
        Ok(Self {
            dlq_id,
            run_id,
            created_at: time(&mut fields, "createdAt"),
            workflow_created_at: time(&mut fields, "workflowCreatedAt"),
            workflow_url: fields.word("workflowUrl").map(|url| bounded(&url, MAX_TEXT_BYTES)),
            response_status: match number(&mut fields, "responseStatus").map(u16::try_from) {
                Some(Ok(status)) if status > 0 => Some(status),
                _ => None,
            },
            labels,
            callback_state: callback_state(&mut fields).map(|state| CallbackState::from_wire(&state)),
        })
    }
}

/// The OpenAPI description names the first, older answers the second, the type of the official SDK the third.
fn callback_state(fields: &mut Fields) -> Option<String> {
    const INFO: &[Field] = &[short("state")];
    for name in ["failureFunctionState", "failureCallbackState"] {
        if let Some(state) = fields.word(name) {
            return Some(state);
        }
    }
    Fields::of(&fields.raw("failureCallbackInfo")?, INFO).ok()?.word("state")
}

/// The fields that are kept; the others, payloads among them, are skipped.
const ENTRY: &[Field] = &[
    short("dlqId"),
    short("workflowRunId"),
    long("workflowUrl"),
    short("responseStatus"),
    short("createdAt"),
    short("workflowCreatedAt"),
    long("label"),
    long("labels"),
    short("failureFunctionState"),
    short("failureCallbackState"),
    long("failureCallbackInfo"),
];

/// A page of the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page {
    /// The entries, in an order that nothing promises.
    pub entries: Vec<Entry>,
    /// Where the next page begins; `None` on the last one.
    pub cursor: Option<String>,
}

impl Page {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        const FIELDS: &[Field] = &[whole("messages"), short("cursor")];
        const WHAT: &str = "no JSON object with a list `messages` of DLQ entries";
        let mut entries = Vec::new();
        let cursor = list(body, FIELDS, "messages", WHAT, &mut |message| {
            entries.push(Entry::parse(message, None)?);
            Ok(())
        })?;
        Ok(Self { entries, cursor })
    }

    /// One entry as if it were a page; `asked` as for [`Entry::parse`].
    pub(crate) fn of_one(json: &[u8], asked: Option<&DlqId>) -> Result<Self, ApiError> {
        Ok(Self { entries: vec![Entry::parse(json, asked)?], cursor: None })
    }
}
