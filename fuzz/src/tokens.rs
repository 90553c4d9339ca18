//! Tokens as QStash makes them, and as somebody would who is up to something: valid, expired, too early, for another
//! URL, of another issuer, by another key or algorithm, with a byte changed. Taken and refused as another library does.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arbitrary::{Result, Unstructured};
use serde_json::json;
use workflow_redrive::http_url::HttpUrl;
use workflow_redrive::time::Timestamp;

use crate::meter::{Allowed, bounded};
use crate::reference::jwt::{self, CURRENT, NEXT, URL};

pub(crate) const WORDS: &[&str] = &["\0", "\u{1}", "\u{2}", "\u{3}"];
pub(crate) const LONGEST: usize = 64;
pub(crate) const SHAPES: &[fn(usize) -> Vec<u8>] = &[];

const DIGEST: &str = "uNcmpoVy2PQTVDz_j4mAooREUQQrFhDW5AXtIsGm_M0";

pub(crate) fn check(data: &[u8]) {
    // Too few bytes are zeros.
    _ = differ(&mut Unstructured::new(data));
}

fn differ(bytes: &mut Unstructured<'_>) -> Result<()> {
    // The other library has a clock of its own.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    // Not within a minute of now, where the answer turns: that clock may be read later, on a machine that is busy.
    let around = |bytes: &mut Unstructured<'_>| -> Result<i64> {
        let offset = bytes.int_in_range(-400..=400_i64)?;
        Ok(if offset < 0 { offset - 60 } else { offset + 60 })
    };
    let algorithm =
        *bytes.choose(&["HS256", "HS256", "HS256", "none", "HS384", "HS512", "RS256", "hs256", "NONE"])?;
    let key = *bytes.choose(&[CURRENT, NEXT, CURRENT, "sig_other", ""])?;
    let mut claims = json!({
        "iss": *bytes.choose(&["Upstash", "Upstash", "upstash", "Evil"])?,
        "sub": *bytes.choose(&[URL, URL, "https://redrive.example/", "https://evil.example/?team=a"])?,
        "exp": now.saturating_add_signed(around(bytes)?),
        "iat": now,
        "nbf": if bytes.ratio(1, 3)? { now.saturating_add_signed(around(bytes)?) } else { 0 },
        "jti": "jwt_1",
        "body": DIGEST,
    });
    if bytes.ratio(1, 8)? {
        let left_out = *bytes.choose(&["iss", "sub", "exp", "nbf", "jti"])?;
        claims.as_object_mut().unwrap().remove(left_out);
    }
    if bytes.ratio(1, 8)? {
        let (name, value) = (*bytes.choose(&["iss", "sub", "exp"])?, bytes.int_in_range(0..=3)?);
        claims[name] = [json!(null), json!("1"), json!([1]), json!({})][value].clone();
    }
    let header = json!({"alg": algorithm, "typ": "JWT"}).to_string();
    let mut token = jwt::sign_segments(key, &jwt::encode(&header), &jwt::encode(claims.to_string()));
    if bytes.ratio(1, 4)? {
        let at = bytes.int_in_range(0..=token.len() - 1)?;
        let by = *bytes.choose(&["A", "B", "_", "-", ".", "=", "+", " ", ""])?;
        token.replace_range(at..=at, by);
    }
    if bytes.ratio(1, 8)? {
        token = token.rsplit_once('.').map(|(rest, _)| [rest, "."].concat()).unwrap_or_default();
    }
    let url = HttpUrl::parse(URL).unwrap();
    let mine = bounded(token.len(), Allowed::times(16), || {
        jwt::keys().verify(&token, &url, Timestamp::from_secs(now), Duration::from_secs(5))
    });
    assert_eq!(
        mine.is_ok(),
        jwt::verified(&token).is_some(),
        "{token} of {header}, {claims} by {key}: {mine:?}"
    );
    Ok(())
}
