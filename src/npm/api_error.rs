//! Errors of the DLQ API as JavaScript sees them.

use wasm_bindgen::JsValue;

use super::error::error_with;
use crate::{client::CallError, dlq::ApiError, js_host::now};

/// The error of a call after everything that was tried.
pub(super) fn call_error(error: &CallError, redact: impl Fn(&str) -> String) -> JsValue {
    let mut properties = properties(error.api_error());
    properties.push(("attempts", error.attempts().into()));
    error_with(error.code(), &redact(&error.to_string()), &properties)
}

/// The error of one answer.
pub(super) fn api_error(error: &ApiError, redact: impl Fn(&str) -> String) -> JsValue {
    error_with(error.code(), &redact(&error.to_string()), &properties(error))
}

/// `mayHaveBeenProcessed` says whether the service may have acted all the same.
fn properties(error: &ApiError) -> Vec<(&'static str, JsValue)> {
    let status = match error {
        ApiError::BadRequest { .. } => Some(400),
        ApiError::NotFound { .. } => Some(404),
        ApiError::RateLimited(_) => Some(429),
        ApiError::Server { status, .. } | ApiError::Unexpected { status, .. } => Some(*status),
        ApiError::Unauthorized { .. } => Some(401),
        ApiError::Malformed { .. } | ApiError::Transport(_) => None,
    };
    let mut properties = vec![
        ("isTransient", error.is_transient().into()),
        ("mayHaveBeenProcessed", error.may_have_been_processed().into()),
    ];
    properties.extend(status.map(|status: u16| ("status", status.into())));
    if let ApiError::RateLimited(limit) = error {
        let wait = limit.retry_after(now()).map(|wait| wait.as_secs_f64());
        properties.extend(wait.map(|wait| ("retryAfter", wait.into())));
        let [limit, remaining] = [limit.limit, limit.remaining].map(count);
        properties.extend(limit.map(|limit| ("limit", limit)));
        properties.extend(remaining.map(|remaining| ("remaining", remaining)));
    }
    properties
}

#[expect(clippy::cast_precision_loss, reason = "requests per day are few")]
fn count(count: Option<u64>) -> Option<JsValue> {
    count.map(|count| (count as f64).into())
}
