//! Errors as they are thrown: a JSON object of `code`, `message` and what else is known.

use wasm_bindgen::JsValue;

use crate::{
    json::Object,
    text::{Say, said},
};

/// An error with a machine-readable code.
pub(super) fn js_error(code: &str, message: &str) -> JsValue {
    JsValue::from_str(&error(code, message).end())
}

/// The same about an argument; `name` is what it is called, and may be empty.
pub(super) fn invalid(name: &str, cause: &dyn Say) -> JsValue {
    js_error("invalid_argument", &[name, &said(cause)].concat())
}

/// The same with what else is known.
pub(super) fn error(code: &str, message: &str) -> Object {
    let mut error = Object::new();
    error.text("code", code).text("message", message);
    error
}
