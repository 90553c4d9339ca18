//! The body's fields, and how each is read.
//!
//! Fields that decide are errors when they are not what they must be; of the others, an unusual value is as good as
//! none.

use super::error::CallbackError;
use crate::{
    json::{Captured, Field, Fields, Over, decode, scalar},
    time::{Timestamp, decimal, parse_wire_time},
};

/// Bytes of an id, as text.
pub(super) const ID_LIMIT: usize = 512;
/// Bytes of a workflow URL, as text.
pub(super) const URL_LIMIT: usize = 8 * 1024;
/// Bytes kept of the failing delivery's response, as base64.
const RESPONSE_LIMIT: usize = 16 * 1024;
/// Bytes kept of a header map. Platforms refuse requests and responses with more.
const HEADERS_LIMIT: usize = 64 * 1024;
/// Bytes of a number or date.
const SCALAR_LIMIT: usize = 64;

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

/// A string that decides; `null` and `""` are none.
pub(super) fn required_text(
    fields: &mut Fields,
    name: &'static str,
) -> Result<Option<String>, CallbackError> {
    let invalid = CallbackError::Invalid { field: name, accepted: "a string of sound Unicode" };
    match fields.take(name) {
        Captured::Absent => Ok(None),
        Captured::TooLong => Err(CallbackError::TooLong { field: name, limit: limit(name) }),
        Captured::Value { raw, .. } => match raw.as_slice() {
            b"null" => Ok(None),
            [b'"', string @ ..] => match decode(string) {
                decoded if !decoded.exact => Err(invalid),
                decoded => Ok(Some(decoded.text).filter(|text| !text.is_empty())),
            },
            _ => Err(invalid),
        },
    }
}

/// A small number, or a string of digits.
pub(super) fn count(fields: &mut Fields, name: &'static str) -> Option<u32> {
    small(&fields.text(name)?)
}

/// A number of nothing but digits.
pub(super) fn small(text: &str) -> Option<u32> {
    decimal(text)?.try_into().ok()
}

/// A point in time in any of its forms.
pub(super) fn instant(fields: &mut Fields, name: &'static str) -> Option<Timestamp> {
    parse_wire_time(&fields.text(name)?)
}

/// The HTTP status of the failing delivery; 0 where there was no response.
///
/// QStash declares the status of its messages as a Go integer that is left out when it is zero (upstash/docs, pull
/// request 58), so that an absent status is the same as 0.
pub(super) fn status(fields: &mut Fields) -> Result<u16, CallbackError> {
    let invalid =
        CallbackError::Invalid { field: "status", accepted: "an HTTP status, or 0 for no response" };
    match fields.take("status") {
        Captured::Absent => Ok(0),
        Captured::Value { raw, .. } if raw == b"null" => Ok(0),
        Captured::Value { raw, .. } => {
            let text = scalar(&raw).unwrap_or_default();
            let below_zero = text.strip_prefix('-').and_then(decimal).map(|_| 0);
            match below_zero.or_else(|| decimal(&text)) {
                Some(0) => Ok(0),
                Some(status @ 100..=999) => u16::try_from(status).map_err(|_| invalid),
                _ => Err(invalid),
            }
        }
        Captured::TooLong => Err(invalid),
    }
}

fn limit(name: &str) -> usize {
    FIELDS.iter().find(|field| field.name == name).map_or(0, |field| field.limit)
}
