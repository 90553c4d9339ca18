//! The operator API over the runtime's requests and responses.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Headers, Request, Response, ResponseInit};

use super::transport::exchange;
use crate::text::said;
use crate::{
    dlq::RESPONSE_HEADERS,
    operator::{Answer, Asked, Exchange, Operator, OperatorReply},
    settings::{Settings, SettingsError},
};

/// Answers a request of an operator; `None` where there is no such API.
pub(super) async fn operate(
    settings: Result<&Settings, &SettingsError>,
    request: &Request,
) -> Result<Option<Response>, JsValue> {
    let settings = match settings {
        Ok(settings) => settings,
        Err(error) => return respond(&OperatorReply::error(500, &said(error))).map(Some),
    };
    let Some(operator) = Operator::of(settings) else { return Ok(None) };
    let (method, url, headers) = (request.method(), request.url(), all(&request.headers()));
    let asked = Asked { method: &method, url: &url, headers: &headers };
    let reply = match operator.admit(&asked) {
        Ok(exchange) => carry_out(exchange, settings).await,
        Err(reply) => reply,
    };
    respond(&operator.dress(reply, &asked)).map(Some)
}

async fn carry_out(mut calls: Exchange<'_>, settings: &Settings) -> OperatorReply {
    loop {
        let answer = exchange(calls.account(), &calls.request(), settings.api_timeout).await;
        if let Some(reply) = calls.take(answer.map(|(response, body)| to_answer(&response, body))) {
            return reply;
        }
    }
}

/// What an operator gets to see of an answer.
fn to_answer(response: &Response, body: Vec<u8>) -> Answer {
    let mut headers = Vec::new();
    for name in ["content-type"].into_iter().chain(RESPONSE_HEADERS) {
        if let Ok(Some(value)) = response.headers().get(name) {
            headers.push((name, value));
        }
    }
    Answer { status: response.status(), headers, body }
}

/// All headers, by their names in lower case.
pub(super) fn all(headers: &Headers) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for pair in Array::from(headers) {
        let pair: Array = pair.unchecked_into();
        if let (Some(name), Some(value)) = (pair.get(0).as_string(), pair.get(1).as_string()) {
            pairs.push((name, value));
        }
    }
    pairs
}

pub(super) fn respond(reply: &OperatorReply) -> Result<Response, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in &reply.headers {
        headers.set(name, value)?;
    }
    let init = ResponseInit::new();
    init.set_status(reply.status);
    init.set_headers(&headers);
    // An empty body is none, because some statuses must not have one.
    let body = (!reply.body.is_empty()).then(|| Uint8Array::from(reply.body.as_slice()));
    Response::new_with_opt_js_u8_array_and_init(body.as_ref(), &init)
}
