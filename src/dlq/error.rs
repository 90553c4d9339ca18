//! What an answer means when it is not the one asked for.

use core::fmt;

use super::rate_limit::{RateLimit, RateLimitKind};
use super::response::ApiResponse;
use super::transport::TransportError;
use crate::json::{Field, Fields, Over};
use crate::text::Say;

/// The longest kept text of the service, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 512;

/// A longer text of the service is not kept.
const MAX_ERROR_BODY_BYTES: usize = 64 * 1024;

/// Why a call of the QStash API has no result. One pointer, so that handing it on costs nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiError(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    kind: ApiErrorKind,
    /// Of an answer that is no success.
    status: Option<u16>,
    /// Words of the service, or what is wrong with its answer.
    message: String,
    limit: Option<RateLimit>,
    transport: Option<TransportError>,
}

/// The kinds of errors, by who has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApiErrorKind {
    /// 400: the request makes no sense to the service, or the entry cannot be resumed. Repeating does not help.
    BadRequest,
    /// 401 or 403: the token is wrong, or may not do this. Check `QSTASH_TOKEN` and that it fits `QSTASH_URL`.
    Unauthorized,
    /// 404: no such entry; it was resumed, deleted or has expired.
    NotFound,
    /// 429: wait as long as the limit says.
    RateLimited,
    /// 5xx: the service has a problem; try again later.
    Server,
    /// Any other status, among them redirects, which are never followed.
    Unexpected,
    /// No answer at all.
    Transport,
    /// A success whose body is not the documented one: `QSTASH_URL` may not be QStash.
    Malformed,
}

impl ApiErrorKind {
    named! {
        /// A fixed name, for metrics and machine-readable answers.
        #[must_use]
        pub const fn code(self) -> &'static str {
            match self {
                /// 400: the entry cannot be resumed, or the request makes no sense to QStash.
                Self::BadRequest => "bad_request",
                /// 401 or 403.
                Self::Unauthorized => "unauthorized",
                /// 404: the entry was resumed, deleted or has expired.
                Self::NotFound => "not_found",
                /// 429: see `retryAfter`.
                Self::RateLimited => "rate_limited",
                /// 5xx.
                Self::Server => "server",
                /// Any other status.
                Self::Unexpected => "unexpected",
                /// No answer, or not in time.
                Self::Transport => "transport",
                /// A success with a body that is not the documented one.
                Self::Malformed => "malformed",
            }
        }
    }
}

impl ApiError {
    /// Who has to act.
    #[must_use]
    pub const fn kind(&self) -> ApiErrorKind {
        self.0.kind
    }

    /// The HTTP status of an answer that is no success. 401 stands for 403 too, which says the same here.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The service's own words, at most [`MAX_MESSAGE_BYTES`] and without control characters, or what is missing or
    /// wrong in an answer.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Of [`RateLimited`](ApiErrorKind::RateLimited): the limit.
    #[must_use]
    pub const fn rate_limit(&self) -> Option<&RateLimit> {
        self.0.limit.as_ref()
    }

    /// Of [`Transport`](ApiErrorKind::Transport): why there is no answer.
    #[must_use]
    pub const fn transport(&self) -> Option<&TransportError> {
        self.0.transport.as_ref()
    }

    /// The name of the [kind](Self::kind).
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.kind().code()
    }

    /// Whether the same call may succeed later without anybody changing anything.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self.kind(), ApiErrorKind::RateLimited | ApiErrorKind::Server | ApiErrorKind::Transport)
    }

    /// Whether the service may have done what was asked all the same, so that repeating could do it twice.
    #[must_use]
    pub const fn may_have_been_processed(&self) -> bool {
        match &self.0.transport {
            Some(error) => error.may_have_been_processed(),
            None => matches!(
                self.kind(),
                ApiErrorKind::Server | ApiErrorKind::Unexpected | ApiErrorKind::Malformed
            ),
        }
    }

    /// A success with this missing or wrong in its body.
    pub(crate) fn malformed(what: &str) -> Self {
        Self::new(ApiErrorKind::Malformed, what.to_owned())
    }

    /// The meaning of an answer that is no success.
    fn from_answer(response: &ApiResponse) -> Self {
        let (kind, status) = match response.status() {
            400 => (ApiErrorKind::BadRequest, 400),
            401 | 403 => (ApiErrorKind::Unauthorized, 401),
            404 => (ApiErrorKind::NotFound, 404),
            429 => (ApiErrorKind::RateLimited, 429),
            status @ 500..=599 => (ApiErrorKind::Server, status),
            status => (ApiErrorKind::Unexpected, status),
        };
        let mut error = Self::new(kind, message(response.body()));
        error.0.status = Some(status);
        if status == 429 {
            error.0.limit = Some(response.rate_limit());
        }
        error
    }

    fn new(kind: ApiErrorKind, message: String) -> Self {
        Self(Box::new(Inner { kind, status: None, message, limit: None, transport: None }))
    }
}

impl From<TransportError> for ApiError {
    fn from(error: TransportError) -> Self {
        let mut none = Self::new(ApiErrorKind::Transport, String::new());
        none.0.transport = Some(error);
        none
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Say for ApiError {
    fn say(&self, text: &mut String) {
        let mut what = match self.kind() {
            ApiErrorKind::BadRequest => "QStash refused the request (400)",
            ApiErrorKind::Unauthorized => "QStash refused the token; QSTASH_TOKEN must belong to QSTASH_URL",
            ApiErrorKind::NotFound => "QStash has no such DLQ entry (404)",
            ApiErrorKind::RateLimited => "a rate limit of QStash is reached (429)",
            ApiErrorKind::Server => "QStash has a problem, status ",
            ApiErrorKind::Unexpected => "QStash answered with status ",
            ApiErrorKind::Transport => "",
            ApiErrorKind::Malformed => "the answer is not one of QStash",
        };
        match self.rate_limit().map(|limit| limit.kind) {
            Some(RateLimitKind::Burst) => what = "QStash's limit of requests per second is reached (429)",
            Some(RateLimitKind::Daily) => what = "QStash's limit of requests per day is reached (429)",
            Some(RateLimitKind::Unknown) | None => {}
        }
        text.push_str(what);
        if let (ApiErrorKind::Server | ApiErrorKind::Unexpected, Some(status)) = (self.kind(), self.status())
        {
            status.say(text);
        }
        if let ApiErrorKind::Unexpected = self.kind() {
            text.push_str("; accepted are 200 to 299");
        }
        if let Some(error) = self.transport() {
            error.say(text);
        }
        if !self.message().is_empty() {
            text.push_str(": ");
        }
        text.push_str(self.message());
    }
}

display!(ApiError);

impl core::error::Error for ApiError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(self.transport()?)
    }
}

/// What an answer means that is no success.
pub(super) fn success(response: &ApiResponse) -> Result<(), ApiError> {
    if response.is_success() { Ok(()) } else { Err(ApiError::from_answer(response)) }
}

/// `text` in at most `max` bytes, with blanks for control characters.
pub(super) fn bounded(text: &str, max: usize) -> String {
    let mut kept = String::new();
    for c in text.trim_ascii().chars() {
        if kept.len() + c.len_utf8() > max {
            break;
        }
        kept.push(if c.is_control() { ' ' } else { c });
    }
    kept
}

/// The text of `{"error": "…"}`, else the start of the body.
pub(crate) fn message(body: &[u8]) -> String {
    const FIELDS: &[Field] = &[Field { name: "error", limit: MAX_ERROR_BODY_BYTES, over: Over::Drop }];

    if let Some(error) = Fields::of(body, FIELDS).ok().and_then(|mut fields| fields.word("error")) {
        return bounded(&error, MAX_MESSAGE_BYTES);
    }
    let start = body.get(..MAX_MESSAGE_BYTES).unwrap_or(body);
    // Up to where it is text.
    let readable = match str::from_utf8(start) {
        Ok(text) => text,
        Err(error) => {
            str::from_utf8(start.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default()
        }
    };
    bounded(readable, MAX_MESSAGE_BYTES)
}
