//! What JavaScript runtimes have of the world around us.

use crate::time::Timestamp;

/// The present.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the present is a positive number of ms"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(js_sys::Date::now() as u64)
}

/// A uniformly random number, good for jitter and for nothing secret.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float cast saturates")]
pub(crate) fn entropy() -> u64 {
    (js_sys::Math::random() * 2_f64.powi(64)) as u64
}
