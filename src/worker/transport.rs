//! DLQ calls through the `worker` crate's fetch.

use core::time::Duration;

use wasm_bindgen::JsValue;
use worker::{AbortSignal, Fetch, Headers, Request, RequestInit, RequestRedirect};

use super::chunks::{Chunks, content_length};
use crate::{
    dlq::{ApiRequest, ApiResponse, Method, TransportError, Transported},
    settings::Account,
};

/// The most bytes of an answer that are read. Pages of the queue carry the payloads of their entries.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// Sends one request and reads its whole answer within `timeout`. Redirects are answers, never followed: the token
/// goes to the configured host only.
pub(super) async fn send(account: &Account, request: &ApiRequest, timeout: Duration) -> Transported {
    let signal = web_sys::AbortSignal::timeout_with_u32(u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX));
    let signal = AbortSignal::from(signal);
    let broken = |error: &dyn core::fmt::Display| {
        if signal.aborted() {
            TransportError::timeout(timeout)
        } else {
            TransportError::interrupted(&error.to_string())
        }
    };
    let request = to_request(account, request).map_err(|error| TransportError::unreachable(&error.to_string()))?;
    let response = Fetch::Request(request).send_with_signal(&signal).await.map_err(|error| broken(&error))?;
    let response: web_sys::Response = response.into();
    let body = read(&response).await.map_err(|_| broken(&"the answer broke off"))?;
    let body = body.ok_or_else(|| TransportError::too_large(MAX_ANSWER_BYTES))?;
    Ok(ApiResponse::new(response.status(), body, |name| response.headers().get(name).ok().flatten()))
}

fn to_request(account: &Account, request: &ApiRequest) -> worker::Result<Request> {
    let headers = Headers::new();
    headers.set("Authorization", &["Bearer ", account.token.reveal()].concat())?;
    for (name, value) in &request.headers {
        headers.set(name, value)?;
    }
    let mut init = RequestInit::new();
    init.with_headers(headers).with_redirect(RequestRedirect::Manual).with_method(match request.method {
        Method::Get => worker::Method::Get,
        Method::Post => worker::Method::Post,
        Method::Delete => worker::Method::Delete,
    });
    let base = account.base_url.as_str().trim_end_matches('/');
    Request::new_with_init(&[base, &request.path_and_query].concat(), &init)
}

/// The body; `None` where it is too large.
async fn read(response: &web_sys::Response) -> Result<Option<Vec<u8>>, JsValue> {
    let Some(stream) = response.body() else { return Ok(Some(Vec::new())) };
    let expected = content_length(&response.headers()).and_then(|length| usize::try_from(length).ok());
    if expected.is_some_and(|length| length > MAX_ANSWER_BYTES) {
        return Ok(None);
    }
    let mut chunks = Chunks::of(&stream);
    let mut body = Vec::new();
    while let Some(chunk) = chunks.next().await? {
        let start = body.len();
        let end = start + chunk.length() as usize;
        if end > MAX_ANSWER_BYTES {
            chunks.cancel();
            return Ok(None);
        }
        body.resize(end, 0);
        chunk.copy_to(body.get_mut(start..).unwrap_or_default());
    }
    Ok(Some(body))
}
