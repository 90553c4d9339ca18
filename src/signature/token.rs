//! The token check: a compact JWS, HS256 only.

use core::time::Duration;

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::URL_SAFE_NO_PAD},
};
use serde::{Deserialize, Deserializer, de::IgnoredAny};

use super::{BodyDigest, Claims, KeySet, SignatureError};
use crate::{http_url::HttpUrl, time::Timestamp};

/// The longest token that is looked at. QStash's are about 400 bytes, plus the URL.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// The issuer that QStash writes into every token.
const ISSUER: &str = "Upstash";

/// The body claim is padded in QStash's documentation and bare in other JWS writers: both are the same hash.
const PADDED_OR_NOT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

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
        if token.len() > MAX_TOKEN_BYTES {
            return Err(SignatureError::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(SignatureError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(SignatureError::Malformed)?;
        check_header(header)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| SignatureError::Malformed)?;
        if !self.signed(signed.as_bytes(), &signature) {
            return Err(SignatureError::Key);
        }
        check_payload(payload, url, now, tolerance)
    }
}

#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    alg: &'a str,
    /// Whether there are extensions that a verifier must understand (RFC 7515, 4.1.11), whatever they are. QStash sends
    /// none, and none is understood.
    #[serde(default, deserialize_with = "is_there")]
    crit: bool,
}

/// `true` for any value, `null` included.
fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

fn check_header(encoded: &str) -> Result<(), SignatureError> {
    let json = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| SignatureError::Malformed)?;
    let header: Header<'_> = serde_json::from_slice(&json).map_err(|_| SignatureError::Malformed)?;
    if header.crit {
        return Err(SignatureError::Malformed);
    }
    if header.alg == "HS256" { Ok(()) } else { Err(SignatureError::Algorithm) }
}

/// The claims that QStash documents, times in seconds.
#[derive(Deserialize)]
struct Payload {
    iss: String,
    sub: String,
    exp: u64,
    /// Absent or zero means "from the start"; QStash has sent zero since September 2024.
    #[serde(default)]
    nbf: u64,
    jti: Option<String>,
    body: String,
}

fn check_payload(
    encoded: &str,
    url: &HttpUrl,
    now: Timestamp,
    tolerance: Duration,
) -> Result<Claims, SignatureError> {
    let json = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| SignatureError::Malformed)?;
    let payload: Payload = serde_json::from_slice(&json).map_err(|_| SignatureError::Malformed)?;
    let digest = PADDED_OR_NOT.decode(&payload.body).map_err(|_| SignatureError::Malformed)?;
    let digest = digest.try_into().map_err(|_| SignatureError::Malformed)?;
    if payload.iss != ISSUER {
        return Err(SignatureError::Issuer);
    }
    if !url.same_resource(&payload.sub) {
        return Err(SignatureError::Url);
    }
    let expires_at = Timestamp::from_secs(payload.exp);
    if now >= expires_at.after(tolerance) {
        return Err(SignatureError::Expired);
    }
    if now.after(tolerance) < Timestamp::from_secs(payload.nbf) {
        return Err(SignatureError::NotYetValid);
    }
    Ok(Claims { body: BodyDigest::from_bytes(digest), expires_at, token_id: payload.jti })
}
