//! The token check: a compact JWS, HS256 only.

use core::time::Duration;

use super::{BodyDigest, Claims, KeySet, SignatureError};
use crate::{
    base64::{Alphabet, decode_exact},
    http_url::HttpUrl,
    json::{Captured, Field, Fields, Over},
    text,
    time::{Timestamp, decimal},
};

/// The longest token that is looked at. QStash's are about 400 bytes, plus the URL.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// The issuer that QStash writes into every token.
const ISSUER: &str = "Upstash";

impl KeySet {
    /// Checks an `Upstash-Signature` in all that needs no body: form, algorithm, key, issuer, times and URL.
    ///
    /// `url` is the address that QStash was told to call, query included. `tolerance` is how far the two clocks may
    /// stand apart; it widens both ends of the token's life.
    ///
    /// The signature comes before the claims, so that a reason such as "expired" is only ever said of a real token.
    pub fn verify(
        &self,
        token: &str,
        url: &HttpUrl,
        now: Timestamp,
        tolerance: Duration,
    ) -> Result<Claims, SignatureError> {
        self.verify_token(token, Some(url), now, tolerance)
    }

    /// The same for a caller that does not know which URL QStash was told to call.
    ///
    /// A token that was made for another endpoint of the same account passes: prefer [`KeySet::verify`].
    pub fn verify_for_any_url(
        &self,
        token: &str,
        now: Timestamp,
        tolerance: Duration,
    ) -> Result<Claims, SignatureError> {
        self.verify_token(token, None, now, tolerance)
    }

    pub(crate) fn verify_token(
        &self,
        token: &str,
        url: Option<&HttpUrl>,
        now: Timestamp,
        tolerance: Duration,
    ) -> Result<Claims, SignatureError> {
        check_payload(&self.open(token)?, url, now, tolerance)
    }

    /// The payload of a token that one of the two keys signed.
    pub(super) fn open(&self, token: &str) -> Result<Vec<u8>, SignatureError> {
        open(token, &|message, signature| self.signed(message, signature))
    }
}

/// Checks a token as [`KeySet::verify`] does, with what the host's native HMAC made with a key of the part that is signed.
#[cfg(feature = "npm")]
pub(crate) fn verify_with_mac(
    mac: &[u8],
    token: &str,
    url: Option<&HttpUrl>,
    now: Timestamp,
    tolerance: Duration,
) -> Result<Claims, SignatureError> {
    // In constant time, as with keys.
    let payload = open(token, &|_, signature| subtle::ConstantTimeEq::ct_eq(mac, signature).into())?;
    check_payload(&payload, url, now, tolerance)
}

/// The payload of a token whose signature is good.
fn open(token: &str, is_signed: &dyn Fn(&[u8], &[u8]) -> bool) -> Result<Vec<u8>, SignatureError> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(SignatureError::Malformed);
    }
    let (header, rest) = match token.strip_prefix(USUAL_HEADER) {
        Some(rest) => (None, rest),
        None => text::cut(token, b'.')
            .map(|(header, rest)| (Some(header), rest))
            .ok_or(SignatureError::Malformed)?,
    };
    let (payload, signature) = text::cut(rest, b'.').ok_or(SignatureError::Malformed)?;
    header.map_or(Ok(()), check_header)?;
    let signed =
        token.strip_suffix(signature).and_then(|signed| signed.strip_suffix('.')).unwrap_or_default();
    let signature = decode(signature)?;
    if !is_signed(signed.as_bytes(), &signature) {
        return Err(SignatureError::Key);
    }
    decode(payload)
}

/// `{"alg":"HS256","typ":"JWT"}`, to the letter what QStash sends, with its dot.
const USUAL_HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.";

/// `crit` names extensions that a verifier must understand (RFC 7515, 4.1.11). QStash sends none, and none is
/// understood.
const HEADER: &[Field] = &[field("alg"), field("crit")];

fn check_header(encoded: &str) -> Result<(), SignatureError> {
    let mut header = object(&decode(encoded)?, HEADER)?;
    let algorithm = header.string("alg").ok_or(SignatureError::Malformed)?;
    if !matches!(header.take("crit"), Captured::Absent) {
        return Err(SignatureError::Malformed);
    }
    if algorithm == "HS256" { Ok(()) } else { Err(SignatureError::Algorithm) }
}

/// The claims that QStash documents, times in seconds.
const CLAIMS: &[Field] =
    &[field("iss"), field("sub"), field("exp"), field("nbf"), field("jti"), field("body")];

const fn field(name: &'static str) -> Field {
    Field { name, limit: MAX_TOKEN_BYTES, over: Over::Drop }
}

/// Header and claims are JSON in UTF-8 (RFC 7515, 3 and RFC 7519, 7.2), also where they are not looked at.
fn object(json: &[u8], fields: &'static [Field]) -> Result<Fields, SignatureError> {
    let text = str::from_utf8(json).map_err(|_| SignatureError::Malformed)?;
    Fields::of(text.as_bytes(), fields).map_err(|_| SignatureError::Malformed)
}

fn check_payload(
    payload: &[u8],
    url: Option<&HttpUrl>,
    now: Timestamp,
    tolerance: Duration,
) -> Result<Claims, SignatureError> {
    let mut claims = object(payload, CLAIMS)?;
    if claims.string("iss").as_deref() != Some(ISSUER) {
        return Err(SignatureError::Issuer);
    }
    let subject = claims.string("sub").ok_or(SignatureError::SubjectClaim)?;
    let digest = claims.string("body").and_then(|body| hash(&body)).ok_or(SignatureError::BodyClaim)?;
    let expires_at = claims.raw("exp").and_then(seconds).ok_or(SignatureError::ExpiryClaim)?;
    // Absent or zero means "from the start"; QStash has sent zero since September 2024.
    let not_before = match claims.take("nbf") {
        Captured::Absent => Some(Timestamp::from_secs(0)),
        Captured::Value { raw, .. } => seconds(raw),
        Captured::TooLong => None,
    };
    let not_before = not_before.ok_or(SignatureError::NotBeforeClaim)?;
    if url.is_some_and(|url| !url.same_resource(&subject)) {
        return Err(SignatureError::Url);
    }
    if now >= expires_at.after(tolerance) {
        return Err(SignatureError::Expired);
    }
    if now.after(tolerance) < not_before {
        return Err(SignatureError::NotYetValid);
    }
    Ok(Claims { body: BodyDigest::from_bytes(digest), expires_at, token_id: claims.string("jti") })
}

fn decode(text: &str) -> Result<Vec<u8>, SignatureError> {
    decode_exact(text, Alphabet::UrlSafe).ok_or(SignatureError::Malformed)
}

/// The hash in a body claim. It is padded in QStash's documentation and bare in other JWS writers: both are the same.
fn hash(claim: &str) -> Option<[u8; BodyDigest::LEN]> {
    decode_exact(claim.strip_suffix('=').unwrap_or(claim), Alphabet::UrlSafe)?.try_into().ok()
}

/// A date of a token: a whole number.
fn seconds(raw: Vec<u8>) -> Option<Timestamp> {
    String::from_utf8(raw).ok().and_then(|digits| decimal(&digits)).map(Timestamp::from_secs)
}
