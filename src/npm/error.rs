//! Errors as they are thrown: a JSON object of `code`, `message` and what else is known.

use crate::{
    json::Object,
    text::{Say, said},
};

/// An error with a machine-readable code.
pub(super) fn error(code: &str, message: &str) -> Object {
    let mut error = Object::new();
    error.text("code", code).text("message", message);
    error
}

/// That of an argument; `name` is what it is called, and may be empty.
pub(super) fn invalid(name: &str, cause: &dyn Say) -> String {
    invalid_argument(&[name, &said(cause)].concat())
}

/// The same in words of one's own.
pub(super) fn invalid_argument(message: &str) -> String {
    error("invalid_argument", message).end()
}

/// What is answered in the place of what was asked for.
pub(super) fn thrown(error: &str) -> String {
    let mut object = Object::new();
    object.raw("thrown", error);
    object.end()
}
