//! Replies as the runtime's responses.

use wasm_bindgen::JsValue;
use web_sys::{Headers, Response, ResponseInit};

use crate::recovery::Reply;
use crate::text::said;

/// The response that carries a reply.
pub(super) fn respond(reply: &Reply) -> Result<Response, JsValue> {
    let headers = Headers::new()?;
    headers.set("Content-Type", "application/json")?;
    if let Some(seconds) = reply.retry_after {
        headers.set("Retry-After", &said(&seconds))?;
    }
    if reply.non_retryable {
        headers.set("Upstash-NonRetryable-Error", "true")?;
    }
    if let Some(methods) = reply.allow {
        headers.set("Allow", methods)?;
    }
    let init = ResponseInit::new();
    init.set_status(reply.status);
    init.set_headers(&headers);
    Response::new_with_opt_str_and_init(Some(&reply.body), &init)
}
