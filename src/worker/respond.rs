//! Replies as the runtime's responses.

use wasm_bindgen::JsValue;
use web_sys::Response;

use super::{runtime, transport::push};
use crate::recovery::Reply;
use crate::text::said;

/// The response that carries a reply.
pub(super) fn respond(reply: &Reply) -> Result<Response, JsValue> {
    runtime::respond(reply.status, &headers(reply), &reply.body)
}

/// Its headers, names and values with NUL between them; nothing where there are none but the rule.
pub(super) fn headers(reply: &Reply) -> String {
    let mut texts = String::new();
    if let Some(seconds) = reply.retry_after {
        push(&mut texts, "Retry-After", &said(&seconds));
    }
    if reply.non_retryable {
        push(&mut texts, "Upstash-NonRetryable-Error", "true");
    }
    if let Some(methods) = reply.allow {
        push(&mut texts, "Allow", methods);
    }
    if texts.is_empty() { texts } else { ["Content-Type\0application/json", &texts].concat() }
}
