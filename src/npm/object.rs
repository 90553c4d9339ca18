//! Plain JavaScript objects.

use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;

use crate::time::Timestamp;

/// An object of these properties; those that are undefined are left out.
pub(super) fn object<const N: usize>(properties: [(&str, JsValue); N]) -> Object {
    let object = Object::new();
    for (name, value) in properties {
        put(&object, name, &value);
    }
    object
}

/// Sets a property, unless it is undefined.
pub(super) fn put(object: &Object, name: &str, value: &JsValue) {
    if !value.is_undefined() {
        set(object, name, value);
    }
}

/// Sets a property of an object that we made, which cannot fail.
pub(super) fn set(object: &Object, name: &str, value: &JsValue) {
    let _: Result<bool, JsValue> = Reflect::set(object, &name.into(), value);
}

/// A point in time out of epoch milliseconds; `None` for what no `Date` can be.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be within a date's range"
)]
pub(super) fn timestamp(millis: f64) -> Option<Timestamp> {
    const MAX: f64 = 8.64e15;
    (0.0..=MAX).contains(&millis).then(|| Timestamp::from_millis(millis as u64))
}
