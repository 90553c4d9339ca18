//! Base64 where it comes in: as the signature of a token, and as the response within a callback.

use std::time::Duration;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use workflow_redrive::callback::{CallbackHeaders, FailureReader};
use workflow_redrive::signature::SignatureError;
use workflow_redrive::time::Timestamp;

use crate::again;
use crate::meter::{Allowed, bounded};
use crate::reference::jwt::{self, CURRENT};

pub(crate) const WORDS: &[&str] = &["=", "==", "A", "AA", "AAA", "+", "/", "-", "_", "?", "\n", "Zm9v", "é"];
pub(crate) const LONGEST: usize = 16 * 1024;
pub(crate) const SHAPES: &[fn(usize) -> Vec<u8>] =
    &[|len| again("QUFB", len).into(), |len| again("=", len).into(), |len| again("A=", len).into()];

/// As QStash may cut it: no padding, and bits that are left.
const CUT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    as_signature(&text);
    altered(data);
    as_response(&text);
}

/// The text is a signature where it is base64url of the right bytes, and malformed where it is none.
fn as_signature(text: &str) {
    let (header, payload) = (jwt::encode(r#"{"alg":"HS256"}"#), jwt::encode("{}"));
    let token = [&header, ".", &payload, ".", text].concat();
    let refused = bounded(token.len(), Allowed::times(16), || {
        jwt::keys().verify_for_any_url(&token, Timestamp::from_secs(0), Duration::ZERO).unwrap_err()
    });
    let expected = match jwt::decode(text) {
        _ if token.len() > LONGEST => SignatureError::Malformed,
        None => SignatureError::Malformed,
        Some(bytes) if bytes == jwt::hs256(CURRENT, &[header, payload].join(".")) => SignatureError::Issuer,
        Some(_) => SignatureError::Key,
    };
    assert_eq!(refused, expected, "{text:?}");
}

/// The right signature with a character changed: the same bytes have no second spelling.
fn altered(data: &[u8]) {
    let [at, by, ..] = data else { return };
    let (header, payload) = (jwt::encode(r#"{"alg":"HS256"}"#), jwt::encode("{}"));
    let token = jwt::sign_segments(CURRENT, &header, &payload);
    let start = token.rfind('.').unwrap() + 1;
    let at = start + usize::from(*at) % (token.len() - start);
    let mut other = token.clone();
    other.replace_range(at..=at, &char::from(by & 0x7f).to_string());
    let verified =
        jwt::keys().verify_for_any_url(&other, Timestamp::from_secs(0), Duration::ZERO).unwrap_err();
    assert_eq!(verified == SignatureError::Issuer, other == token, "{other}");
}

/// The message is the response's text, as far as it is one.
fn as_response(text: &str) {
    let json =
        serde_json::json!({"status": 500, "workflowRunId": "wfr_a", "url": "u", "body": text}).to_string();
    let failure = bounded(json.len(), Allowed::times(24), || {
        let mut reader = FailureReader::new(CallbackHeaders::default());
        reader.push(json.as_bytes());
        reader.finish(Timestamp::from_secs(0)).unwrap()
    });
    let bare = text.trim_end_matches('=');
    // A lone character is less than a byte: only the other library complains.
    let whole = if bare.len() % 4 == 1 && bare.is_ascii() { &bare[..bare.len() - 1] } else { bare };
    let bytes = CUT
        .decode(whole)
        .ok()
        .filter(|_| bare.len() == whole.len() || CUT.decode([bare, "A"].concat()).is_ok());
    let response = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    // What is cut, binary or an object of its own is the target `callback`'s.
    let plain = response
        .filter(|text| text.len() <= 2048 && !text.contains('{') && !text.chars().any(char::is_control));
    if let Some(plain) = plain
        && text.len() < 16 * 1024
    {
        let message = failure.error.as_ref().map_or("", |error| error.message.as_str());
        assert_eq!(message, plain.trim_ascii(), "{text:?}");
    }
}
