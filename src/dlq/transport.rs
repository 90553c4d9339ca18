//! Why there is no answer.

use core::time::Duration;

use super::duration::GoDuration;
use super::error::bounded;
use crate::text::Say;

/// The longest kept description of a network failure, in bytes.
const MAX_DETAIL_BYTES: usize = 256;

/// A request without a usable answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransportError(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    fault: TransportFault,
    may_have_been_processed: bool,
}

/// What went wrong on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportFault {
    /// The connection broke after the request had been sent.
    Interrupted {
        /// What the platform says about it.
        detail: String,
    },
    /// No answer in time.
    Timeout {
        /// The time allowed.
        after: Duration,
    },
    /// The answer is larger than the shell reads.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// No connection, so the request never left.
    Unreachable {
        /// What the platform says about it.
        detail: String,
    },
}

impl TransportError {
    /// The connection broke after the request had been sent, or the platform does not tell whether it was.
    #[must_use]
    pub fn interrupted(detail: &str) -> Self {
        Self::new(TransportFault::Interrupted { detail: bounded(detail, MAX_DETAIL_BYTES) }, true)
    }

    /// No answer within `after`.
    #[must_use]
    pub fn timeout(after: Duration) -> Self {
        Self::new(TransportFault::Timeout { after }, true)
    }

    /// An answer above `limit` bytes.
    #[must_use]
    pub fn too_large(limit: usize) -> Self {
        Self::new(TransportFault::TooLarge { limit }, true)
    }

    /// No connection: only for failures of which it is certain that nothing was sent.
    #[must_use]
    pub fn unreachable(detail: &str) -> Self {
        Self::new(TransportFault::Unreachable { detail: bounded(detail, MAX_DETAIL_BYTES) }, false)
    }

    /// What went wrong.
    #[must_use]
    pub const fn fault(&self) -> &TransportFault {
        &self.0.fault
    }

    /// Whether the service may have acted on the request all the same.
    #[must_use]
    pub const fn may_have_been_processed(&self) -> bool {
        self.0.may_have_been_processed
    }

    fn new(fault: TransportFault, may_have_been_processed: bool) -> Self {
        Self(Box::new(Inner { fault, may_have_been_processed }))
    }
}

impl Say for TransportError {
    fn say(&self, text: &mut String) {
        let (what, number, end) = match &self.0.fault {
            TransportFault::Interrupted { detail } => {
                ("the connection to QStash broke: ", None, detail.as_str())
            }
            TransportFault::Timeout { after } => {
                ("QStash did not answer within ", Some(GoDuration::from(*after).as_millis()), " ms")
            }
            TransportFault::TooLarge { limit } => {
                ("the answer of QStash is too large; accepted are up to ", Some(*limit as u64), " bytes")
            }
            TransportFault::Unreachable { detail } => ("QStash cannot be reached: ", None, detail.as_str()),
        };
        text.push_str(what);
        if let Some(number) = number {
            number.say(text);
        }
        text.push_str(end);
    }
}

display!(TransportError);

impl core::error::Error for TransportError {}
