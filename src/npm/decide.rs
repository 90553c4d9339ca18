//! What would a policy do? A dry run for editors, tests and consoles.

use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::{
    callback::{read, timestamp},
    error::js_error,
    types,
};
use crate::{
    callback::CallbackHeaders, http_url::HttpUrl, json::Object, lineage::Lineage, policy::Policy, text::said,
};

/// Decides what `policy`, a JSON text as in `[vars.POLICY]`, does with the failure callback of `body` that is delivered
/// to `url` at `now` (epoch milliseconds). The callback's signature is not looked at.
///
/// Jitter is left out: the delay is the least that can be.
#[wasm_bindgen]
pub fn decide(policy: &str, url: &str, body: &[u8], now: f64) -> Result<String, JsValue> {
    let policy = Policy::from_json(policy).map_err(|error| js_error("invalid_policy", &said(&error)))?;
    let url = HttpUrl::parse(url).map_err(|error| js_error("invalid_url", &said(&error)))?;
    let now = timestamp("invalid_time", now)?;
    let failure = read(body, CallbackHeaders::default(), now)?;
    let lineage = Lineage::from_query(url.query())
        .map_err(|error| js_error("malformed_lineage", &said(&error)))?
        .unwrap_or_else(|| Lineage::root(failure.run_id.clone(), now));
    let mut decision = Object::new();
    types::decision(&mut decision, &policy.decide(&failure, &lineage, now, 0));
    Ok(decision.end())
}
