//! Plain JavaScript objects.

use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;

use crate::time::Timestamp;

/// An object of these properties; those that are undefined are left out.
pub(super) fn object<const N: usize>(properties: [(&str, JsValue); N]) -> Object {
    let object = Object::new();
    for (name, value) in properties {
        if !value.is_undefined() {
            set(&object, name, &value);
        }
    }
    object
}

/// Sets a property of an object that we made, which cannot fail.
pub(super) fn set(object: &Object, name: &str, value: &JsValue) {
    let _: Result<bool, JsValue> = Reflect::set(object, &name.into(), value);
}

/// Epoch milliseconds, as `Date.now()` gives them.
#[expect(clippy::cast_precision_loss, reason = "exact for the next 280,000 years")]
pub(super) fn millis(time: Timestamp) -> JsValue {
    (time.as_millis() as f64).into()
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
