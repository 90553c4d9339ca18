//! The failure callback: the request that QStash sends to a run's `failureUrl` when all retries are used up.
//!
//! Request headers and a streamed JSON body go in, a [`Failure`] with the few fields that decide comes out. Payloads
//! are skipped as they pass by: memory stays the same however large the body is. An entry of the DLQ tells of the same
//! failure in other words, and is read here too. What may not live here: signatures,
//! which the caller checks over the same chunks, and any decision about what to do with the failure.

mod entry;
mod error;
mod excerpt;
mod failure;
mod fields;
mod headers;
mod reader;
mod response;
mod retry_hint;

pub use error::CallbackError;
pub use excerpt::Excerpt;
pub use failure::{Failure, FailureError};
pub use headers::CallbackHeaders;
pub use reader::FailureReader;
pub use retry_hint::RetryHint;
