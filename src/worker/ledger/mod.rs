//! The ledger in a Worker: every [actor](crate::durable) is a Durable Object of one class, by its name.

mod gathered;
mod js;
#[cfg(feature = "deploy")]
mod object;
#[cfg(feature = "deploy")]
mod records;

pub(super) use gathered::Gathered;
pub(super) use js::Namespace;

use js_sys::{Array, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use worker::Env;

use crate::text;
#[cfg(feature = "deploy")]
use crate::{
    breaker::Target,
    durable::Actor,
    job::{Job, Jobs},
    ledger::Shard,
    notice::{NOTICES, Notices},
    sweep::{KEEPER, Keeper},
};

/// How long an answer of an actor may take. It does nothing but read and write a few records.
const PATIENCE_MILLIS: u32 = 5000;

#[wasm_bindgen]
extern "C" {
    /// The runtime's own timer.
    #[wasm_bindgen(js_namespace = scheduler)]
    pub(super) fn wait(millis: u32) -> Promise;
}

/// Between the texts of messages and answers that cross together. JSON never holds it.
const SEPARATOR: char = '\0';

/// Tells an actor something: each message gets its answer, an empty one where the actor can make nothing of it. An error
/// means that it cannot be said whether they were heard.
pub(super) async fn tell(
    ledger: &Namespace,
    actor: &str,
    messages: &[String],
) -> Result<Vec<String>, JsValue> {
    hear(call(ledger, actor, messages)?).await
}

/// The call of [`tell`], which is under way from now on.
pub(super) fn call(ledger: &Namespace, actor: &str, messages: &[String]) -> Result<Promise, JsValue> {
    let answer = ledger.get_by_name(actor)?.tell(actor, &joined(messages))?;
    Ok(Promise::race(&Array::of2(&answer, &wait(PATIENCE_MILLIS))))
}

/// The answers to it.
pub(super) async fn hear(call: Promise) -> Result<Vec<String>, JsValue> {
    let answers = JsFuture::from(call).await?.as_string();
    let answers = answers.ok_or_else(|| js_sys::Error::new("no answer in time"))?;
    Ok(parted(&answers))
}

fn joined(texts: &[String]) -> String {
    texts.join("\0")
}

fn parted(texts: &str) -> Vec<String> {
    text::parts(texts, b'\0').map(str::to_owned).collect()
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
