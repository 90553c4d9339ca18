//! Requests through the runtime's fetch.
//!
//! This is the call under the `worker` crate's `Fetch`. The wrapper itself builds a request object with all of
//! Cloudflare's image and cache properties for each call; that costs more time than signing and parsing together, and
//! 10 KB of WebAssembly.

use core::time::Duration;

use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::runtime::{self, Exchanged, answer_headers};
use crate::{
    dlq::{ApiRequest, ApiResponse, TransportError, Transported},
    js_pairs::Pairs,
    settings::Account,
    time::millis,
};

/// Sends one request of a recovery.
pub(super) async fn send(account: &Account, request: &ApiRequest, timeout: Duration) -> Transported {
    let (status, body, headers) = exchange(account, request, timeout).await?;
    Ok(to_api_response(status, body, &headers))
}

/// Sends one request and reads its whole answer within `timeout`: status, body, and the headers that are read, as
/// [`Pairs`]. Redirects are answers, never followed: the token goes to the configured host only.
pub(super) async fn exchange(
    account: &Account,
    request: &ApiRequest,
    timeout: Duration,
) -> Result<(u16, Vec<u8>, String), TransportError> {
    converse(&sending(account, request), &JsValue::UNDEFINED, timeout).await
}

/// Posts a text to an address of the settings, without any token of ours.
#[cfg(feature = "deploy")]
pub(super) async fn post(
    url: &crate::http_url::HttpUrl,
    headers: &[(&'static str, String)],
    body: &str,
    timeout: Duration,
) -> Transported {
    let mut texts = ["POST\0", url.as_str()].concat();
    for (name, value) in headers {
        push(&mut texts, name, value);
    }
    let (status, body, headers) = converse(&texts, &JsValue::from_str(body), timeout).await?;
    Ok(to_api_response(status, body, &headers))
}

/// The texts of a request to an account's API, with its token.
pub(super) fn sending(account: &Account, request: &ApiRequest) -> String {
    let base = account.base_url.as_str().trim_end_matches('/');
    let (method, bearer) = (request.method.as_str(), account.token.reveal());
    let mut texts =
        [method, "\0", base, &request.path_and_query, "\0Authorization\0Bearer ", bearer].concat();
    for (name, value) in &request.headers {
        push(&mut texts, name, value);
    }
    texts
}

/// One more header.
pub(super) fn push(texts: &mut String, name: &str, value: &str) {
    for text in [name, value] {
        texts.push('\0');
        texts.push_str(text);
    }
}

pub(super) fn to_api_response(status: u16, body: Vec<u8>, headers: &str) -> ApiResponse {
    let headers = Pairs(headers);
    ApiResponse::new(status, body, |name| headers.value(name))
}

/// What a status means that comes without an answer, and with a text.
pub(super) fn fault(status: u16, text: &str, timeout: Duration) -> TransportError {
    match status {
        1 => TransportError::timeout(timeout),
        2 => TransportError::too_large(text.parse().unwrap_or(usize::MAX)),
        _ => TransportError::interrupted(text),
    }
}

/// A time as the runtime's timers take it.
pub(super) fn timer(timeout: Duration) -> u32 {
    u32::try_from(millis(timeout)).unwrap_or(u32::MAX)
}

async fn converse(
    texts: &str,
    body: &JsValue,
    timeout: Duration,
) -> Result<(u16, Vec<u8>, String), TransportError> {
    let exchanged = JsFuture::from(runtime::exchange(texts, body, timer(timeout))).await;
    let exchanged: Exchanged = match exchanged {
        Ok(exchanged) => exchanged.unchecked_into(),
        Err(error) => return Err(TransportError::interrupted(&runtime::words(&error))),
    };
    let (status, body) = (exchanged.status(), exchanged.body());
    match exchanged.response() {
        Some(response) => {
            Ok((status, body.unchecked_into::<Uint8Array>().to_vec(), answer_headers(&response)))
        }
        None => Err(fault(status, &body.as_string().unwrap_or_default(), timeout)),
    }
}
