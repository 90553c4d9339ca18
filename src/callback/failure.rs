//! A failed run.

use super::{Excerpt, RetryHint};
use crate::{
    ids::{DlqId, RunId},
    settings::Region,
    time::Timestamp,
};

/// A run that failed after all its retries: what is needed to decide what to do with it.
///
/// It holds no payload and no forwarded header; its `Debug` output leaves out the application's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The entry in the dead letter queue. Not every callback of a workflow names it.
    pub dlq_id: Option<DlqId>,
    /// The run that failed.
    pub run_id: RunId,
    /// The endpoint of the workflow, as QStash calls it; at most 8 KiB.
    pub workflow_url: String,
    /// HTTP status of the last failing delivery; 0 if the endpoint could not be reached or did not answer.
    pub status: u16,
    /// What the endpoint said about its error, if anything.
    pub error: Option<FailureError>,
    /// The step that failed. Only recent SDKs tell, in the response header `Upstash-Error-Step-Name`.
    pub step_name: Option<String>,
    /// Labels of the run (`Upstash-Label`), without repetition, in the order in which they came.
    pub labels: Vec<String>,
    /// When the endpoint asked to be called again.
    pub retry_hint: Option<RetryHint>,
    /// Retries of the failing delivery.
    pub retried: Option<u32>,
    /// Retries that the failing delivery was allowed.
    pub max_retries: Option<u32>,
    /// The message whose delivery failed.
    pub source_message_id: Option<String>,
    /// When that message was created.
    pub created_at: Option<Timestamp>,
    /// When the run was triggered.
    pub workflow_created_at: Option<Timestamp>,
    /// The region that the callback came from, where it names one.
    pub region: Option<Region>,
    /// `Upstash-Message-Id` of the callback itself: the same each time it is delivered.
    pub callback_message_id: Option<String>,
    /// `Upstash-Retried` of the callback itself: 0 at its first delivery.
    pub callback_retried: Option<u32>,
}

impl Failure {
    /// A failure of which no more is known than this.
    #[must_use]
    pub fn new(run_id: RunId, workflow_url: String, status: u16) -> Self {
        Self {
            dlq_id: None,
            run_id,
            workflow_url,
            status,
            error: None,
            step_name: None,
            labels: Vec::new(),
            retry_hint: None,
            retried: None,
            max_retries: None,
            source_message_id: None,
            created_at: None,
            workflow_created_at: None,
            region: None,
            callback_message_id: None,
            callback_retried: None,
        }
    }
}

/// What an endpoint said about its error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureError {
    /// The error's class, such as `TypeError`; at most 256 bytes.
    pub name: Option<Excerpt>,
    /// The error's message, or the beginning of a response that is no JSON; at most 2 KiB.
    pub message: Excerpt,
}
