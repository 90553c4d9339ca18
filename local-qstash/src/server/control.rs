//! `/local/…`: what tests and demos ask of the server itself. No token, loopback only.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::faults::Fault;
use super::{Shell, lock, now};
use crate::engine::{Headers, Loss, Planted, Request, Response};

pub(super) fn handle(shell: &Shell, request: &Request) -> Response {
    let answer = match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/local/timeline") => {
            after(request).map(|after| reply(200, &json!({ "events": shell.engine().timeline(after) })))
        }
        ("GET", "/local/requests") => {
            after(request).map(|after| reply(200, &json!({ "requests": lock(&shell.requests).after(after) })))
        }
        ("GET", "/local/switches") => Ok(reply(200, shell.engine().switches())),
        ("POST", "/local/switches") => set_switches(shell, request),
        ("GET", "/local/faults") => Ok(reply(200, &json!({ "injected": lock(&shell.faults).injected() }))),
        ("POST", "/local/faults") => body::<Vec<Fault>>(request).map(|faults| {
            lock(&shell.faults).add(faults);
            reply(200, &json!({}))
        }),
        ("POST", "/local/lost-callbacks") => body::<Loss>(request).and_then(|loss| {
            shell.engine().lose(&loss)?;
            Ok(reply(200, &json!({})))
        }),
        ("POST", "/local/dlq") => plant(shell, request),
        ("POST", "/local/reset") => {
            shell.engine().reset();
            lock(&shell.requests).clear();
            lock(&shell.faults).reset(shell.seed);
            Ok(reply(200, &json!({})))
        }
        _ => return reply(404, &json!({ "error": "no such control call" })),
    };
    shell.wake.notify_one();
    answer.unwrap_or_else(|problem| reply(400, &json!({ "error": problem })))
}

/// All or none: a request with an unknown switch changes nothing.
fn set_switches(shell: &Shell, request: &Request) -> Result<Response, String> {
    let wanted: BTreeMap<String, String> = body(request)?;
    let mut engine = shell.engine();
    let mut trial = *engine.switches();
    for (name, value) in &wanted {
        trial.set(name, value).map_err(|error| error.to_string())?;
    }
    engine.set_switches(trial);
    Ok(reply(200, engine.switches()))
}

/// One entry comes back as an object, several as a list.
fn plant(shell: &Shell, request: &Request) -> Result<Response, String> {
    let planted: Planted = if request.body.is_empty() { Planted::default() } else { body(request)? };
    let mut ids = shell.engine().plant(&planted, now())?;
    let answer = if ids.len() == 1 { ids.swap_remove(0) } else { json!({ "entries": ids }) };
    Ok(reply(200, &answer))
}

fn after(request: &Request) -> Result<usize, String> {
    let value = request.query.split('&').find_map(|pair| pair.strip_prefix("after="));
    value.map_or(Ok(0), |text| text.parse().map_err(|_| "invalid after: expected a whole number".to_owned()))
}

fn body<T: DeserializeOwned>(request: &Request) -> Result<T, String> {
    serde_json::from_slice(&request.body).map_err(|error| format!("invalid body: {error}"))
}

fn reply(status: u16, body: &impl Serialize) -> Response {
    let body: Value = serde_json::to_value(body).unwrap_or_default();
    Response { status, headers: Headers::new(), body: body.to_string().into_bytes() }
}
