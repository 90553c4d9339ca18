//! A signer of QStash's deliveries, written against the documentation of `Upstash-Signature` and not against the
//! code that is tested.

use base64::prelude::{BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD, Engine as _};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use workflow_redrive::time::Timestamp;

/// The current signing key.
pub(crate) const CURRENT: &str = "sig_current_3kPq";
/// The next signing key.
pub(crate) const NEXT: &str = "sig_next_8ZtW";
/// The present of most tests: 2026-10-21T07:28:00Z.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_792_567_680);

/// The claims of a delivery to `url` that QStash makes now.
pub(crate) fn claims(url: &str, body: &[u8]) -> Value {
    let issued = NOW.as_millis() / 1000;
    json!({
        "iss": "Upstash",
        "sub": url,
        "exp": issued + 300,
        "iat": issued,
        "nbf": 0,
        "jti": "jwt_test",
        "body": BASE64_URL_SAFE.encode(Sha256::digest(body)),
    })
}

/// A token as QStash makes it.
pub(crate) fn sign(key: &str, claims: &Value) -> String {
    sign_text(key, r#"{"alg":"HS256","typ":"JWT"}"#, &claims.to_string())
}

/// A token of any header and payload, signed with HMAC-SHA256 whatever the header says.
pub(crate) fn sign_text(key: &str, header: &str, payload: &str) -> String {
    let signed = [encode(header.as_bytes()), encode(payload.as_bytes())].join(".");
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    [signed, encode(&mac.finalize().into_bytes())].join(".")
}

/// A segment of a token.
pub(crate) fn encode(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
