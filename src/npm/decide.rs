//! What would a policy do? A dry run for editors, tests and consoles.

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::error::js_error;
use crate::{
    callback::{CallbackHeaders, Failure, FailureReader},
    http_url::HttpUrl,
    lineage::Lineage,
    policy::{Decision, Policy},
    time::Timestamp,
};

/// Decides what `policy`, a JSON text as in `[vars.POLICY]`, does with the failure callback of `body` that is delivered
/// to `url` at `now` (epoch milliseconds). The callback's signature is not looked at.
///
/// Jitter is left out: the delay is the least that can be.
#[wasm_bindgen]
pub fn decide(policy: &str, url: &str, body: &[u8], now: f64) -> Result<Object, JsValue> {
    let policy = Policy::from_json(policy).map_err(|error| js_error("invalid_policy", &error.to_string()))?;
    let url = HttpUrl::parse(url).map_err(|error| js_error("invalid_url", &error.to_string()))?;
    let now = timestamp(now)?;
    let failure = read(body, now)?;
    let lineage = Lineage::from_query(url.query())
        .map_err(|error| js_error("malformed_lineage", &error.to_string()))?
        .unwrap_or_else(|| Lineage::root(failure.run_id.clone(), now));
    to_object(&policy.decide(&failure, &lineage, now, 0))
}

fn timestamp(now: f64) -> Result<Timestamp, JsValue> {
    const MAX: f64 = 8.64e15;
    if !(0.0..=MAX).contains(&now) {
        return Err(js_error("invalid_time", "`now` must be epoch milliseconds, as `Date.now()` gives them"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be within a date's range"
    )]
    Ok(Timestamp::from_millis(now as u64))
}

fn read(body: &[u8], now: Timestamp) -> Result<Failure, JsValue> {
    let mut reader = FailureReader::new(CallbackHeaders::default());
    reader.push(body);
    reader.finish(now).map_err(|error| js_error(error.code(), &error.to_string()))
}

/// `{action, reason, rule, headers}`, the headers those of the DLQ call.
fn to_object(decision: &Decision) -> Result<Object, JsValue> {
    let headers = Object::new();
    for (name, value) in decision.overrides.headers() {
        Reflect::set(&headers, &name.into(), &value.into())?;
    }
    let entries = [
        ("action", decision.action.name().into()),
        ("reason", decision.reason.code().into()),
        ("rule", decision.rule.as_str().into()),
        ("headers", headers.into()),
    ];
    let pairs: Array = entries.into_iter().map(|(name, value): (&str, JsValue)| pair(name, &value)).collect();
    Object::from_entries(&pairs)
}

fn pair(name: &str, value: &JsValue) -> Array {
    [&name.into(), value].into_iter().collect()
}
