//! Header and payload of a token, as JSON of any kind: a first line, and all that follows it. Properly signed, so that
//! every check is reached; compared with the same checks written on top of `serde_json`.

use std::time::Duration;

use workflow_redrive::http_url::HttpUrl;
use workflow_redrive::signature::{BodyDigest, SignatureError};
use workflow_redrive::time::Timestamp;

use crate::again;
use crate::meter::{Allowed, bounded};
use crate::reference::json::{MAX_DEPTH, Object, Read, depth, read, string};
use crate::reference::jwt::{self, CURRENT, URL};

pub(crate) const WORDS: &[&str] = &[
    "{\"alg\":\"HS256\"}\n",
    "\"iss\":\"Upstash\"",
    "\"sub\":\"https://redrive.example/?team=a\"",
    "\"exp\":1792567980",
    "\"nbf\":0",
    "\"jti\":\"jwt_1\"",
    "\"body\":\"uNcmpoVy2PQTVDz_j4mAooREUQQrFhDW5AXtIsGm_M0=\"",
    "\"crit\":[\"b64\"]",
    "null",
    "18446744073709551615",
    "\\u0055",
    "\\ud800",
];
pub(crate) const LONGEST: usize = 11 * 1024;
pub(crate) const SHAPES: &[fn(usize) -> Vec<u8>] = &[
    |len| ["{\"alg\":\"HS256\"}\n{\"a\":", &again("[", 100), &again("1,", len), "1"].concat().into(),
    |len| ["{\"alg\":\"HS256\"}\n{", &again("\"iss \":\"\",", len), "\"iss\":\"Upstash\"}"].concat().into(),
    |len| ["{\"alg\":\"HS256\"}\n{\"iss\":\"", &again("\\u0055", len), "\"}"].concat().into(),
    |len| ["{\"alg\":\"HS256\"}\n{\"exp\":", &again("9", len), "}"].concat().into(),
];

const NOW: u64 = 1_792_567_680;
const TOLERANCE: u64 = 5;
const MAX_TOKEN: usize = 16 * 1024;

pub(crate) fn check(data: &[u8]) {
    let at = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (header, payload) = data.split_at(at);
    let payload = payload.get(1..).unwrap_or_default();
    let token = jwt::sign_segments(CURRENT, &jwt::encode(header), &jwt::encode(payload));
    let keys = jwt::keys();
    let url = HttpUrl::parse(URL).unwrap();
    let now = Timestamp::from_secs(NOW);
    let found = bounded(data.len(), Allowed::times(24), || {
        keys.verify(&token, &url, now, Duration::from_secs(TOLERANCE)).map(|claims| {
            let exp = claims.expires_at();
            (claims, exp)
        })
    });
    if let Some(expected) = expected(header, payload, &token, &url) {
        let found =
            found.as_ref().map(|(claims, exp)| (exp.as_millis(), claims.token_id().map(str::to_owned)));
        let (of, wanted) = match &expected {
            Ok((exp, id, digest)) => {
                assert_eq!(
                    keys.verify(&token, &url, now, Duration::from_secs(TOLERANCE))
                        .unwrap()
                        .verify_body(*digest),
                    Ok(())
                );
                (found, Ok((exp.saturating_mul(1000), id.clone())))
            }
            Err(refused) => (found, Err(refused)),
        };
        assert_eq!(of, wanted, "{}\n{}", String::from_utf8_lossy(header), String::from_utf8_lossy(payload));
    }
}

type Good = (u64, Option<String>, BodyDigest);

/// What must become of the token; `None` where that is unclear.
fn expected(
    header: &[u8],
    payload: &[u8],
    token: &str,
    url: &HttpUrl,
) -> Option<Result<Good, SignatureError>> {
    if token.len() > MAX_TOKEN {
        return Some(Err(SignatureError::Malformed));
    }
    let header = match object(header, &["alg", "crit"])? {
        Ok(header) => header,
        Err(refused) => return Some(Err(refused)),
    };
    let Some(algorithm) = text(&header, "alg") else { return Some(Err(SignatureError::Malformed)) };
    if header.0.iter().any(|(name, _)| name == "crit") {
        return Some(Err(SignatureError::Malformed));
    }
    if algorithm != "HS256" {
        return Some(Err(SignatureError::Algorithm));
    }
    let claims = match object(payload, &["iss", "sub", "exp", "nbf", "jti", "body"])? {
        Ok(claims) => claims,
        Err(refused) => return Some(Err(refused)),
    };
    Some(checked(&claims, url))
}

fn checked(claims: &Object<'_>, url: &HttpUrl) -> Result<Good, SignatureError> {
    if text(claims, "iss").as_deref() != Some("Upstash") {
        return Err(SignatureError::Issuer);
    }
    let subject = text(claims, "sub").ok_or(SignatureError::SubjectClaim)?;
    let body = text(claims, "body").ok_or(SignatureError::BodyClaim)?;
    let digest = jwt::decode(body.strip_suffix('=').unwrap_or(&body)).and_then(|bytes| bytes.try_into().ok());
    let digest = BodyDigest::from_bytes(digest.ok_or(SignatureError::BodyClaim)?);
    let expires = claims.one("exp").ok().flatten().and_then(seconds).ok_or(SignatureError::ExpiryClaim)?;
    let not_before = match claims.0.iter().find(|(name, _)| name == "nbf") {
        None => Some(0),
        Some((_, value)) => seconds(value),
    };
    let not_before = not_before.ok_or(SignatureError::NotBeforeClaim)?;
    if !url.same_resource(&subject) {
        return Err(SignatureError::Url);
    }
    if NOW >= expires.saturating_add(TOLERANCE) {
        return Err(SignatureError::Expired);
    }
    if NOW + TOLERANCE < not_before {
        return Err(SignatureError::NotYetValid);
    }
    Ok((expires, text(claims, "jti"), digest))
}

fn object<'a>(json: &'a [u8], names: &[&str]) -> Option<Result<Object<'a>, SignatureError>> {
    if std::str::from_utf8(json).is_err() {
        return Some(Err(SignatureError::Malformed));
    }
    match read(json) {
        Read::Object(object) if depth(json) <= MAX_DEPTH && !object.repeats(names) => Some(Ok(object)),
        Read::Unclear => None,
        _ => Some(Err(SignatureError::Malformed)),
    }
}

fn text(object: &Object<'_>, name: &str) -> Option<String> {
    string(object.one(name).ok()??)
}

/// A whole number without a sign.
fn seconds(value: &str) -> Option<u64> {
    value.bytes().all(|byte| byte.is_ascii_digit()).then(|| value.parse().ok())?
}
