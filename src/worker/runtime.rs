//! What `runtime.mjs` does for us.

use js_sys::{JsString, Promise};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use web_sys::{Request, Response};

use super::delivery::Delivery;

#[wasm_bindgen(module = "/src/worker/runtime.mjs")]
extern "C" {
    /// What is read of a request before its body, see [`Arrived`](super::arrived::Arrived).
    pub(super) fn arrival(request: &Request) -> String;

    /// All headers of a request, names in lower case, with NUL between all of them.
    #[wasm_bindgen(js_name = allHeaders)]
    pub(super) fn all_headers(request: &Request) -> String;

    /// Takes the steps of a delivery, and comes to its response: at once, or as a promise where something has to be waited
    /// for.
    #[wasm_bindgen(catch)]
    pub(super) fn deliver(delivery: Delivery, request: &Request) -> Result<JsValue, JsValue>;

    /// A response, or an exception where the runtime refuses a header; without headers it is JSON.
    #[wasm_bindgen(catch)]
    pub(super) fn respond(status: u16, headers: &str, body: &str) -> Result<Response, JsValue>;

    /// The same with any bytes, or without a body.
    #[wasm_bindgen(catch, js_name = respond)]
    pub(super) fn respond_with(status: u16, headers: &str, body: Option<&[u8]>) -> Result<Response, JsValue>;

    /// Sends a request, whose texts are its method, its URL, and names and values of headers; comes to an [`Exchanged`].
    pub(super) fn exchange(texts: &str, body: &JsValue, timeout_millis: u32) -> Promise;

    /// What came of a request.
    pub(super) type Exchanged;

    /// The answer, if there is one.
    #[wasm_bindgen(method, getter)]
    pub(super) fn response(this: &Exchanged) -> Option<Response>;

    /// Its status; else why there is none, see [`fault`](super::transport::fault).
    #[wasm_bindgen(method, getter)]
    pub(super) fn status(this: &Exchanged) -> u16;

    /// Its bytes; else what happened, in words.
    #[wasm_bindgen(method, getter)]
    pub(super) fn body(this: &Exchanged) -> JsValue;

    /// The headers that are read of an answer, with NUL between names and values.
    #[wasm_bindgen(js_name = answerHeaders)]
    pub(super) fn answer_headers(response: &Response) -> String;
}

/// What the runtime says about a failure.
pub(super) fn words(error: &JsValue) -> String {
    let text = error.dyn_ref::<js_sys::Error>().map(js_sys::Error::message);
    text.map_or_else(|| "no reason given".to_owned(), |text: JsString| text.into())
}
