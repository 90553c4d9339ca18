//! The ledger in a Worker: every [actor](crate::durable) is a Durable Object of one class, by its name.

mod js;
#[cfg(feature = "deploy")]
mod object;
#[cfg(feature = "deploy")]
mod records;

pub(super) use js::Namespace;

use core::time::Duration;

use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, RequestInit, Response};
use worker::Env;

#[cfg(feature = "deploy")]
use crate::{
    breaker::Target,
    durable::Actor,
    job::{Job, Jobs},
    ledger::Shard,
    notice::{NOTICES, Notices},
    sweep::{KEEPER, Keeper},
    text,
};
use crate::{http_url::percent_encode, time::millis};

/// How long an answer of an actor may take. It does nothing but read and write a few records.
const PATIENCE: Duration = Duration::from_secs(5);

/// Tells an actor something. An error means that it cannot be said whether it was heard.
pub(super) async fn tell(ledger: &Namespace, actor: &str, message: &str) -> Result<String, JsValue> {
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(&JsValue::from_str(message));
    let patience = u32::try_from(millis(PATIENCE)).unwrap_or(u32::MAX);
    init.set_signal(Some(&AbortSignal::timeout_with_u32(patience)));
    let url = ["https://ledger/", &percent_encode(actor)].concat();
    let answer = JsFuture::from(ledger.get_by_name(actor)?.fetch(&url, &init)?).await?;
    let response: Response = answer.unchecked_into();
    let body = JsFuture::from(response.text()?).await?;
    if !response.ok() {
        return Err(body);
    }
    Ok(body.as_string().unwrap_or_default())
}

/// The ledger of a deployment, where one is bound as `LEDGER`.
pub(super) fn bound(env: &Env) -> Option<Namespace> {
    let binding = Reflect::get(env, &JsValue::from_str("LEDGER")).ok()?;
    binding.is_object().then(|| binding.unchecked_into())
}

/// Who acts under a name.
#[cfg(feature = "deploy")]
fn role(name: &str) -> Option<&'static dyn Actor> {
    match text::parts(name, b'-').next().unwrap_or_default() {
        "job" => Some(&Job),
        "jobs" => Some(&Jobs),
        "shard" => Some(&Shard),
        NOTICES => Some(&Notices),
        KEEPER => Some(&Keeper),
        "target" => Some(&Target),
        _ => None,
    }
}
