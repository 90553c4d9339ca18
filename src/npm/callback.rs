//! Failure callbacks as plain objects.

use js_sys::Function;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::{error::js_error, object::timestamp, types, wire::look_up};
use crate::{
    callback::{CallbackHeaders, Failure, FailureReader},
    time::Timestamp,
};

/// Reads the failure callback of `body`; `header` looks up request headers, `now` (epoch milliseconds) dates those that
/// ask for a pause. The signature is not looked at.
#[wasm_bindgen(js_name = parseFailureCallback)]
pub fn parse_failure_callback(body: &[u8], header: &Function, now: f64) -> Result<JsValue, JsValue> {
    let now =
        timestamp(now).ok_or_else(|| js_error("invalid_argument", "`now` must be epoch milliseconds"))?;
    let failure = read(body, CallbackHeaders::read(|name| look_up(header, name)), now)?;
    Ok(types::failure(&failure))
}

pub(super) fn read(body: &[u8], headers: CallbackHeaders, now: Timestamp) -> Result<Failure, JsValue> {
    let mut reader = FailureReader::new(headers);
    reader.push(body);
    reader.finish(now).map_err(|error| js_error(error.code(), &error.to_string()))
}
