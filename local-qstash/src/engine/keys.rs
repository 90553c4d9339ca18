//! `/v2/keys`: the signing keys and their rotation.

use serde_json::json;

use super::Engine;
use super::api::Response;
use super::time::Timestamp;

impl Engine {
    /// `GET /v2/keys`. With the SDK's development user, this answer is how an SDK recognises a local server.
    pub(super) fn keys(&self) -> Response {
        let credentials = &self.config.credentials;
        Response::json(200, &json!({ "current": credentials.current_key, "next": credentials.next_key }))
    }

    /// `POST /v2/keys/rotate`: next becomes current, and a new next is made.
    pub(super) fn rotate_keys(&mut self, now: Timestamp) -> Response {
        let fresh = self.ids.signing_key();
        let credentials = &mut self.config.credentials;
        credentials.current_key = std::mem::replace(&mut credentials.next_key, fresh);
        self.timeline.record(now, "keys_rotated", json!({}));
        self.keys()
    }
}
