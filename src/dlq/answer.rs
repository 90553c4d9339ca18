//! Reading the JSON of answers: what each kind of answer shares with the others.

use super::error::ApiError;
use crate::json::{Captured, Field, Fields, Over, elements};
use crate::time::{Timestamp, decimal, parse_wire_time};

/// A field of an id, a time, a cursor or another short text.
pub(super) const fn short(name: &'static str) -> Field {
    Field { name, limit: 4 * 1024, over: Over::Drop }
}

/// A field longer than any label or URL that is kept, escapes included.
pub(super) const fn long(name: &'static str) -> Field {
    Field { name, limit: 128 * 1024, over: Over::Drop }
}

/// A field of any length.
pub(super) const fn whole(name: &'static str) -> Field {
    Field { name, limit: usize::MAX, over: Over::Drop }
}

/// The wanted fields of an object; `what` it should have been.
pub(super) fn object(json: &[u8], wanted: &'static [Field], what: &'static str) -> Result<Fields, ApiError> {
    Fields::of(json, wanted).map_err(|_| ApiError::malformed(what))
}

/// Reads the elements of a list one by one; `what` it should have been. Gives the cursor that leads on.
pub(super) fn list(
    json: &[u8],
    wanted: &'static [Field],
    name: &'static str,
    what: &'static str,
    read: &mut dyn FnMut(&[u8]) -> Result<(), ApiError>,
) -> Result<Option<String>, ApiError> {
    let mut fields = object(json, wanted, what)?;
    match fields.take(name) {
        // Go writes an empty list as `null`, which has no elements either.
        Captured::Value { raw, .. } if raw == b"null" || raw.starts_with(b"[") => {
            for element in elements(&raw) {
                read(element)?;
            }
        }
        _ => return Err(ApiError::malformed(what)),
    }
    Ok(fields.word("cursor"))
}

/// The moment of a field, where it is readable.
pub(super) fn time(fields: &mut Fields, name: &'static str) -> Option<Timestamp> {
    parse_wire_time(&fields.text(name)?)
}

/// The whole number of a field, where it is one.
pub(super) fn number(fields: &mut Fields, name: &'static str) -> Option<u64> {
    decimal(&fields.text(name)?)
}
