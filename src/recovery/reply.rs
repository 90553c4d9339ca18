//! What QStash is told: the one place where conclusions become HTTP.

use super::{Conclusion, Refusal, summary::told};
use crate::{json::Object, settings::SettingsError, text::said};

/// An HTTP answer as a value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// `Retry-After`, in whole seconds.
    pub retry_after: Option<u64>,
    /// Whether to set `Upstash-NonRetryable-Error: true`, with which QStash delivers no more.
    pub non_retryable: bool,
    /// `Allow`: the methods that the path takes.
    pub allow: Option<&'static str>,
    /// A JSON object.
    pub body: String,
}

impl From<&Conclusion> for Reply {
    fn from(conclusion: &Conclusion) -> Self {
        match &conclusion.outcome {
            Ok(_) => Self::new(200, told(conclusion)),
            Err(refusal) => refusal.into(),
        }
    }
}

impl From<&Refusal> for Reply {
    fn from(refusal: &Refusal) -> Self {
        let mut reply = Self::error(refusal.status(), refusal.code(), &said(refusal));
        reply.retry_after = refusal.retry_after().map(|wait| wait.as_secs().max(1));
        reply.non_retryable = reply.status == 489;
        reply
    }
}

impl Reply {
    /// An error: `{"error": {"code": …, "message": …}}`.
    #[must_use]
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        let mut body = Object::new();
        body.open("error", '{');
        body.text("code", code).text("message", message);
        body.close('}');
        Self::new(status, body.end())
    }

    /// 500: the deployment cannot work. QStash is to deliver the callback again once it can.
    #[must_use]
    pub fn misconfigured(error: &SettingsError) -> Self {
        Self::error(500, "misconfigured", &said(error))
    }

    /// 405, with the methods that the path takes.
    #[must_use]
    pub fn method_not_allowed(allow: &'static str) -> Self {
        let message = ["accepted is ", allow].concat();
        Self { allow: Some(allow), ..Self::error(405, "method_not_allowed", &message) }
    }

    /// 200: the deployment can work. Anybody may ask, so that it says nothing else.
    #[must_use]
    pub fn healthy() -> Self {
        let mut body = Object::new();
        body.text("status", "ok");
        Self::new(200, body.end())
    }

    /// An answer with a JSON object.
    pub(crate) fn new(status: u16, body: String) -> Self {
        Self { status, retry_after: None, non_retryable: false, allow: None, body }
    }
}
