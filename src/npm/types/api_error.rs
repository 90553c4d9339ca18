//! An error of the DLQ API.

use core::time::Duration;

use crate::{
    client, dlq,
    js_host::now,
    json::{Object, Plain},
    settings::Token,
    text::{Say, said},
};

plain! {
    /// An error of a call of the DLQ API.
    ApiError by api_error(error: &dlq::ApiError, call: Option<&client::CallError>) {
        #[ts(type = "ApiErrorCode")]
        code as "code": &'static str = call.map_or(error.code(), client::CallError::code),
        /// The HTTP status; absent where no usable answer came.
        status as "status": Option<u16> = error.status(),
        /// Whether the same call may succeed later.
        is_transient as "isTransient": bool = error.is_transient(),
        /// Whether QStash may have done what was asked all the same: look before repeating.
        may_have_been_processed as "mayHaveBeenProcessed": bool = error.may_have_been_processed(),
        /// How often the call was sent.
        attempts as "attempts": Option<u32> = call.map(client::CallError::attempts),
        /// Of `rate_limited`: whole seconds to wait.
        retry_after as "retryAfter": Option<u64> =
            error.rate_limit().and_then(|limit| limit.retry_after(now())).map(whole_seconds),
        /// Of `rate_limited`: requests allowed.
        limit as "limit": Option<u64> = error.rate_limit().and_then(|limit| limit.limit),
        /// Of `rate_limited`: requests left.
        remaining as "remaining": Option<u64> = error.rate_limit().and_then(|limit| limit.remaining),
    }
}

/// The same with its message, which the package's JavaScript makes an `Error` of.
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "ApiError", type = "ApiError"))]
pub(in crate::npm) struct Thrown<'a> {
    error: &'a dlq::ApiError,
    call: Option<&'a client::CallError>,
    /// It is taken out of what others say.
    token: &'a Token,
}

impl<'a> Thrown<'a> {
    /// The error of a call after everything that was tried.
    pub(in crate::npm) const fn call(error: &'a client::CallError, token: &'a Token) -> Self {
        Self { error: error.api_error(), call: Some(error), token }
    }

    /// The error of one answer.
    pub(super) const fn answer(error: &'a dlq::ApiError, token: &'a Token) -> Self {
        Self { error, call: None, token }
    }

    pub(in crate::npm) fn to_json(&self) -> String {
        let mut object = Object::new();
        self.write(&mut object);
        object.end()
    }

    fn write(&self, object: &mut Object) {
        api_error(object, self.error, self.call);
        let cause: &dyn Say = match self.call {
            Some(call) => call,
            None => self.error,
        };
        object.text("message", &self.token.redact(&said(cause)));
    }
}

impl Plain for Thrown<'_> {
    fn put(self, name: &str, object: &mut Object) {
        object.open(name, '{');
        self.write(object);
        object.close('}');
    }
}

/// Rounded up: who waits too short is refused again.
const fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add((wait.subsec_nanos() > 0) as u64)
}
