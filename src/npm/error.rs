//! Errors as JavaScript sees them.

use js_sys::{Error, Object};
use wasm_bindgen::{JsCast, JsValue};

use super::object::set;

/// An `Error` object with a machine-readable `code`.
pub(super) fn js_error(code: &str, message: &str) -> JsValue {
    error_with(code, message, &[])
}

/// The same with more properties.
pub(super) fn error_with(code: &str, message: &str, properties: &[(&str, JsValue)]) -> JsValue {
    let error: Object = Error::new(message).unchecked_into();
    set(&error, "code", &code.into());
    for (name, value) in properties {
        set(&error, name, value);
    }
    error.into()
}
