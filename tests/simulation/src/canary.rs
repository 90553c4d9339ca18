//! Names and secrets of the world. A secret that turns up anywhere but where it belongs gives itself away.

/// Where the API is.
pub(crate) const API: &str = "https://qstash.example";
/// Where the Worker is.
pub(crate) const HOOK: &str = "https://redrive.example/failed";
/// Where notices go.
pub(crate) const CHAT: &str = "https://chat.example/canary-hook";

pub(crate) const TOKEN: &str = "canary-token";
pub(crate) const CURRENT_KEY: &str = "sig_canary-current";
pub(crate) const NEXT_KEY: &str = "sig_canary-next";
/// A header that the user forwards to the workflow.
pub(crate) const FORWARDED: &str = "canary-forwarded";
/// In the payload of every run.
pub(crate) const PAYLOAD: &str = "canary-payload";

/// How payloads begin once they are base64, whatever follows.
pub(crate) const ENCODED_PAYLOAD: &str = "eyJzZWNyZXQiOiJjYW5hcnktcGF5bG9hZC";

/// What nobody may see.
pub(crate) const SECRETS: [&str; 6] =
    [TOKEN, "canary-current", "canary-next", FORWARDED, PAYLOAD, ENCODED_PAYLOAD];

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    use super::*;

    #[test]
    fn the_encoded_payload_is_that_of_the_plain_one() {
        let encoded = STANDARD.encode(format!(r#"{{"secret":"{PAYLOAD}","n":7}}"#));
        assert!(encoded.starts_with(ENCODED_PAYLOAD), "{encoded}");
    }
}
