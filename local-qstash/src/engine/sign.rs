//! The `Upstash-Signature` of a delivery: an HS256 token over its URL and the hash of its body.
//! Source: QStash documentation "Verify Signatures", and what the SDK's `Receiver` checks.

use base64::{Engine as _, engine::general_purpose};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::time::Timestamp;

/// How long a signature is good for.
const LIFETIME_SECS: u64 = 300;

/// Signs a delivery of `body` to `url` with `key`.
pub(crate) fn sign(key: &str, url: &str, body: &[u8], token_id: &str, now: Timestamp) -> String {
    let claims = json!({
        "iss": "Upstash",
        "sub": url,
        "exp": now.secs() + LIFETIME_SECS,
        "nbf": 0,
        "iat": now.secs(),
        "jti": token_id,
        // The one padded field: the documentation's samples carry the padding, receivers accept both.
        "body": general_purpose::URL_SAFE.encode(Sha256::digest(body)),
    });
    let unpadded = general_purpose::URL_SAFE_NO_PAD;
    let header = unpadded.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let signed = format!("{header}.{}", unpadded.encode(claims.to_string()));
    let signature = hmac(key.as_bytes(), signed.as_bytes());
    format!("{signed}.{}", unpadded.encode(signature))
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    // HMAC takes keys of any length, so the error never comes; a signature over nothing would be refused by receivers.
    Hmac::<Sha256>::new_from_slice(key).map_or_else(
        |_| Vec::new(),
        |mut mac| {
            mac.update(message);
            mac.finalize().into_bytes().to_vec()
        },
    )
}

#[cfg(test)]
mod tests {
    use super::{Timestamp, sign};

    #[test]
    fn a_token_has_three_parts_and_covers_the_body() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let first = sign("key", "https://a.example/", b"one", "jwt_1", now);
        let second = sign("key", "https://a.example/", b"two", "jwt_1", now);

        assert_eq!(first.split('.').count(), 3);
        assert_ne!(first, second);
    }
}
