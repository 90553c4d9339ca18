//! What an answer means when it is not the one asked for.

use core::fmt;

use super::rate_limit::{RateLimit, RateLimitKind};
use super::response::ApiResponse;
use super::transport::TransportError;
use crate::json::{Field, Fields, Over};

/// The longest kept text of the service, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 512;

/// A longer text of the service is not kept.
const MAX_ERROR_BODY_BYTES: usize = 64 * 1024;

/// Why a call of the QStash API has no result, grouped by who has to act.
///
/// A `message` is the service's own text, at most [`MAX_MESSAGE_BYTES`] and without control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApiError {
    /// 400: the request makes no sense to the service, or the entry cannot be resumed. Repeating does not help.
    BadRequest {
        /// The service's own text.
        message: String,
    },
    /// 401 or 403: the token is wrong, or may not do this. Check `QSTASH_TOKEN` and that it fits `QSTASH_URL`.
    Unauthorized {
        /// The service's own text.
        message: String,
    },
    /// 404: no such entry; it was resumed, deleted or has expired.
    NotFound {
        /// The service's own text.
        message: String,
    },
    /// 429: wait as long as the limit says.
    RateLimited(Box<RateLimit>),
    /// 5xx: the service has a problem; try again later.
    Server {
        /// The HTTP status.
        status: u16,
        /// The service's own text.
        message: String,
    },
    /// Any other status, among them redirects, which are never followed.
    Unexpected {
        /// The HTTP status.
        status: u16,
        /// The service's own text.
        message: String,
    },
    /// No answer at all.
    Transport(TransportError),
    /// A success whose body is not the documented one: `QSTASH_URL` may not be QStash.
    Malformed {
        /// What is missing or wrong in the body.
        what: &'static str,
    },
}

impl ApiError {
    /// Whether the same call may succeed later without anybody changing anything.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::RateLimited(_) | Self::Server { .. } | Self::Transport(_) => true,
            Self::BadRequest { .. }
            | Self::Unauthorized { .. }
            | Self::NotFound { .. }
            | Self::Unexpected { .. }
            | Self::Malformed { .. } => false,
        }
    }

    /// Whether the service may have done what was asked all the same, so that repeating could do it twice.
    #[must_use]
    pub const fn may_have_been_processed(&self) -> bool {
        match self {
            Self::Server { .. } | Self::Unexpected { .. } | Self::Malformed { .. } => true,
            Self::Transport(error) => error.may_have_been_processed(),
            Self::BadRequest { .. }
            | Self::Unauthorized { .. }
            | Self::NotFound { .. }
            | Self::RateLimited(_) => false,
        }
    }

    named! {
        /// A fixed name of the kind of error, for metrics and machine-readable answers.
        #[must_use]
        pub const fn code(&self) -> &'static str {
            match self {
                /// 400: the entry cannot be resumed, or the request makes no sense to QStash.
                Self::BadRequest { .. } => "bad_request",
                /// 401 or 403.
                Self::Unauthorized { .. } => "unauthorized",
                /// 404: the entry was resumed, deleted or has expired.
                Self::NotFound { .. } => "not_found",
                /// 429: see `retryAfter`.
                Self::RateLimited(_) => "rate_limited",
                /// 5xx.
                Self::Server { .. } => "server",
                /// Any other status.
                Self::Unexpected { .. } => "unexpected",
                /// No answer, or not in time.
                Self::Transport(_) => "transport",
                /// A success with a body that is not the documented one.
                Self::Malformed { .. } => "malformed",
            }
        }
    }

    /// The meaning of an answer that is no success.
    fn from_answer(response: &ApiResponse) -> Self {
        let status = response.status();
        if status == 429 {
            return Self::RateLimited(Box::new(response.rate_limit()));
        }
        let message = message(response.body());
        match status {
            400 => Self::BadRequest { message },
            401 | 403 => Self::Unauthorized { message },
            404 => Self::NotFound { message },
            500..=599 => Self::Server { status, message },
            _ => Self::Unexpected { status, message },
        }
    }
}

impl From<TransportError> for ApiError {
    fn from(error: TransportError) -> Self {
        Self::Transport(error)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, status, hint, message) = match self {
            Self::BadRequest { message } => ("QStash refused the request (400)", None, "", message.as_str()),
            Self::Unauthorized { message } => (
                "QStash refused the token; QSTASH_TOKEN must belong to QSTASH_URL",
                None,
                "",
                message.as_str(),
            ),
            Self::NotFound { message } => ("QStash has no such DLQ entry (404)", None, "", message.as_str()),
            Self::RateLimited(limit) => {
                let what = match limit.kind {
                    RateLimitKind::Burst => "QStash's limit of requests per second is reached (429)",
                    RateLimitKind::Daily => "QStash's limit of requests per day is reached (429)",
                    RateLimitKind::Unknown => "a rate limit of QStash is reached (429)",
                };
                (what, None, "", limit.message.as_str())
            }
            Self::Server { status, message } => {
                ("QStash has a problem, status ", Some(status), "", message.as_str())
            }
            Self::Unexpected { status, message } => {
                ("QStash answered with status ", Some(status), "; accepted are 200 to 299", message.as_str())
            }
            Self::Transport(error) => return error.fmt(f),
            Self::Malformed { what } => ("the answer is not one of QStash", None, "", *what),
        };
        f.write_str(what)?;
        if let Some(status) = status {
            f.write_str(&status.to_string())?;
        }
        f.write_str(hint)?;
        if !message.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(message)
    }
}

impl core::error::Error for ApiError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Transport(error) => Some(error),
            _ => None,
        }
    }
}

/// The answer itself if it is a success, else what it means.
pub(super) fn success(response: &ApiResponse) -> Result<&[u8], ApiError> {
    if response.is_success() { Ok(response.body()) } else { Err(ApiError::from_answer(response)) }
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
