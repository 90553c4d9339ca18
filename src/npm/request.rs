//! Requests and answers on their way through JavaScript.

use core::time::Duration;

use super::args::Args;
use crate::js_pairs::Pairs;
use crate::{
    dlq::{ApiRequest, ApiResponse, TransportError, Transported},
    http_url::HttpUrl,
    ids::RunId,
    json::Object,
    recovery::{is_relayed, relay_marks},
    settings::Token,
    text,
    time::millis_rounded_up,
};

/// `{request: {method, url, headers}, timeout}` of a request to an account, the token among the headers.
pub(super) fn sending(base_url: &HttpUrl, token: &Token, request: &ApiRequest, timeout: Duration) -> String {
    let base = text::trim_end(base_url.as_str(), '/');
    let mut step = Object::new();
    step.open("request", '{');
    step.text("method", request.method.as_str()).text("url", &[base, &request.path_and_query].concat());
    step.open("headers", '{');
    step.text("Authorization", &["Bearer ", token.reveal()].concat());
    for (name, value) in &request.headers {
        step.text(name, value);
    }
    step.close('}');
    step.close('}');
    step.number("timeout", millis_rounded_up(timeout));
    step.end()
}

/// `{relay: {method, url, headers}, timeout}`: the body is the one that came.
pub(super) fn relaying(to: &HttpUrl, given: Pairs<'_>, run: &RunId, timeout: Duration) -> String {
    let mut step = Object::new();
    step.open("relay", '{');
    step.text("method", "POST").text("url", to.as_str());
    step.open("headers", '{');
    for (name, value) in given.iter() {
        if is_relayed(name) {
            step.text(name, value);
        }
    }
    for (name, value) in relay_marks(run) {
        if given.value(name).is_none() {
            step.text(name, value);
        }
    }
    step.close('}');
    step.close('}');
    step.number("timeout", millis_rounded_up(timeout));
    step.end()
}

/// `{wait}`.
pub(super) fn waiting(span: Duration) -> String {
    let mut step = Object::new();
    step.number("wait", millis_rounded_up(span));
    step.end()
}

/// What became of a request: `answer`, its status, names and values of its headers; or why there is no answer: `timeout`
/// after so many milliseconds, `too_large` for so many bytes, or `interrupted`, a number that means nothing, and the words
/// of the runtime.
pub(super) fn transported(kind: &str, mut args: Args<'_>, body: Vec<u8>) -> Transported {
    let number = args.count();
    Err(match kind {
        "answer" => {
            let headers = args.pairs();
            let status = u16::try_from(number).unwrap_or_default();
            return Ok(ApiResponse::new(status, body, |name| headers.value(name)));
        }
        "timeout" => TransportError::timeout(Duration::from_millis(number)),
        "too_large" => TransportError::too_large(usize::try_from(number).unwrap_or(usize::MAX)),
        _ => TransportError::interrupted(args.0),
    })
}
