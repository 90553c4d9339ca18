//! Why a callback could not be dealt with, and whose turn it is.

use core::time::Duration;

use crate::text::Say;
use crate::{callback::CallbackError, lineage::LineageError, signature::SignatureError};

/// Why a callback came to no outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Verified, but no failure of a workflow run can be read from it; the same bytes will never do.
    Callback(CallbackError),
    /// Verified, but its lineage is not one that we wrote; the same URL will never do.
    Lineage(LineageError),
    /// Another delivery of this callback is being dealt with.
    Pending,
    /// The signature does not vouch for the request.
    Signature(SignatureError),
    /// The DLQ API refused our token.
    TokenRefused,
    /// The body is larger than the limit.
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The DLQ API, or the connection that the body comes over, does not work at the moment.
    Unavailable {
        /// What does not work.
        code: &'static str,
        /// When to deliver the callback again.
        retry_after: Duration,
    },
}

impl Refusal {
    /// The body could not be read to its end.
    #[must_use]
    pub const fn body_unreadable() -> Self {
        Self::Unavailable { code: "body_unreadable", retry_after: Duration::from_secs(10) }
    }

    /// The ledger cannot say whether somebody else is at the entry.
    #[must_use]
    pub const fn ledger_unavailable() -> Self {
        Self::Unavailable { code: "ledger_unavailable", retry_after: Duration::from_secs(10) }
    }

    /// The status of the reply: what makes QStash deliver again, or stop.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Signature(_) => 401,
            Self::TooLarge { .. } => 413,
            Self::Callback(_) | Self::Lineage(_) => 489,
            Self::TokenRefused => 500,
            Self::Pending | Self::Unavailable { .. } => 503,
        }
    }

    /// A stable, machine-readable name.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Callback(error) => error.code(),
            Self::Lineage(_) => "malformed_lineage",
            Self::Pending => "in_progress",
            Self::Signature(error) => error.code(),
            Self::TokenRefused => "token_refused",
            Self::TooLarge { .. } => "body_too_large",
            Self::Unavailable { code, .. } => code,
        }
    }

    /// When to come again, where that is of use.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Pending => Some(Duration::from_secs(5)),
            Self::Unavailable { retry_after, .. } => Some(*retry_after),
            Self::Callback(_)
            | Self::Lineage(_)
            | Self::Signature(_)
            | Self::TokenRefused
            | Self::TooLarge { .. } => None,
        }
    }
}

impl Say for Refusal {
    fn say(&self, text: &mut String) {
        match self {
            Self::Callback(error) => error.say(text),
            Self::Lineage(error) => error.say(text),
            Self::Pending => text.push_str("another delivery of this callback is being dealt with"),
            Self::Signature(error) => error.say(text),
            Self::TokenRefused => text.push_str("QSTASH_TOKEN was refused by the API at QSTASH_URL"),
            Self::TooLarge { limit } => {
                text.push_str("the body exceeds MAX_BODY_BYTES, ");
                limit.say(text);
            }
            Self::Unavailable { .. } => {
                text.push_str("not possible at the moment; deliver the callback again");
            }
        }
    }
}

display!(Refusal);

impl core::error::Error for Refusal {}
