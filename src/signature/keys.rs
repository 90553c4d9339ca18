//! Signing keys: the current one, and the next one that a rotation will make current.

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::text;
use crate::text::Say;

/// A QStash signing key, with its HMAC key schedule computed once.
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    /// Takes a key as the Upstash console shows it (`sig_…`).
    pub fn new(key: &str) -> Result<Self, InvalidKeyError> {
        if key.is_empty() || !text::all(key, u8::is_ascii_graphic) {
            return Err(InvalidKeyError);
        }
        Hmac::new_from_slice(key.as_bytes()).map(Self).map_err(|_| InvalidKeyError)
    }

    /// A key for signing what we send.
    pub(crate) fn of_bytes(key: &[u8]) -> Option<Self> {
        Hmac::new_from_slice(key).ok().map(Self)
    }

    /// This key's HMAC of `message`.
    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 32] {
        let mut mac = self.0.clone();
        mac.update(message);
        mac.finalize().into_bytes().into()
    }

    /// Whether `signature` is this key's HMAC of `message`; compared in constant time.
    fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let mut mac = self.0.clone();
        mac.update(message);
        mac.verify_slice(signature).is_ok()
    }
}

/// Shows no part of the key.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

/// The two keys of one QStash region: deliveries are signed with the current one, and with the next one once a
/// rotation has made it current.
#[derive(Clone, Debug)]
pub struct KeySet {
    current: SigningKey,
    next: SigningKey,
}

impl KeySet {
    /// A region's keys, in the order in which they are tried.
    #[must_use]
    pub const fn new(current: SigningKey, next: SigningKey) -> Self {
        Self { current, next }
    }

    /// Whether one of the two keys made this signature.
    pub(super) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        self.current.signed(message, signature) || self.next.signed(message, signature)
    }
}

/// A signing key that cannot be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidKeyError;

impl Say for InvalidKeyError {
    fn say(&self, text: &mut String) {
        text.push_str(
            "a signing key must be the `sig_…` text that the Upstash console shows, without blanks",
        );
    }
}

display!(InvalidKeyError);

impl core::error::Error for InvalidKeyError {}
