//! Entries of the dead letter queue and pages of them.

use super::error::{ApiError, bounded};
use crate::ids::{DlqId, RunId};
use crate::json::{Captured, Field, Fields, Over, elements};
use crate::time::{Timestamp, parse_wire_time};

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

    fn from_wire(state: &str) -> Self {
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
    pub(super) fn parse(body: &[u8], asked: &DlqId) -> Result<Self, ApiError> {
        let fields = Fields::of(body, ENTRY)
            .map_err(|_| ApiError::Malformed { what: "no JSON object of a DLQ entry" })?;
        Self::from_fields(fields, Some(asked))
    }

    fn from_fields(mut fields: Fields, asked: Option<&DlqId>) -> Result<Self, ApiError> {
        let dlq_id = match (fields.word("dlqId"), asked) {
            (Some(id), _) => {
                DlqId::new(id).map_err(|_| ApiError::Malformed { what: "a `dlqId` that is no DLQ id" })?
            }
            (None, Some(asked)) => asked.clone(),
            (None, None) => return Err(ApiError::Malformed { what: "a DLQ entry without `dlqId`" }),
        };
        let run_id = fields
            .word("workflowRunId")
            .map(RunId::new)
            .transpose()
            .map_err(|_| ApiError::Malformed { what: "a `workflowRunId` that is no run id" })?;
        // `label` repeats the first of `labels`, or is all there is in older answers.
        let mut labels = fields.strings("labels");
        if labels.is_empty() {
            labels.extend(fields.word("label"));
        }
        // The OpenAPI description names the first, older answers the second, the type of the official SDK the third.
        let state = fields
            .word("failureFunctionState")
            .or_else(|| fields.word("failureCallbackState"))
            .or_else(|| callback_info_state(&fields.raw("failureCallbackInfo")?));
        let mut time = |name| fields.text(name).and_then(|time| parse_wire_time(&time));
        Ok(Self {
            dlq_id,
            run_id,
            created_at: time("createdAt"),
            workflow_created_at: time("workflowCreatedAt"),
            workflow_url: fields.word("workflowUrl").map(|url| bounded(&url, MAX_TEXT_BYTES)),
            response_status: fields
                .text("responseStatus")
                .and_then(|status| status.parse().ok())
                .filter(|status: &u16| *status > 0),
            labels: labels
                .iter()
                .filter(|label| !label.is_empty())
                .map(|label| bounded(label, MAX_TEXT_BYTES))
                .collect(),
            callback_state: state.map(|state| CallbackState::from_wire(&state)),
        })
    }
}

fn callback_info_state(info: &[u8]) -> Option<String> {
    const FIELDS: &[Field] = &[short("state")];
    Fields::of(info, FIELDS).ok()?.word("state")
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

const fn short(name: &'static str) -> Field {
    Field { name, limit: 4 * 1024, over: Over::Drop }
}

/// Longer than any label or URL that is kept, escapes included.
const fn long(name: &'static str) -> Field {
    Field { name, limit: 128 * 1024, over: Over::Drop }
}

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
    pub(super) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        const FIELDS: &[Field] =
            &[Field { name: "messages", limit: usize::MAX, over: Over::Drop }, short("cursor")];

        let malformed = ApiError::Malformed { what: "no JSON object with a list `messages` of DLQ entries" };
        let mut page = Fields::of(body, FIELDS).map_err(|_| malformed.clone())?;
        let messages = match page.take("messages") {
            // Go writes an empty list as `null`.
            Captured::Value { raw, .. } if raw == b"null" => Vec::new(),
            Captured::Value { raw, .. } if raw.starts_with(b"[") => raw,
            _ => return Err(malformed),
        };
        let entry = |message| {
            let fields = Fields::of(message, ENTRY).map_err(|_| malformed.clone())?;
            Entry::from_fields(fields, None)
        };
        let entries: Result<Vec<Entry>, ApiError> = elements(&messages).map(entry).collect();
        Ok(Self { entries: entries?, cursor: page.word("cursor") })
    }
}
