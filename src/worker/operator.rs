//! The operator API over the runtime's requests and responses.

use wasm_bindgen::JsValue;
use web_sys::{Request, Response};

use super::{
    runtime::{all_headers, respond_with},
    transport::{exchange, push},
};
use crate::text::said;
use crate::{
    dlq::RESPONSE_HEADERS,
    js_pairs::Pairs,
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
    let (method, url, headers) = (request.method(), request.url(), all(request));
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
        if let Some(reply) = calls.take(answer.map(to_answer)) {
            return reply;
        }
    }
}

/// What an operator gets to see of an answer.
fn to_answer((status, body, headers): (u16, Vec<u8>, String)) -> Answer {
    let given = Pairs(&headers);
    let mut headers = Vec::new();
    for name in ["content-type"].into_iter().chain(RESPONSE_HEADERS) {
        if let Some(value) = given.value(name) {
            headers.push((name, value));
        }
    }
    Answer { status, headers, body }
}

/// All headers, by their names in lower case.
pub(super) fn all(request: &Request) -> Vec<(String, String)> {
    let texts = all_headers(request);
    Pairs(&texts).iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

pub(super) fn respond(reply: &OperatorReply) -> Result<Response, JsValue> {
    let mut headers = String::new();
    for (name, value) in &reply.headers {
        push(&mut headers, name, value);
    }
    // An empty body is none, because some statuses must not have one.
    let body = (!reply.body.is_empty()).then_some(reply.body.as_slice());
    respond_with(reply.status, headers.get(1..).unwrap_or_default(), body)
}
