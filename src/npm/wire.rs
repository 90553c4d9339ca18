//! Requests and answers on their way through JavaScript.

use core::time::Duration;

use js_sys::{Array, Function, Object};
use wasm_bindgen::JsValue;

use super::object::object;
use crate::{
    client::Outgoing,
    dlq::{ApiRequest, ApiResponse, Method, TransportError},
    http_url::HttpUrl,
};

/// `{method, url, headers}` of a request to an account, the token among the headers.
pub(super) fn outgoing(base_url: &HttpUrl, token: &str, request: &ApiRequest) -> Object {
    let base = base_url.as_str().trim_end_matches('/');
    let headers: Array = request.headers.iter().map(|(name, value)| pair(name, value)).collect();
    headers.push(&pair("Authorization", &["Bearer ", token].concat()));
    request_object(request.method, &[base, &request.path_and_query].concat(), &headers)
}

/// The same of a request that is ready to go out.
pub(super) fn to_object(request: &Outgoing) -> Object {
    let headers: Array = request.headers.iter().map(|(name, value)| pair(name, value)).collect();
    request_object(request.method, &request.url, &headers)
}

fn request_object(method: Method, url: &str, headers: &Array) -> Object {
    object([("method", method.as_str().into()), ("url", url.into()), ("headers", headers.into())])
}

fn pair(name: &str, value: &str) -> Array {
    [JsValue::from_str(name), JsValue::from_str(value)].into_iter().collect()
}

/// An answer; `header` looks a header up by its name.
pub(super) fn answer(status: u16, body: Vec<u8>, header: &Function) -> ApiResponse {
    ApiResponse::new(status, body, |name| look_up(header, name))
}

/// Asks JavaScript for a header; anything but a text is none.
pub(super) fn look_up(header: &Function, name: &str) -> Option<String> {
    header.call1(&JsValue::UNDEFINED, &name.into()).ok()?.as_string()
}

/// Why there is no answer, by the names that the package's `fetch` gives.
pub(super) fn fault(kind: &str, detail: &str, limit: f64) -> TransportError {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float cast saturates")]
    let limit = limit as u64;
    match kind {
        "timeout" => TransportError::timeout(Duration::from_millis(limit)),
        "too_large" => TransportError::too_large(usize::try_from(limit).unwrap_or(usize::MAX)),
        "unreachable" => TransportError::unreachable(detail),
        _ => TransportError::interrupted(detail),
    }
}
