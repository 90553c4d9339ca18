//! DLQ calls through the runtime's fetch.
//!
//! This is the call under the `worker` crate's `Fetch`, by the same types. The wrapper itself builds a request object
//! with all of Cloudflare's image and cache properties for each call; that costs more time than signing and parsing
//! together, and 10 KB of WebAssembly.

use core::time::Duration;

use js_sys::{JsString, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Headers, RequestInit, RequestRedirect, Response, WorkerGlobalScope};

use super::chunks::{Chunks, content_length};
use crate::{
    dlq::{ApiRequest, ApiResponse, TransportError, Transported},
    http_url::HttpUrl,
    settings::Account,
    time::millis,
};

/// The most bytes of an answer that are read. Pages of the queue carry the payloads of their entries.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// Sends one request of a recovery.
pub(super) async fn send(account: &Account, request: &ApiRequest, timeout: Duration) -> Transported {
    let (response, body) = exchange(account, request, timeout).await?;
    Ok(to_api_response(&response, body))
}

/// Sends one request and reads its whole answer within `timeout`. Redirects are answers, never followed: the token
/// goes to the configured host only.
pub(super) async fn exchange(
    account: &Account,
    request: &ApiRequest,
    timeout: Duration,
) -> Result<(Response, Vec<u8>), TransportError> {
    let base = account.base_url.as_str().trim_end_matches('/');
    let url = [base, &request.path_and_query].concat();
    let bearer = ["Bearer ", account.token.reveal()].concat();
    let init = init(request.method.as_str(), Some(&bearer), &request.headers);
    converse(&url, init, timeout).await
}

/// Posts a text to an address of the settings, without any token of ours.
#[cfg(feature = "deploy")]
pub(super) async fn post(
    url: &HttpUrl,
    headers: &[(&'static str, String)],
    body: &str,
    timeout: Duration,
) -> Transported {
    let init = init("POST", None, headers);
    if let Ok(init) = &init {
        init.set_body(&JsValue::from_str(body));
    }
    let (response, body) = converse(url.as_str(), init, timeout).await?;
    Ok(to_api_response(&response, body))
}

/// Posts a body as it came to an address of the policy, with these headers; gives the status of the answer.
pub(super) async fn relay(
    url: &HttpUrl,
    headers: &[(String, String)],
    body: &JsValue,
    timeout: Duration,
) -> Option<u16> {
    let init = init("POST", None, &[]).and_then(|init| {
        let all = Headers::new()?;
        for (name, value) in headers {
            all.append(name, value)?;
        }
        init.set_headers(&all);
        init.set_body(body);
        Ok(init)
    });
    let (response, _) = converse(url.as_str(), init, timeout).await.ok()?;
    Some(response.status())
}

fn to_api_response(response: &Response, body: Vec<u8>) -> ApiResponse {
    let headers = response.headers();
    ApiResponse::new(response.status(), body, |name| headers.get(name).ok().flatten())
}

async fn converse(
    url: &str,
    init: Result<RequestInit, JsValue>,
    timeout: Duration,
) -> Result<(Response, Vec<u8>), TransportError> {
    let millis = u32::try_from(millis(timeout)).unwrap_or(u32::MAX);
    let signal = AbortSignal::timeout_with_u32(millis);
    // An error up to here means that nothing was sent.
    let init = init.map_err(|error| TransportError::unreachable(&words(&error)))?;
    init.set_signal(Some(&signal));
    let global: WorkerGlobalScope = js_sys::global().unchecked_into();
    match read_answer(global.fetch_with_str_and_init(url, &init)).await {
        Ok((response, Some(body))) => Ok((response, body)),
        Ok((_, None)) => Err(TransportError::too_large(MAX_ANSWER_BYTES)),
        Err(_) if signal.aborted() => Err(TransportError::timeout(timeout)),
        Err(error) => Err(TransportError::interrupted(&words(&error))),
    }
}

fn init(
    method: &str,
    authorization: Option<&str>,
    given: &[(&'static str, String)],
) -> Result<RequestInit, JsValue> {
    let headers = Headers::new()?;
    if let Some(authorization) = authorization {
        headers.set("Authorization", authorization)?;
    }
    for (name, value) in given {
        headers.set(name, value)?;
    }
    let init = RequestInit::new();
    init.set_method(method);
    init.set_headers(&headers);
    init.set_redirect(RequestRedirect::Manual);
    Ok(init)
}

/// The answer and its whole body; `None` where that is too large.
async fn read_answer(answer: Promise) -> Result<(Response, Option<Vec<u8>>), JsValue> {
    let response: Response = JsFuture::from(answer).await?.unchecked_into();
    let body = read_body(&response).await?;
    Ok((response, body))
}

async fn read_body(response: &Response) -> Result<Option<Vec<u8>>, JsValue> {
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

/// What the runtime says about a failure.
pub(super) fn words(error: &JsValue) -> String {
    let text = error.dyn_ref::<js_sys::Error>().map(js_sys::Error::message);
    text.map_or_else(|| "no reason given".to_owned(), |text: JsString| text.into())
}
