//! Tokens: a signer, and a library that verifies them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{self, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;
use sha2::{Sha256, Sha384, Sha512};

use workflow_redrive::signature::{KeySet, SigningKey};

pub(crate) const CURRENT: &str = "sig_current_3kPq";
pub(crate) const NEXT: &str = "sig_next_8ZtW";
/// Where all callbacks go here.
pub(crate) const URL: &str = "https://redrive.example/?team=a";

/// The keys of a deployment.
pub(crate) fn keys() -> KeySet {
    KeySet::new(SigningKey::new(CURRENT).unwrap(), SigningKey::new(NEXT).unwrap())
}

/// HMAC-SHA256.
pub(crate) fn hs256(key: &str, message: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// A token of two segments that are encoded already, signed with HMAC-SHA256 whatever the header says.
pub(crate) fn sign_segments(key: &str, header: &str, payload: &str) -> String {
    let signed = [header, payload].join(".");
    let mac = encode(hs256(key, &signed));
    [signed, mac].join(".")
}

/// The claims of a token that the library takes: HS256, one of the two keys, our issuer and URL, not expired by its
/// own clock with 5 seconds of tolerance.
pub(crate) fn verified(token: &str) -> Option<Value> {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.leeway = 5;
    validation.validate_nbf = true;
    validation.validate_aud = false;
    validation.set_issuer(&["Upstash"]);
    validation.sub = Some(URL.to_owned());
    validation.set_required_spec_claims(&["exp", "iss", "sub"]);
    decoded(token, &validation)
}

/// The claims of a token that one of the two keys has signed, whatever they say.
pub(crate) fn authentic(token: &str) -> Option<Value> {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    decoded(token, &validation)
}

/// Whether the library takes the header of a token for none.
pub(crate) fn is_header_refused(token: &str) -> bool {
    jsonwebtoken::decode_header(token).is_err()
}

fn decoded(token: &str, validation: &Validation) -> Option<Value> {
    // Only the first of all calls installs it.
    _ = PROVIDER.install_default();
    let by = |key: &str| jsonwebtoken::decode(token, &DecodingKey::from_secret(key.as_bytes())?, validation);
    by(CURRENT).or_else(|_| by(NEXT)).ok().map(|token| token.claims)
}

/// Without the cryptography that it may bring, most of which is for other algorithms.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::InvalidAlgorithm.into()),
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    let key = key.try_get_as_bytes()?.to_vec();
    Ok(Box::new(Hmacs { algorithm: *algorithm, key }))
}

struct Hmacs {
    algorithm: Algorithm,
    key: Vec<u8>,
}

impl Verifier<Vec<u8>> for Hmacs {
    fn verify(&self, message: &[u8], tag: &Vec<u8>) -> Result<(), signature::Error> {
        macro_rules! hmac {
            ($hash:ty) => {{
                let mut mac = Hmac::<$hash>::new_from_slice(&self.key).unwrap();
                mac.update(message);
                mac.verify_slice(tag).map_err(|_| signature::Error::new())
            }};
        }
        match self.algorithm {
            Algorithm::HS256 => hmac!(Sha256),
            Algorithm::HS384 => hmac!(Sha384),
            Algorithm::HS512 => hmac!(Sha512),
            _ => Err(signature::Error::new()),
        }
    }
}

impl JwtVerifier for Hmacs {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
