//! What a good token vouches for.

use sha2::{Digest, Sha256};

use super::SignatureError;
use crate::time::Timestamp;

/// The SHA-256 of a request body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyDigest([u8; Self::LEN]);

impl BodyDigest {
    /// Bytes in a SHA-256 digest.
    pub const LEN: usize = 32;

    /// A digest that the host's native SHA-256 computed.
    #[must_use]
    pub const fn from_bytes(digest: [u8; Self::LEN]) -> Self {
        Self(digest)
    }

    /// The digest itself.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; Self::LEN] {
        self.0
    }

    /// Hashes a body that is at hand in one piece.
    ///
    /// In WebAssembly the host's own digest is several times faster for all but the smallest bodies.
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        Self(Sha256::digest(body).into())
    }
}

/// The claims of a token that passed every check but the body's, which is not read before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    pub(super) body: BodyDigest,
    pub(super) expires_at: Timestamp,
    pub(super) token_id: Option<String>,
}

impl Claims {
    /// Checks the body against the signed hash. Only then is the request QStash's, whole and unaltered.
    pub fn verify_body(&self, digest: BodyDigest) -> Result<(), SignatureError> {
        if digest == self.body { Ok(()) } else { Err(SignatureError::BodyHash) }
    }

    /// The signed hash of the body.
    #[must_use]
    pub const fn body(&self) -> BodyDigest {
        self.body
    }

    /// When the token expires, the clock tolerance not counted.
    #[must_use]
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// The token's own id (`jti`), new with each delivery.
    #[must_use]
    pub fn token_id(&self) -> Option<&str> {
        self.token_id.as_deref()
    }
}
