//! Calls about the failure callback of an entry.

use super::call::Call;
use super::error::{ApiError, success};
use super::request::{ApiRequest, Method};
use super::response::ApiResponse;
use super::single::Created;
use crate::ids::DlqId;

const CALLBACK: &str = "/v2/workflows/dlq/callback";

/// Delivers a failure callback again that was given up: `POST /v2/workflows/dlq/callback/{dlqId}`.
///
/// The service refuses it with 400 unless the callback has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryCallback {
    /// The entry.
    pub dlq_id: DlqId,
}

impl RetryCallback {
    /// Delivers the callback of `dlq_id` again.
    #[must_use]
    pub const fn new(dlq_id: DlqId) -> Self {
        Self { dlq_id }
    }
}

impl Call for RetryCallback {
    /// The run that the callback is about.
    type Output = Created;

    fn request(&self) -> ApiRequest {
        ApiRequest::about(Method::Post, CALLBACK, self.dlq_id.as_str())
    }

    fn parse(&self, response: ApiResponse) -> Result<Created, ApiError> {
        Created::parse(&response)
    }
}

/// Stops the delivery of a failure callback that is in progress: `DELETE /v2/workflows/dlq/callback/{dlqId}`.
///
/// The documented answer is 302, which is a success here and must not be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CancelCallback {
    /// The entry.
    pub dlq_id: DlqId,
}

impl CancelCallback {
    /// Stops the callback of `dlq_id`.
    #[must_use]
    pub const fn new(dlq_id: DlqId) -> Self {
        Self { dlq_id }
    }
}

impl Call for CancelCallback {
    type Output = ();

    fn request(&self) -> ApiRequest {
        ApiRequest::about(Method::Delete, CALLBACK, self.dlq_id.as_str())
    }

    fn parse(&self, response: ApiResponse) -> Result<(), ApiError> {
        if response.status() == 302 { Ok(()) } else { success(&response) }
    }
}
