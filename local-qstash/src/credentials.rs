//! The token and signing keys of the one user that this server knows.

use std::fmt;

/// The development user that is built into `@upstash/qstash`. Public constants, good for nothing but local development:
/// an SDK with `QSTASH_DEV=true` uses them without any configuration.
const DEV_TOKEN: &str = "eyJVc2VySUQiOiJkZWZhdWx0VXNlciIsIlBhc3N3b3JkIjoiZGVmYXVsdFBhc3N3b3JkIn0=";
const DEV_CURRENT_KEY: &str = "sig_7kYjw48mhY7kAjqNGcy6cr29RJ6r";
const DEV_NEXT_KEY: &str = "sig_5ZB6DVzB1wjE8S6rZ7eenA8Pdnhs";

/// What authenticates requests to this server, and what it signs deliveries with.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credentials {
    /// The API token. Default: the SDK's development user.
    pub token: String,
    /// The key that signs deliveries. Default: the SDK's development key.
    pub current_key: String,
    /// The key that becomes current by rotation. Default: the SDK's development key.
    pub next_key: String,
}

impl Credentials {
    /// Credentials of one's own.
    #[must_use]
    pub fn new(
        token: impl Into<String>,
        current_key: impl Into<String>,
        next_key: impl Into<String>,
    ) -> Self {
        Self { token: token.into(), current_key: current_key.into(), next_key: next_key.into() }
    }
}

impl Default for Credentials {
    fn default() -> Self {
        Self::new(DEV_TOKEN, DEV_CURRENT_KEY, DEV_NEXT_KEY)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}
