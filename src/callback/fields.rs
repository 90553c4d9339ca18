//! The body's fields, and how each is read.
//!
//! Fields that decide are errors when they are not what they must be; of the others, an unusual value is as good as
//! none.

use super::error::CallbackError;
use crate::{
    json::{Captured, Captures, Field, Fields, Over, decode, scalar},
    time::{Timestamp, decimal, parse_wire_time},
};

/// Bytes of an id, as text.
pub(super) const ID_LIMIT: usize = 512;
/// Bytes of a workflow URL, as text.
pub(super) const URL_LIMIT: usize = 8 * 1024;
/// Bytes kept of the failing delivery's response, as base64.
pub(super) const RESPONSE_LIMIT: usize = 16 * 1024;
/// Bytes kept of a header map. Platforms refuse requests and responses with more.
pub(super) const HEADERS_LIMIT: usize = 64 * 1024;
/// Bytes of a number or date.
pub(super) const SCALAR_LIMIT: usize = 64;

/// Every field of the body that is read, by the callbacks page of the QStash documentation; the two that begin with
/// `workflow` by the SDK's own reader. All others, the payload in `sourceBody` first of all, are skipped.
pub(super) const FIELDS: &[Field] = &[
    Field { name: "body", limit: RESPONSE_LIMIT, over: Over::Cut },
    Field { name: "createdAt", limit: SCALAR_LIMIT, over: Over::Drop },
    // Every character may have been written as an escape of six bytes.
    Field { name: "dlqId", limit: ID_LIMIT * 6 + 2, over: Over::Drop },
    Field { name: "header", limit: HEADERS_LIMIT, over: Over::Cut },
    Field { name: "maxRetries", limit: SCALAR_LIMIT, over: Over::Drop },
    Field { name: "retried", limit: SCALAR_LIMIT, over: Over::Drop },
    Field { name: "sourceHeader", limit: HEADERS_LIMIT, over: Over::Cut },
    Field { name: "sourceMessageId", limit: ID_LIMIT * 6 + 2, over: Over::Drop },
    Field { name: "status", limit: SCALAR_LIMIT, over: Over::Drop },
    // Go writes `&` as an escape of six bytes, which queries are full of.
    Field { name: "url", limit: URL_LIMIT * 2, over: Over::Drop },
    Field { name: "workflowCreatedAt", limit: SCALAR_LIMIT, over: Over::Drop },
    Field { name: "workflowRunId", limit: ID_LIMIT * 6 + 2, over: Over::Drop },
];

/// The fields of a body on their way into a failure. The first error is kept, and everything after it is as good as none.
pub(super) struct Body {
    fields: Fields,
    error: Option<CallbackError>,
}

impl Body {
    pub(super) const fn new(captures: Captures) -> Self {
        Self { fields: Fields::new(captures), error: None }
    }

    /// The first error.
    pub(super) const fn error(&self) -> Option<CallbackError> {
        self.error
    }

    /// Keeps an error, unless there is one already; gives the one that is kept.
    pub(super) fn refuse(&mut self, error: CallbackError) -> CallbackError {
        *self.error.get_or_insert(error)
    }

    /// Keeps that a field has a value that it cannot have.
    // In WebAssembly one copy is enough.
    #[inline(never)]
    pub(super) fn invalid(&mut self, field: &'static str, accepted: &'static str) {
        self.refuse(CallbackError::Invalid { field, accepted });
    }

    /// A field as it was captured.
    pub(super) fn take(&mut self, name: &'static str) -> Captured {
        self.fields.take(name)
    }

    /// A string that decides; `null` and `""` are none, which is the empty one.
    pub(super) fn string(&mut self, field: &'static str) -> String {
        match self.fields.take(field) {
            Captured::Absent => {}
            Captured::TooLong => _ = self.refuse(CallbackError::TooLong { field, limit: limit(field) }),
            Captured::Value { raw, .. } if raw == b"null" => {}
            Captured::Value { raw, .. } => match raw.strip_prefix(b"\"").map(decode) {
                Some(decoded) if decoded.exact => return decoded.text,
                _ => self.invalid(field, "a string of sound Unicode"),
            },
        }
        String::new()
    }

    /// The HTTP status of the failing delivery; 0 where there was no response.
    ///
    /// QStash declares the status of its messages as a Go integer that is left out when it is zero (upstash/docs, pull
    /// request 58), so that an absent status is the same as 0.
    pub(super) fn status(&mut self) -> u16 {
        let text = match self.fields.take("status") {
            Captured::Absent => return 0,
            Captured::Value { raw, .. } if raw == b"null" => return 0,
            Captured::Value { raw, .. } => scalar(&raw).unwrap_or_default(),
            Captured::TooLong => String::new(),
        };
        let status = match text.strip_prefix('-') {
            Some(digits) => decimal(digits).map(|_| 0),
            None => decimal(&text),
        };
        if let Some(status @ (0 | 100..=999)) = status {
            return u16::try_from(status).unwrap_or_default();
        }
        self.invalid("status", "an HTTP status, or 0 for no response");
        0
    }

    /// A string, or a number as it was written.
    pub(super) fn text(&mut self, name: &'static str) -> String {
        self.fields.text(name).unwrap_or_default()
    }

    /// A small number, or a string of digits.
    pub(super) fn count(&mut self, name: &'static str) -> Option<u32> {
        small(&self.text(name))
    }

    /// A point in time in any of its forms.
    pub(super) fn instant(&mut self, name: &'static str) -> Option<Timestamp> {
        parse_wire_time(&self.text(name))
    }
}

/// A number of nothing but digits.
pub(super) fn small(text: &str) -> Option<u32> {
    decimal(text)?.try_into().ok()
}

fn limit(name: &str) -> usize {
    FIELDS.iter().find(|field| field.name == name).map_or(0, |field| field.limit)
}
