//! Is a request really QStash's?

use core::time::Duration;

use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::{
    callback::timestamp,
    error::{invalid, js_error},
    request::whole,
};
use crate::{
    http_url::HttpUrl,
    signature::{BodyDigest, KeySet, SigningKey},
};

/// Checks an `Upstash-Signature` and the body that came with it; `now` is in epoch milliseconds, `tolerance` in seconds.
///
/// Without `url`, a token that was made for another endpoint of the same account passes.
#[wasm_bindgen(js_name = verifySignature)]
pub fn verify_signature(
    current: &str,
    next: &str,
    token: &str,
    url: Option<String>,
    body: &[u8],
    now: f64,
    tolerance: f64,
) -> Result<(), JsValue> {
    let keys = KeySet::new(key("currentSigningKey", current)?, key("nextSigningKey", next)?);
    let now = timestamp("invalid_argument", now)?;
    let tolerance = Duration::from_millis(whole(tolerance * 1000.0));
    let claims = match url {
        None => keys.verify_for_any_url(token, now, tolerance),
        Some(url) => {
            let url = HttpUrl::parse(&url).map_err(|error| invalid("`url`: ", &error))?;
            keys.verify(token, &url, now, tolerance)
        }
    };
    claims
        .and_then(|claims| claims.verify_body(BodyDigest::of(body)))
        .map_err(|error| js_error(error.code(), error.message()))
}

fn key(name: &str, key: &str) -> Result<SigningKey, JsValue> {
    SigningKey::new(key).map_err(|error| invalid(&["`", name, "`: "].concat(), &error))
}
