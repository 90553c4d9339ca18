//! The operator API from outside: what is let in, what is sent, and how answers become one.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a broken test value should fail the test"
)]

mod entrance;
mod headers;
mod pages;
mod queries;

use workflow_redrive::dlq::TransportError;
use workflow_redrive::operator::{Answer, Asked, Exchange, Operator, OperatorReply};
use workflow_redrive::settings::Settings;

const TOKEN: &str = "operators-only";
const QSTASH_TOKEN: &str = "qstash-secret";
const BULK: &str = "/v2/workflows/dlq/resume";

fn settings_with(more: &[(&str, &str)]) -> Settings {
    let account = [
        ("QSTASH_TOKEN", QSTASH_TOKEN),
        ("QSTASH_CURRENT_SIGNING_KEY", "sig_a"),
        ("QSTASH_NEXT_SIGNING_KEY", "sig_b"),
        ("ADMIN_TOKEN", TOKEN),
    ];
    let find = |name: &str| more.iter().chain(&account).find(|(known, _)| *known == name);
    Settings::read(|name| find(name).map(|(_, value)| (*value).to_owned())).unwrap()
}

fn settings() -> Settings {
    settings_with(&[])
}

/// Asks with the right token unless a header says otherwise.
fn ask<'a>(
    settings: &'a Settings,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> Result<Exchange<'a>, OperatorReply> {
    let authorization = format!("Bearer {TOKEN}");
    let right = [("authorization", authorization.as_str())];
    let headers: Vec<_> =
        headers.iter().chain(&right).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let url = format!("https://redrive.example{path}");
    Operator::of(settings).unwrap().admit(&Asked { method, url: &url, headers: &headers })
}

/// Method, path and query of the next request for QStash.
fn line(exchange: &Exchange<'_>) -> String {
    let request = exchange.request();
    format!("{} {}", request.method, request.path_and_query)
}

/// The request for QStash that a request of an operator becomes.
fn sent(method: &str, path: &str) -> String {
    match ask(&settings(), method, path, &[]) {
        Ok(exchange) => line(&exchange),
        Err(reply) => panic!("{method} {path}: {}", text(&reply)),
    }
}

/// The error of a request that is refused with this status.
fn refused(status: u16, method: &str, path: &str, headers: &[(&str, &str)]) -> String {
    let reply = ask(&settings(), method, path, headers).unwrap_err();
    assert_eq!(reply.status, status, "{method} {path}: {}", text(&reply));
    error_of(&reply)
}

fn error_of(reply: &OperatorReply) -> String {
    let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(header(reply, "content-type"), Some("application/json"));
    body["error"].as_str().unwrap().to_owned()
}

fn text(reply: &OperatorReply) -> &str {
    str::from_utf8(&reply.body).unwrap()
}

fn header<'a>(reply: &'a OperatorReply, name: &str) -> Option<&'a str> {
    reply.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}

fn answer(status: u16, body: &str) -> Answer {
    let headers = vec![("content-type", "application/json".to_owned())];
    Answer { status, headers, body: body.into() }
}
