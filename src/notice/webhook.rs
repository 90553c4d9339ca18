//! Notices for programs: JSON, signed as [Standard Webhooks](https://www.standardwebhooks.com) has it, so that there is
//! a library to verify it with in every language.

use super::queue::Waiting;
use crate::text::said;
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
    let seconds = said(&(now.as_millis() / 1000));
    let signed = secret.sign([id, ".", &seconds, ".", body].concat().as_bytes());
    let signature = ["v1,", &base64::encode(&signed)].concat();
    vec![
        ("Content-Type", "application/json".to_owned()),
        (ID, id.to_owned()),
        (TIMESTAMP, seconds),
        (SIGNATURE, signature),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base64::{Alphabet, decode_exact};

    /// The example that the libraries of Standard Webhooks test themselves with.
    #[test]
    fn the_known_answer_of_standard_webhooks() {
        let secret = decode_exact("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", Alphabet::Standard).unwrap();
        let secret = SigningKey::of_bytes(&secret).unwrap();
        let now = Timestamp::from_secs(1_614_265_330);
        let headers = headers("msg_p5jXN8AQM9LWM0D4loKWxJek", now, r#"{"test": 2432232314}"#, &secret);
        assert!(headers.contains(&(TIMESTAMP, "1614265330".to_owned())));
        assert!(headers.contains(&(SIGNATURE, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=".to_owned())));
    }
}
