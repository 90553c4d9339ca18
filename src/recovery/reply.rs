//! What QStash is told: the one place where conclusions become HTTP.

use serde::Serialize;

use super::{Conclusion, Refusal, summary::Summary};

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
            Ok(_) => Self::new(200, &Summary::of(conclusion)),
            Err(refusal) => refusal.into(),
        }
    }
}

impl From<&Refusal> for Reply {
    fn from(refusal: &Refusal) -> Self {
        Self {
            retry_after: refusal.retry_after().map(|wait| wait.as_secs().max(1)),
            non_retryable: refusal.status() == 489,
            ..Self::error(refusal.status(), refusal.code(), &refusal.to_string())
        }
    }
}

impl Reply {
    /// An error: `{"error": {"code": …, "message": …}}`.
    #[must_use]
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        #[derive(Serialize)]
        struct Body<'a> {
            error: Error<'a>,
        }
        #[derive(Serialize)]
        struct Error<'a> {
            code: &'a str,
            message: &'a str,
        }
        Self::new(status, &Body { error: Error { code, message } })
    }

    /// 405, with the methods that the path takes.
    #[must_use]
    pub fn method_not_allowed(allow: &'static str) -> Self {
        let message = ["accepted is ", allow].concat();
        Self { allow: Some(allow), ..Self::error(405, "method_not_allowed", &message) }
    }

    /// 200: the deployment can work.
    #[must_use]
    pub fn healthy() -> Self {
        #[derive(Serialize)]
        struct Body {
            status: &'static str,
            version: &'static str,
        }
        Self::new(200, &Body { status: "ok", version: env!("CARGO_PKG_VERSION") })
    }

    fn new(status: u16, body: &impl Serialize) -> Self {
        // Structs of text and numbers always serialise.
        let body = serde_json::to_string(body).unwrap_or_default();
        Self { status, retry_after: None, non_retryable: false, allow: None, body }
    }
}
