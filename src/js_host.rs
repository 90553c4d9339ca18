//! What JavaScript runtimes have of the world around us.

use wasm_bindgen::prelude::wasm_bindgen;

use crate::time::Timestamp;

// By itself: `js-sys` brings more WebAssembly with it than these two are.
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    fn date_now() -> f64;

    #[wasm_bindgen(js_namespace = Math)]
    fn random() -> f64;
}

/// The present.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the present is a positive number of ms"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(date_now() as u64)
}

/// A uniformly random number, good for jitter and for nothing secret.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float cast saturates")]
pub(crate) fn entropy() -> u64 {
    (random() * 2_f64.powi(64)) as u64
}
