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
    /// Where the failure callback goes, lineage and all; absent where the run has none.
    pub failure_callback: Option<String>,
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
        let dlq_id = match fields.word("dlqId") {
            Some(id) => DlqId::new(id).ok(),
            None => asked.cloned(),
        };
        let Some(dlq_id) = dlq_id else { return Err(ApiError::malformed("no sound `dlqId` of a DLQ entry")) };
        let mut run_id = None;
        if let Some(id) = fields.word("workflowRunId") {
            run_id = RunId::new(id).ok();
            if run_id.is_none() {
                return Err(ApiError::malformed("a `workflowRunId` that is no run id"));
            }
        }
        Ok(Self {
            dlq_id,
            run_id,
            workflow_url: fields.word("workflowUrl").map(|url| bounded(&url, MAX_TEXT_BYTES)),
            response_status: number(&mut fields, "responseStatus")
                .and_then(|status| u16::try_from(status).ok())
                .filter(|status| *status > 0),
            created_at: time(&mut fields, "createdAt"),
            workflow_created_at: time(&mut fields, "workflowCreatedAt"),
            labels: labels(&mut fields),
            callback_state: callback_state(&mut fields),
            failure_callback: fields.word("failureCallback"),
        })
    }
}

/// `label` repeats the first of `labels`, or is all there is in older answers.
fn labels(fields: &mut Fields) -> Vec<String> {
    let mut given = fields.strings("labels");
    if given.is_empty()
        && let Some(label) = fields.word("label")
    {
        given.push(label);
    }
    let mut labels = Vec::new();
    for label in &given {
        let label = bounded(label, MAX_TEXT_BYTES);
        if !label.is_empty() {
            labels.push(label);
        }
    }
    labels
}

/// The OpenAPI description names the first, older answers the second, the type of the official SDK the third.
fn callback_state(fields: &mut Fields) -> Option<CallbackState> {
    const INFO: &[Field] = &[short("state")];
    let known = state(fields, "failureFunctionState").or_else(|| state(fields, "failureCallbackState"));
    if known.is_some() {
        return known;
    }
    let info = fields.raw("failureCallbackInfo")?;
    state(&mut Fields::of(&info, INFO).ok()?, "state")
}

fn state(fields: &mut Fields, name: &'static str) -> Option<CallbackState> {
    Some(CallbackState::from_wire(&fields.word(name)?))
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
    long("failureCallback"),
];

/// A page of the queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page {
    /// The entries, in an order that nothing promises.
    pub entries: Vec<Entry>,
    /// Where the next page begins; `None` on the last one.
    pub cursor: Option<String>,
}

impl Page {
    /// Adds what a page says.
    pub(crate) fn read(&mut self, body: &[u8]) -> Result<(), ApiError> {
        self.cursor = list(body, PAGE, "messages", NO_PAGE, &mut |message| {
            self.entries.push(Entry::parse(message, None)?);
            Ok(())
        })?;
        Ok(())
    }

    /// Adds one entry; `asked` as for [`Entry::parse`].
    pub(crate) fn read_entry(&mut self, json: &[u8], asked: Option<&DlqId>) -> Result<(), ApiError> {
        self.entries.push(Entry::parse(json, asked)?);
        Ok(())
    }
}

/// Takes an entry, or why it cannot be read, with the JSON that it was read from.
pub(crate) type EachEntry<'a> = &'a mut dyn FnMut(Result<Entry, ApiError>, &[u8]);

/// Reads a page entry by entry, each with the JSON that it was read from; gives the cursor that leads on. Unlike a
/// [`Page`], it goes on after an entry that cannot be read.
pub(crate) fn each_entry(body: &[u8], read: EachEntry<'_>) -> Result<Option<String>, ApiError> {
    list(body, PAGE, "messages", NO_PAGE, &mut |message| {
        read(Entry::parse(message, None), message);
        Ok(())
    })
}

const PAGE: &[Field] = &[whole("messages"), short("cursor")];
const NO_PAGE: &str = "no JSON object with a list `messages` of DLQ entries";
