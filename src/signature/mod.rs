//! `Upstash-Signature`: is this request really QStash's, for this URL, at this time, with this body?
//!
//! The room holds the token check ([`KeySet::verify`]), what a good token vouches for ([`Claims`]) and the reasons
//! to refuse ([`SignatureError`]). Nothing here reads a clock, a header or a body: they are arguments, so that a
//! forged request costs one HMAC and not a byte of its body.

mod claims;
mod error;
mod keys;
#[cfg(test)]
mod known_answers;
mod token;

pub use claims::{BodyDigest, Claims};
pub use error::SignatureError;
pub use keys::{InvalidKeyError, KeySet, SigningKey};
#[cfg(feature = "npm")]
pub(crate) use token::verify_with_mac;
