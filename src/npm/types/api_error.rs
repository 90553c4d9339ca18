//! An error of the DLQ API.

use core::{fmt::Display, time::Duration};

use wasm_bindgen::JsValue;

use super::plain::Plain;
use crate::{client, dlq, js_host::now, settings::Token};

plain! {
    /// An error of a call of the DLQ API.
    ApiError {
        #[ts(type = "ApiErrorCode")]
        code as "code": &'static str,
        /// The HTTP status; absent where no usable answer came.
        status as "status": Option<u16>,
        /// Whether the same call may succeed later.
        is_transient as "isTransient": bool,
        /// Whether QStash may have done what was asked all the same: look before repeating.
        may_have_been_processed as "mayHaveBeenProcessed": bool,
        /// How often the call was sent.
        attempts as "attempts": Option<u32>,
        /// Of `rate_limited`: whole seconds to wait.
        retry_after as "retryAfter": Option<u64>,
        /// Of `rate_limited`: requests allowed.
        limit as "limit": Option<u64>,
        /// Of `rate_limited`: requests left.
        remaining as "remaining": Option<u64>,
    }
}

/// The same with its message, as JSON that the package's JavaScript makes an `Error` of.
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "ApiError", type = "ApiError"))]
pub(in crate::npm) struct Thrown(String);

impl Thrown {
    /// The error of a call after everything that was tried. The `token` is taken out of what others say.
    pub(in crate::npm) fn call(error: &client::CallError, token: &Token) -> Self {
        let mut properties = ApiError::new(error.api_error());
        properties.code = error.code();
        properties.attempts = Some(error.attempts());
        Self::new(error, &properties, token)
    }

    /// The error of one answer.
    pub(super) fn answer(error: &dlq::ApiError, token: &Token) -> Self {
        Self::new(error, &ApiError::new(error), token)
    }

    fn new(error: &dyn Display, properties: &ApiError, token: &Token) -> Self {
        let mut object = properties.object();
        object.text("message", &token.redact(&error.to_string()));
        Self(object.end())
    }
}

impl From<Thrown> for JsValue {
    fn from(Thrown(json): Thrown) -> Self {
        Self::from_str(&json)
    }
}

impl Plain for Thrown {
    fn write(&self, out: &mut String) {
        out.push_str(&self.0);
    }
}

impl ApiError {
    fn new(error: &dlq::ApiError) -> Self {
        let limit = error.rate_limit();
        Self {
            code: error.code(),
            status: error.status(),
            is_transient: error.is_transient(),
            may_have_been_processed: error.may_have_been_processed(),
            attempts: None,
            retry_after: limit.and_then(|limit| limit.retry_after(now())).map(whole_seconds),
            limit: limit.and_then(|limit| limit.limit),
            remaining: limit.and_then(|limit| limit.remaining),
        }
    }
}

/// Rounded up: who waits too short is refused again.
const fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add((wait.subsec_nanos() > 0) as u64)
}
