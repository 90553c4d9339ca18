//! What would a policy do? A dry run for editors, tests and consoles.

use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::{
    callback::{headers_of, read, timestamp},
    error::js_error,
    pairs::Pairs,
};
use crate::{http_url::HttpUrl, lineage::Lineage, policy::Policy, text::said};

/// Decides what `policy`, a JSON text as in `[vars.POLICY]`, does with the failure callback of `body` that is delivered
/// to `url` at `now` (epoch milliseconds), and explains it. `headers` are those of the request, names and values with NUL
/// between them. The callback's signature is not looked at.
///
/// Jitter is left out: the delay is the least that can be.
#[wasm_bindgen]
pub fn decide(policy: &str, url: &str, body: &[u8], headers: &str, now: f64) -> Result<String, JsValue> {
    let policy = Policy::from_json(policy).map_err(|error| js_error("invalid_policy", &said(&error)))?;
    let url = HttpUrl::parse(url).map_err(|error| js_error("invalid_url", &said(&error)))?;
    let now = timestamp("invalid_time", now)?;
    let failure = read(body, headers_of(Pairs(headers)), now)?;
    let lineage = Lineage::from_query(url.query())
        .map_err(|error| js_error("malformed_lineage", &said(&error)))?
        .unwrap_or_else(|| Lineage::root(failure.run_id.clone(), now));
    Ok(policy.explain(&failure, &lineage, now).to_json())
}
