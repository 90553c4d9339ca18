//! Entries of the dead letter queue and pages of them.

use serde::{Deserialize, Deserializer};

use super::error::{ApiError, bounded};
use crate::ids::{DlqId, RunId};
use crate::time::{Timestamp, WireTime};

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
        let raw: RawEntry = serde_json::from_slice(body)
            .map_err(|_| ApiError::Malformed { what: "no JSON object of a DLQ entry" })?;
        raw.into_entry(Some(asked))
    }
}

/// A page of the queue.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) entries: Vec<Entry>,
    /// Where the next page begins; `None` on the last one.
    pub(super) cursor: Option<String>,
}

impl Page {
    pub(super) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        #[derive(Deserialize)]
        struct RawPage {
            #[serde(deserialize_with = "null_as_empty")]
            messages: Vec<RawEntry>,
            cursor: Option<String>,
        }

        let page: RawPage = serde_json::from_slice(body).map_err(|_| ApiError::Malformed {
            what: "no JSON object with a list `messages` of DLQ entries",
        })?;
        let entries: Result<Vec<Entry>, ApiError> =
            page.messages.into_iter().map(|raw| raw.into_entry(None)).collect();
        Ok(Self { entries: entries?, cursor: page.cursor.filter(|cursor| !cursor.is_empty()) })
    }
}

/// The fields that are kept; serde skips all others, payloads among them, without storing them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawEntry {
    dlq_id: Option<String>,
    workflow_run_id: Option<String>,
    workflow_url: Option<String>,
    response_status: Option<i64>,
    #[serde(default)]
    created_at: WireTime,
    #[serde(default)]
    workflow_created_at: WireTime,
    label: Option<String>,
    #[serde(default, deserialize_with = "null_as_empty")]
    labels: Vec<String>,
    // The OpenAPI description names the first, older answers the second, the type of the official SDK the third.
    failure_function_state: Option<String>,
    failure_callback_state: Option<String>,
    failure_callback_info: Option<CallbackInfo>,
}

#[derive(Deserialize)]
struct CallbackInfo {
    state: Option<String>,
}

impl RawEntry {
    fn into_entry(self, asked: Option<&DlqId>) -> Result<Entry, ApiError> {
        let dlq_id = match (self.dlq_id, asked) {
            (Some(id), _) => {
                DlqId::new(id).map_err(|_| ApiError::Malformed { what: "a `dlqId` that is no DLQ id" })?
            }
            (None, Some(asked)) => asked.clone(),
            (None, None) => return Err(ApiError::Malformed { what: "a DLQ entry without `dlqId`" }),
        };
        let run_id = self
            .workflow_run_id
            .filter(|id| !id.is_empty())
            .map(RunId::new)
            .transpose()
            .map_err(|_| ApiError::Malformed { what: "a `workflowRunId` that is no run id" })?;
        // `label` repeats the first of `labels`, or is all there is in older answers.
        let labels = if self.labels.is_empty() { self.label.into_iter().collect() } else { self.labels };
        let state = [
            self.failure_function_state,
            self.failure_callback_state,
            self.failure_callback_info.and_then(|info| info.state),
        ];
        Ok(Entry {
            dlq_id,
            run_id,
            workflow_url: self
                .workflow_url
                .filter(|url| !url.is_empty())
                .map(|url| bounded(&url, MAX_TEXT_BYTES)),
            response_status: self
                .response_status
                .and_then(|status| u16::try_from(status).ok())
                .filter(|status| *status > 0),
            created_at: self.created_at.0,
            workflow_created_at: self.workflow_created_at.0,
            labels: labels
                .iter()
                .filter(|label| !label.is_empty())
                .map(|label| bounded(label, MAX_TEXT_BYTES))
                .collect(),
            callback_state: state
                .into_iter()
                .flatten()
                .find(|state| !state.is_empty())
                .map(|state| CallbackState::from_wire(&state)),
        })
    }
}

/// Go writes an empty list as `null`.
fn null_as_empty<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
