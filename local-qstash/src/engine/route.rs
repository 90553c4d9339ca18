//! From method and path to the call.

use super::api::{ApiError, Request, Response, decode};
use super::dlq::Action;
use super::publish::{self, Form};
use super::time::Timestamp;
use super::{Authorization, Engine};

pub(super) fn handle(engine: &mut Engine, request: &Request, now: Timestamp) -> Response {
    let Some(path) = request.path.strip_prefix("/v2/") else { return unknown() };
    // Webhooks are called by third parties, who hold no token.
    if let Some(hook) = path.strip_prefix("workflows/hooks/") {
        return match segments(hook).as_slice() {
            [_, run_id, event_id] => engine.hook(run_id, event_id, request, now),
            _ => unknown(),
        };
    }
    match authorization(engine, request) {
        Authorization::Present => {}
        Authorization::Absent => {
            return unauthorized("missing token: expected Authorization: Bearer <token>");
        }
        Authorization::Wrong => return unauthorized("invalid token"),
    }
    let method = request.method.as_str();
    // The destination is part of the path, slashes and all.
    if let (Some(rest), "POST") = (path.strip_prefix("publish/"), method) {
        return publish::publish(engine, request, rest, now);
    }
    if let (Some(rest), "POST") = (path.strip_prefix("trigger/"), method) {
        return publish::trigger(engine, request, rest, now);
    }
    let segments = segments(path);
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let answer = match (method, segments.as_slice()) {
        ("POST", ["batch"]) => Ok(publish::batch(engine, request, Form::Publish, now)),
        ("POST", ["batch", "trigger"]) => Ok(publish::batch(engine, request, Form::BatchTrigger, now)),
        ("GET", ["keys"]) => Ok(engine.keys()),
        ("POST", ["keys", "rotate"]) => Ok(engine.rotate_keys(now)),
        ("POST", ["wait", event]) => engine.wait(event, request, now),
        ("POST", ["notify", event]) => Ok(engine.notify(event, &request.body, now)),
        ("POST", ["notify", run, event]) => engine.notify_run(run, event, &request.body, now),
        ("GET", ["waiters", event]) => Ok(engine.list_waiters(event)),
        ("GET", ["workflows", "runs", run]) => engine.run_steps(run),
        ("DELETE", ["workflows", "runs", run]) => engine.end_run(run, request, now),
        ("DELETE", ["workflows", "runs"]) => engine.cancel_runs(request, now),
        ("GET", ["workflows", "events" | "logs"]) => engine.run_logs(request),
        ("GET", ["dlq"] | ["workflows", "dlq"]) => engine.dlq_list(request),
        ("GET", ["dlq", id] | ["workflows", "dlq", id]) => engine.dlq_entry(id),
        ("DELETE", ["workflows", "dlq", id]) => engine.dlq_delete(id, now),
        ("DELETE", ["workflows", "dlq"]) => engine.dlq_delete_many(request, now),
        ("POST", ["workflows", "dlq", "resume"]) => engine.dlq_revive_many(Action::Resume, request, now),
        ("POST", ["workflows", "dlq", "restart"]) => engine.dlq_revive_many(Action::Restart, request, now),
        ("POST", ["workflows", "dlq", "resume", id]) => engine.dlq_revive(Action::Resume, id, request, now),
        ("POST", ["workflows", "dlq", "restart", id]) => engine.dlq_revive(Action::Restart, id, request, now),
        ("POST", ["workflows", "dlq", "callback", id]) => engine.retry_callback(id, now),
        ("DELETE", ["workflows", "dlq", "callback", id]) => engine.cancel_callback(id, now),
        ("GET", ["flowControl"]) => Ok(engine.flow_controls(now)),
        ("GET", ["flowControl", key]) => engine.flow_control(key, now),
        ("POST", ["flowControl", key, action]) => engine.change_flow_control(key, action, request, now),
        _ => return unknown(),
    };
    answer.unwrap_or_else(Response::from)
}

pub(super) fn authorization(engine: &Engine, request: &Request) -> Authorization {
    let bearer = request.headers.value("Authorization").and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
    });
    let given = bearer.or_else(|| request.parameter("qstash_token"));
    match given {
        None if request.headers.value("Authorization").is_some() => Authorization::Wrong,
        None => Authorization::Absent,
        Some(token) if token == engine.config.credentials.token => Authorization::Present,
        Some(_) => Authorization::Wrong,
    }
}

fn segments(path: &str) -> Vec<String> {
    path.trim_end_matches('/').split('/').map(|segment| decode(segment, false)).collect()
}

fn unauthorized(message: &str) -> Response {
    ApiError { status: 401, message: message.to_owned() }.into()
}

fn unknown() -> Response {
    ApiError::not_found("no such method and path").into()
}
