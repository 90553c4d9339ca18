//! Errors as JavaScript sees them.

use js_sys::{Error, Reflect};
use wasm_bindgen::JsValue;

/// An `Error` object with a machine-readable `code`.
pub(super) fn js_error(code: &str, message: &str) -> JsValue {
    let error = Error::new(message);
    // Setting a property of a fresh object cannot fail.
    let _: Result<bool, JsValue> = Reflect::set(&error, &"code".into(), &code.into());
    error.into()
}
