//! Failure callbacks: each about a run of its own, for what was seen before is answered from memory.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

/// What is sent.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// As QStash sends it.
    Genuine,
    /// Signed with a key that is none of the receiver's.
    Forged,
    /// Without a token.
    Unsigned,
}

/// Callbacks of one size. All bodies begin alike, so that this part is hashed once.
pub(crate) struct Callbacks {
    kind: Kind,
    url: String,
    key: Vec<u8>,
    head: Bytes,
    hashed: Sha256,
    now: u64,
}

/// One of them.
pub(crate) struct Callback {
    pub(crate) body: [Bytes; 2],
    pub(crate) run_id: String,
    pub(crate) workflow: String,
    pub(crate) token: Option<String>,
}

/// Length of what tells callbacks apart, at the end of each body.
const TAIL: usize = 129;
/// Workflows that fail.
const TARGETS: u64 = 50;

impl Callbacks {
    /// Callbacks whose bodies have `bytes` bytes, or the fewest that one can have.
    pub(crate) fn new(kind: Kind, url: &str, key: &str, bytes: usize) -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = since_epoch.as_secs();
        let payload = bytes.saturating_sub(TAIL + head(now, "").len());
        let head = head(now, &payload_of(payload));
        Self {
            kind,
            url: url.to_owned(),
            key: if kind == Kind::Forged { b"sig_somebody_else".to_vec() } else { key.as_bytes().to_vec() },
            hashed: Sha256::new_with_prefix(&head),
            head: head.into(),
            now,
        }
    }

    /// Callback `n`. Numbers must not come twice.
    pub(crate) fn number(&self, n: u64) -> Callback {
        let run_id = format!("wfr_{n:010}");
        let workflow = format!("https://shop.example/flow-{:02}", n % TARGETS);
        let tail = format!(
            r#","url":"{workflow}","workflowRunId":"{run_id}","dlqId":"{}000-{n:010}","callerIP":"192.0.2.7"}}"#,
            self.now
        );
        let mut hash = self.hashed.clone();
        hash.update(&tail);
        let token = (self.kind != Kind::Unsigned).then(|| self.token(&hash.finalize(), n));
        Callback { body: [self.head.clone(), tail.into()], run_id, workflow, token }
    }

    fn token(&self, body: &[u8], n: u64) -> String {
        let header = r#"{"alg":"HS256","typ":"JWT"}"#;
        let claims = json!({
            "iss": "Upstash",
            "sub": self.url,
            "exp": self.now + 3600,
            "nbf": self.now,
            "iat": self.now,
            "jti": format!("jwt_{n}"),
            "body": BASE64_URL_SAFE.encode(body),
        });
        let mut token = BASE64_URL_SAFE_NO_PAD.encode(header);
        token.push('.');
        token.push_str(&BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()));
        let hmac = Hmac::<Sha256>::new_from_slice(&self.key).map(|hmac| hmac.chain_update(&token));
        let signature = hmac.map(|hmac| hmac.finalize().into_bytes()).unwrap_or_default();
        token.push('.');
        token.push_str(&BASE64_URL_SAFE_NO_PAD.encode(signature));
        token
    }
}

/// The body up to what differs, by the callbacks page of the QStash documentation.
fn head(now: u64, payload: &str) -> String {
    let failed = json!({
        "error": "Error",
        "message": "the bank does not answer",
        "stack": "Error: the bank does not answer\n    at charge (file:///srv/flows/order.js:12:11)",
    });
    let mut body = json!({
        "status": 500,
        "header": {
            "Content-Type": ["application/json"],
            "Upstash-Workflow-Sdk-Version": ["1"],
            "Upstash-Error-Step-Name": ["charge"],
        },
        "body": BASE64_STANDARD.encode(failed.to_string()),
        "retried": 3,
        "maxRetries": 3,
        "sourceMessageId": "msg_26hZCxZCuWyyTWPmSVBrNB882AtVbd94JkBEAfQNCmyMKfrZTjpE",
        "method": "POST",
        "sourceHeader": { "Content-Type": ["application/json"], "Upstash-Label": ["orders"] },
        "notBefore": now * 1000,
        "createdAt": now * 1000,
        "workflowCreatedAt": now * 1000,
        "sourceBody": payload,
    })
    .to_string();
    // What differs follows.
    body.pop();
    body
}

/// As many characters of base64.
fn payload_of(length: usize) -> String {
    let mut random = fastrand::Rng::with_seed(7);
    let bytes: Vec<u8> = (0..length / 4 * 3 + 3).map(|_| random.u8(..)).collect();
    let mut text = BASE64_STANDARD.encode(bytes);
    text.truncate(length);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_have_the_size_that_was_asked_for_and_are_json() {
        for bytes in [2048, 65_536] {
            let callback = Callbacks::new(Kind::Genuine, "http://x/", "k", bytes).number(7);
            let body = callback.body.concat();
            assert_eq!(body.len(), bytes);
            let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(json["workflowRunId"], "wfr_0000000007");
        }
    }

    #[test]
    fn tokens_name_the_hash_of_the_whole_body() {
        let callback = Callbacks::new(Kind::Genuine, "http://x/", "k", 2048).number(7);
        let claims =
            callback.token.unwrap().split('.').nth(1).map(|part| BASE64_URL_SAFE_NO_PAD.decode(part));
        let claims: serde_json::Value = serde_json::from_slice(&claims.unwrap().unwrap()).unwrap();
        assert_eq!(claims["body"], BASE64_URL_SAFE.encode(Sha256::digest(callback.body.concat())));
    }
}
