//! Failure callbacks as plain objects.

use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::{error::js_error, pairs::Pairs, types};
use crate::{
    callback::{CallbackHeaders, Failure, FailureReader},
    json::Object,
    text::said,
    time::Timestamp,
};

/// Reads the failure callback of `body` into JSON; `headers` are those of the request, names and values with NUL between
/// them. `now` (epoch milliseconds) dates those that ask for a pause. The signature is not looked at.
#[wasm_bindgen(js_name = parseFailureCallback)]
pub fn parse_failure_callback(body: &[u8], headers: &str, now: f64) -> Result<String, JsValue> {
    let failure = read(body, headers_of(Pairs(headers)), timestamp("invalid_argument", now)?)?;
    let mut object = Object::new();
    types::failure(&mut object, &failure);
    Ok(object.end())
}

/// Apart, so that it is compiled once.
pub(super) fn headers_of(headers: Pairs<'_>) -> CallbackHeaders {
    CallbackHeaders::read(|name| headers.value(name))
}

pub(super) fn read(body: &[u8], headers: CallbackHeaders, now: Timestamp) -> Result<Failure, JsValue> {
    let mut reader = FailureReader::new(headers);
    reader.push(body);
    reader.finish(now).map_err(|error| js_error(error.code(), &said(&error)))
}

/// A point in time out of epoch milliseconds; an error with this code for what no `Date` can be.
pub(super) fn timestamp(code: &str, millis: f64) -> Result<Timestamp, JsValue> {
    const MAX: f64 = 8.64e15;
    if !(0.0..=MAX).contains(&millis) {
        return Err(js_error(code, "`now` must be epoch milliseconds, as `Date.now()` gives them"));
    }
    Ok(Timestamp::from_millis(super::request::whole(millis)))
}
