//! Notices for programs: JSON, signed as [Standard Webhooks](https://www.standardwebhooks.com) has it, so that there is
//! a library to verify it with in every language.

use super::queue::Waiting;
use crate::{base64, json::Object, signature::SigningKey, time::Timestamp};

/// Names a notice: the same each time it is sent.
const ID: &str = "webhook-id";
/// When it was sent, in Unix seconds.
const TIMESTAMP: &str = "webhook-timestamp";
/// `v1,` and the HMAC-SHA256 over id, timestamp and body, with dots between them, in base64.
const SIGNATURE: &str = "webhook-signature";

pub(super) fn body(waiting: &Waiting) -> String {
    let mut body = Object::new();
    body.text("id", &waiting.id);
    waiting.story.write(&mut body);
    if let Some(history) = &waiting.history {
        body.raw("history", history);
    }
    body.end()
}

pub(super) fn headers(
    id: &str,
    now: Timestamp,
    body: &str,
    secret: &SigningKey,
) -> Vec<(&'static str, String)> {
    let seconds = (now.as_millis() / 1000).to_string();
    let signed = secret.sign([id, ".", &seconds, ".", body].concat().as_bytes());
    let signature = ["v1,", &base64::encode(&signed)].concat();
    vec![
        ("Content-Type", "application/json".to_owned()),
        (ID, id.to_owned()),
        (TIMESTAMP, seconds),
        (SIGNATURE, signature),
    ]
}
