//! Answers as values that a shell has read.

use core::fmt;

use super::pairs::Pairs;
use super::rate_limit::{RateLimit, limit_hit};
use super::transport::TransportError;

/// The response headers that are looked at; a shell need not read any other.
pub const RESPONSE_HEADERS: [&str; 7] = [
    "retry-after",
    "burst-ratelimit-limit",
    "burst-ratelimit-remaining",
    "burst-ratelimit-reset",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
];

/// What became of a request: an answer of any status, or none.
pub type Transported = Result<ApiResponse, TransportError>;

/// An answer of the QStash API, with the few headers that matter. `Debug` leaves the body out.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiResponse(Box<Parts>);

#[derive(Clone, PartialEq, Eq)]
struct Parts {
    status: u16,
    body: Vec<u8>,
    headers: Pairs,
}

impl ApiResponse {
    /// An answer; `header` is asked for the value of each of [`RESPONSE_HEADERS`], in lower case.
    pub fn new(status: u16, body: impl Into<Vec<u8>>, header: impl Fn(&str) -> Option<String>) -> Self {
        Self::read(status, body.into(), &header)
    }

    fn read(status: u16, body: Vec<u8>, header: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut headers = Pairs::NONE;
        for name in RESPONSE_HEADERS {
            if let Some(value) = header(name) {
                headers.add(name, value);
            }
        }
        Self(Box::new(Parts { status, body, headers }))
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.0.status
    }

    /// Whether the status is 200 to 299.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self.0.status, 200..=299)
    }

    /// The body as it came.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.0.body
    }

    /// What the headers say about limits, supposing that one was hit.
    #[must_use]
    pub fn rate_limit(&self) -> RateLimit {
        limit_hit(&self.0.headers)
    }
}

impl fmt::Debug for ApiResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiResponse")
            .field("status", &self.0.status)
            .field("body_bytes", &self.0.body.len())
            .finish_non_exhaustive()
    }
}
