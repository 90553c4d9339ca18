//! What the microbenchmarks are about: failure callbacks as QStash sends them, their tokens, and a world that resumes
//! every entry at once.

use core::future::ready;

use base64::prelude::{BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD, Engine as _};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::{Digest, Sha256};
use workflow_redrive::{
    dlq::{ApiRequest, ApiResponse, Transported},
    recovery::{Case, Claim, Conclusion, Host},
    settings::{Account, Settings, SettingsError},
    time::Timestamp,
};

/// The present.
pub const NOW: Timestamp = Timestamp::from_secs(1_792_567_680);
/// The failure URL.
pub const URL: &str = "https://redrive.example/?team=a";
/// The current signing key.
pub const KEY: &str = "sig_current_3kPq";
/// The next signing key.
pub const NEXT_KEY: &str = "sig_next_8ZtW";

/// The body of a callback, of exactly `length` bytes; the payload of the run fills it up.
#[must_use]
pub fn callback(length: usize) -> Vec<u8> {
    let rest = length.saturating_sub(carrying("").len());
    carrying(&"eyJvcmRlciI6NDJ9".chars().cycle().take(rest).collect::<String>()).into_bytes()
}

fn carrying(payload: &str) -> String {
    let body = json!({
        "status": 503,
        "header": {"Content-Type": ["application/json"], "Upstash-Workflow-Sdk-Version": ["1"]},
        "body": "eyJlcnJvciI6IkVycm9yIiwibWVzc2FnZSI6InRoZSBiYW5rIGRvZXMgbm90IGFuc3dlciJ9",
        "retried": 3,
        "maxRetries": 3,
        "sourceMessageId": "msg_26hZCxZCuWyyTWPmSVBrNB882AtVbd94JkBEAfQNCmyMKfrZTjpE",
        "url": "https://shop.example/order",
        "method": "POST",
        "sourceHeader": {"Content-Type": ["application/json"], "Upstash-Label": ["orders"]},
        "sourceBody": payload,
        "notBefore": NOW.as_millis(),
        "createdAt": NOW.as_millis(),
        "workflowRunId": "wfr_rj0Upr1rvdzGfz96fXNHh",
        "dlqId": "1725323658779-0",
    });
    body.to_string()
}

/// A token that `key` signed for a delivery of `body` to [`URL`].
#[must_use]
pub fn token(key: &str, body: &[u8]) -> String {
    let issued = NOW.as_millis() / 1000;
    let claims = json!({
        "iss": "Upstash",
        "sub": URL,
        "exp": issued + 300,
        "iat": issued,
        "nbf": 0,
        "jti": "jwt_bench",
        "body": BASE64_URL_SAFE.encode(Sha256::digest(body)),
    });
    let encode = |text: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(text);
    let signed = [encode(br#"{"alg":"HS256","typ":"JWT"}"#), encode(claims.to_string().as_bytes())].join(".");
    let signature = Hmac::<Sha256>::new_from_slice(key.as_bytes())
        .map(|mac| mac.chain_update(&signed).finalize().into_bytes())
        .unwrap_or_default();
    [signed, encode(&signature)].join(".")
}

/// A deployment with the default policy.
pub fn settings() -> Result<Settings, SettingsError> {
    Settings::read(|name| match name {
        "QSTASH_TOKEN" => Some("eyJVc2VySUQiOiJiZW5jaCJ9".to_owned()),
        "QSTASH_CURRENT_SIGNING_KEY" => Some(KEY.to_owned()),
        "QSTASH_NEXT_SIGNING_KEY" => Some(NEXT_KEY.to_owned()),
        _ => None,
    })
}

/// A world without delay: every claim is granted, and every call of the API resumes a run.
pub struct World;

impl Host for World {
    fn now(&self) -> Timestamp {
        NOW
    }

    fn entropy(&self) -> u64 {
        1 << 63
    }

    fn send(&self, _: &Account, _: ApiRequest) -> impl Future<Output = Transported> {
        let body = br#"{"workflowRunId":"wfr_next","workflowCreatedAt":1792567680000}"#;
        ready(Ok(ApiResponse::new(200, body, |_| None)))
    }

    fn claim(&self, _: &Case) -> impl Future<Output = Claim> {
        ready(Claim::Granted)
    }

    fn settle(&self, _: &Case, _: &Conclusion) -> impl Future<Output = bool> {
        ready(true)
    }
}
