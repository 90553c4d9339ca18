//! What all calls have in common.

use super::error::{ApiError, success};
use super::request::ApiRequest;
use super::response::{ApiResponse, Transported};

/// A call of the QStash API: a request to send, and the reading of its answer.
///
/// A shell needs one function for all of them:
///
/// ```
/// use workflow_redrive::dlq::{ApiError, ApiRequest, Call, Transported};
///
/// fn send<C: Call>(call: &C, execute: impl FnOnce(ApiRequest) -> Transported) -> Result<C::Output, ApiError> {
///     call.finish(execute(call.request()))
/// }
/// ```
pub trait Call {
    /// What a success means.
    type Output;

    /// The request to send.
    fn request(&self) -> ApiRequest;

    /// Reads the answer to [`request`](Self::request).
    fn parse(&self, response: ApiResponse) -> Result<Self::Output, ApiError>;

    /// Reads what became of the request, be it an answer or none.
    fn finish(&self, transported: Transported) -> Result<Self::Output, ApiError> {
        self.parse(answered(transported)?)
    }
}

/// Apart from what is compiled anew for each call.
fn answered(transported: Transported) -> Result<ApiResponse, ApiError> {
    Ok(transported?)
}

/// An answer that is a success.
pub(crate) fn succeeded(transported: Transported) -> Result<ApiResponse, ApiError> {
    let response = transported?;
    success(&response)?;
    Ok(response)
}
