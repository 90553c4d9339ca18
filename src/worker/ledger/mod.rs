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

/// How long an answer of an actor may take. It does nothing but read and write a few records.
const PATIENCE_MILLIS: u32 = 5000;

#[wasm_bindgen]
extern "C" {
    /// The runtime's own timer.
    #[wasm_bindgen(js_namespace = scheduler)]
    pub(super) fn wait(millis: u32) -> Promise;
}

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
    let answer = ledger.get_by_name(actor)?.tell(actor, &array(messages))?;
    Ok(Promise::race(&Array::of2(&answer, &wait(PATIENCE_MILLIS))))
}

/// The answers to it.
pub(super) async fn hear(call: Promise) -> Result<Vec<String>, JsValue> {
    let answers = JsFuture::from(call).await?;
    if answers.is_undefined() {
        return Err(js_sys::Error::new("no answer in time").into());
    }
    Ok(strings(answers.unchecked_ref()))
}

fn array(strings: &[String]) -> Array {
    let array = Array::new();
    for string in strings {
        array.push(&JsValue::from_str(string));
    }
    array
}

fn strings(array: &Array) -> Vec<String> {
    let mut strings = Vec::new();
    for at in 0..array.length() {
        strings.push(array.get(at).as_string().unwrap_or_default());
    }
    strings
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
