//! The Cloudflare adapter: runs the core inside a Worker.
//!
//! The room translates between the runtime and the core: settings from `Env`, requests and bodies in, DLQ calls out
//! through the `worker` crate's fetch, replies and log lines back. No policy lives here.
//!
//! In the ready-made Worker `entry.mjs` stands before all this: it is what the runtime calls, and outlives a crash.
//!
//! A Worker of your own mounts the whole thing with [`Redrive`].

mod analytics;
mod arrived;
mod books;
mod console;
mod delivery;
#[cfg(feature = "deploy")]
mod deploy;
mod host;
mod ledger;
mod operator;
mod redrive;
mod respond;
mod runtime;
mod settings;
mod sweep;
mod transport;

pub use redrive::Redrive;

/// What the runtime is given of something that takes its time. All share one piece of code.
#[cfg(feature = "deploy")]
fn promise(
    future: impl Future<Output = Result<wasm_bindgen::JsValue, wasm_bindgen::JsValue>> + 'static,
) -> js_sys::Promise {
    type Boxed =
        core::pin::Pin<Box<dyn Future<Output = Result<wasm_bindgen::JsValue, wasm_bindgen::JsValue>>>>;
    let future: Boxed = Box::pin(future);
    wasm_bindgen_futures::future_to_promise(future)
}
