//! `Upstash-Signature` as a text: the token as it came, and its first two segments properly signed.

use std::time::Duration;

use workflow_redrive::http_url::HttpUrl;
use workflow_redrive::signature::{Claims, SignatureError};
use workflow_redrive::time::Timestamp;

use crate::again;
use crate::meter::{Allowed, bounded};
use crate::reference::jwt::{self, CURRENT, NEXT, URL};

pub(crate) const WORDS: &[&str] =
    &[".", "..", "eyJhbGciOiJIUzI1NiJ9", "eyJhbGciOiJub25lIn0", "e30", "eyJ", "fQ", "-", "_", "=", "+", "/"];
pub(crate) const LONGEST: usize = 16 * 1024;
pub(crate) const SHAPES: &[fn(usize) -> Vec<u8>] = &[
    |len| again(".", len).into(),
    |len| again("A", len).into(),
    |len| ["eyJhbGciOiJIUzI1NiJ9.", &again("W1tb", len), ".x"].concat().into(),
    |len| ["", ".", &again("_-", len)].concat().into(),
];

const NOW: Timestamp = Timestamp::from_secs(1_792_567_680);

pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    _ = verify(&text);
    let mut segments = text.split('.');
    if let (Some(header), Some(payload)) = (segments.next(), segments.next()) {
        for key in [CURRENT, NEXT] {
            let signed = jwt::sign_segments(key, header, payload);
            if signed.len() <= LONGEST {
                assert_ne!(
                    verify(&signed).err(),
                    Some(SignatureError::Key),
                    "a good signature of {header}.{payload}"
                );
            }
        }
        let other = jwt::sign_segments("sig_other", header, payload);
        let refused = verify(&other).expect_err("a key of nobody's");
        assert!(matches!(
            refused,
            SignatureError::Key | SignatureError::Malformed | SignatureError::Algorithm
        ));
    }
}

/// Whoever is taken by us was signed by a key of ours, to another library too.
fn verify(token: &str) -> Result<Claims, SignatureError> {
    let keys = jwt::keys();
    let url = HttpUrl::parse(URL).unwrap();
    let tolerance = Duration::from_secs(5);
    let (mine, any) = bounded(token.len(), Allowed::times(16), || {
        (keys.verify(token, &url, NOW, tolerance), keys.verify_for_any_url(token, NOW, tolerance))
    });
    if let Ok(claims) = &any {
        let Some(theirs) = jwt::authentic(token) else {
            assert!(is_authentic(token), "taken by us alone: {token}");
            return mine;
        };
        assert_eq!(theirs["iss"], "Upstash");
        assert_eq!(claims.expires_at(), Timestamp::from_secs(theirs["exp"].as_u64().unwrap()));
        assert_eq!(claims.token_id(), theirs["jti"].as_str());
        let is_ours = theirs["sub"].as_str().is_some_and(|sub| url.same_resource(sub));
        assert_eq!(mine.is_ok(), is_ours, "{token}");
    } else {
        assert!(mine.is_err(), "{token}");
    }
    if let Err(refused) = &mine {
        // Fixed words, whatever was sent.
        assert!(refused.code().is_ascii() && refused.to_string() == refused.message());
    }
    mine
}

/// Whether a key of ours has made a token that the other library does not read: it looks at numbers, half surrogates
/// and the kinds of parameters where they do not matter, and heeds `b64`, which counts for nothing outside of `crit`
/// (RFC 7797, 6).
fn is_authentic(token: &str) -> bool {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let by = |key: &str| jwt::decode(signature) == Some(jwt::hs256(key, signed));
    let (header, payload) = signed.split_once('.').unwrap();
    let json = |segment: &str| serde_json::from_slice::<serde_json::Value>(&jwt::decode(segment).unwrap());
    let is_odd_header =
        jwt::is_header_refused(token) || json(header).is_ok_and(|header| !header["b64"].is_null());
    (by(CURRENT) || by(NEXT)) && (is_odd_header || json(payload).is_err())
}
