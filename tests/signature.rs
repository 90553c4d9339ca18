//! `Upstash-Signature` from outside: which tokens vouch for a delivery, and why the others do not.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a broken test value should fail the test")]

mod common;

use std::time::Duration;

use common::{CURRENT, NEXT, NOW, claims, encode, sign, sign_text};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha512;
use workflow_redrive::http_url::HttpUrl;
use workflow_redrive::signature::{BodyDigest, Claims, KeySet, SignatureError, SigningKey};
use workflow_redrive::time::Timestamp;

const URL: &str = "https://redrive.example/?team=a";
const BODY: &[u8] = br#"{"status":503}"#;
const TOLERANCE: Duration = Duration::from_secs(5);
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// Made by another program from the documentation's claims, with [`CURRENT`] for [`URL`], [`BODY`] and [`NOW`].
const GOLDEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJVcHN0YXNoIiwic3ViIjoiaHR0cHM6Ly9yZWRyaXZlLm\
    V4YW1wbGUvP3RlYW09YSIsImV4cCI6MTc5MjU2Nzk4MCwiaWF0IjoxNzkyNTY3NjgwLCJuYmYiOjAsImp0aSI6Imp3dF9nb2xkZW4iLCJib2R5I\
    joidU5jbXBvVnkyUFFUVkR6X2o0bUFvb1JFVVFRckZockRXNUFYdElTR21fTT0ifQ.b0tn6gRBknblET66L430s0hWMN2Y20p08uprfVzx-TE";

fn keys() -> KeySet {
    KeySet::new(SigningKey::new(CURRENT).unwrap(), SigningKey::new(NEXT).unwrap())
}

fn verify(token: &str) -> Result<Claims, SignatureError> {
    verify_at(token, NOW)
}

fn verify_at(token: &str, now: Timestamp) -> Result<Claims, SignatureError> {
    keys().verify(token, &HttpUrl::parse(URL).unwrap(), now, TOLERANCE)
}

/// The check of a token whose claims are the usual ones, with `changes` set or, where `null`, left out.
fn verify_with(changes: &Value) -> Result<(), SignatureError> {
    let mut claims = claims(URL, BODY);
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    verify(&sign(CURRENT, &claims)).map(|_| ())
}

/// The check of a token with this text as payload, properly signed.
fn verify_payload(payload: &str) -> Result<(), SignatureError> {
    verify(&sign_text(CURRENT, HEADER, payload)).map(|_| ())
}

/// The check of a token with this text as header, properly signed with HMAC-SHA256.
fn verify_header(header: &str) -> Result<(), SignatureError> {
    verify(&sign_text(CURRENT, header, &claims(URL, BODY).to_string())).map(|_| ())
}

mod keys_and_algorithms {
    use super::*;

    #[test]
    fn a_token_made_by_another_program_vouches_for_url_time_and_body() {
        let claims = verify(GOLDEN).unwrap();
        assert_eq!(claims.verify_body(BodyDigest::of(BODY)), Ok(()));
        assert_eq!(claims.expires_at(), NOW.after(Duration::from_mins(5)));
        assert_eq!(claims.token_id(), Some("jwt_golden"));
    }

    #[test]
    fn without_a_url_a_token_for_any_passes_and_every_other_check_holds() {
        let check = |token: &str, now| keys().verify_for_any_url(token, now, TOLERANCE).map(|_| ());
        let elsewhere = sign(CURRENT, &claims("https://elsewhere.example/", BODY));
        assert_eq!(verify(&elsewhere).map(|_| ()), Err(SignatureError::Url));
        assert_eq!(check(&elsewhere, NOW), Ok(()));
        assert_eq!(check(&elsewhere, NOW.after(Duration::from_mins(6))), Err(SignatureError::Expired));
        assert_eq!(check(&sign("sig_other", &claims(URL, BODY)), NOW), Err(SignatureError::Key));
    }

    #[test]
    fn the_current_and_the_next_key_are_good_and_no_other() {
        let token = |key| sign(key, &claims(URL, BODY));
        assert!(verify(&token(CURRENT)).is_ok());
        assert!(verify(&token(NEXT)).is_ok());
        for key in ["sig_other", "sig_current_3kP", "sig_current_3kPqq", "SIG_CURRENT_3KPQ"] {
            assert_eq!(verify(&token(key)).unwrap_err(), SignatureError::Key, "{key}");
        }
    }

    #[test]
    fn only_hs256_is_taken_however_well_another_is_signed() {
        let payload = claims(URL, BODY).to_string();
        let signed = [encode(br#"{"alg":"HS512","typ":"JWT"}"#), encode(payload.as_bytes())].join(".");
        let mut mac = Hmac::<Sha512>::new_from_slice(CURRENT.as_bytes()).unwrap();
        mac.update(signed.as_bytes());
        let hs512 = [signed, encode(&mac.finalize().into_bytes())].join(".");
        assert_eq!(verify(&hs512).unwrap_err(), SignatureError::Algorithm);

        let none = [encode(br#"{"alg":"none"}"#), encode(payload.as_bytes()), String::new()].join(".");
        assert_eq!(verify(&none).unwrap_err(), SignatureError::Algorithm);

        for alg in ["none", "None", "HS512", "HS384", "RS256", "ES256", "hs256", "HS256 ", ""] {
            let header = json!({"alg": alg, "typ": "JWT"}).to_string();
            assert_eq!(verify_header(&header), Err(SignatureError::Algorithm), "{alg:?}");
        }
    }

    #[test]
    fn a_header_must_be_an_object_with_one_algorithm_and_no_critical_extension() {
        for header in [
            "",
            "HS256",
            r#""HS256""#,
            "{}",
            r#"{"typ":"JWT"}"#,
            r#"{"alg":256}"#,
            r#"{"alg":null}"#,
            r#"{"alg":["HS256"]}"#,
            r#"{"alg":"HS256","alg":"HS256"}"#,
            r#"{"alg":"HS256","crit":["exp"],"exp":1}"#,
            r#"{"alg":"HS256","crit":[]}"#,
            r#"{"alg":"HS256","crit":null}"#,
            r#"{"alg":"HS256"} x"#,
        ] {
            assert_eq!(verify_header(header), Err(SignatureError::Malformed), "{header}");
        }
        assert_eq!(verify_header(r#"{"typ":"JWT","kid":"a","alg":"HS256"}"#), Ok(()));
    }

    #[test]
    fn an_empty_or_short_signature_is_no_signature() {
        let token = sign(CURRENT, &claims(URL, BODY));
        let (signed, signature) = token.rsplit_once('.').unwrap();
        for part in ["", "AA", &signature[..4], &signature[..40]] {
            assert_eq!(verify(&format!("{signed}.{part}")).unwrap_err(), SignatureError::Key, "{part:?}");
        }
    }
}

mod form {
    use super::*;

    #[test]
    fn what_is_no_compact_jws_is_malformed() {
        let token = sign(CURRENT, &claims(URL, BODY));
        let padded = format!("{token}=");
        let five_parts = format!("{token}.a.b");
        let padded_header = token.replacen('.', "==.", 1);
        let bearer = format!("Bearer {token}");
        for token in [
            "",
            ".",
            "..",
            "...",
            "garbage",
            "a.b",
            "a.b.c",
            "{}.{}.{}",
            "ключ.ключ.ключ",
            &padded,
            &five_parts,
            &padded_header,
            &bearer,
            &format!(" {GOLDEN}"),
            &format!("{GOLDEN}\n"),
        ] {
            assert_eq!(verify(token).unwrap_err(), SignatureError::Malformed, "{token}");
        }
    }

    #[test]
    fn no_character_of_a_token_can_be_changed_or_dropped() {
        for at in 0..GOLDEN.len() {
            let mut changed = GOLDEN.to_owned();
            let other = if &GOLDEN[at..=at] == "A" { "B" } else { "A" };
            changed.replace_range(at..=at, other);
            assert!(verify(&changed).is_err(), "changed at {at}");
            changed.remove(at);
            assert!(verify(&changed).is_err(), "dropped at {at}");
        }
    }

    #[test]
    fn a_payload_cannot_be_swapped_for_that_of_another_token() {
        let theirs = sign("sig_theirs", &claims("https://redrive.example/?team=b", BODY));
        let parts: Vec<&str> = GOLDEN.split('.').collect();
        let payload = theirs.split('.').nth(1).unwrap();
        let swapped = [parts[0], payload, parts[2]].join(".");
        assert_eq!(verify(&swapped).unwrap_err(), SignatureError::Key);
    }

    #[test]
    fn a_token_of_100_kb_is_not_looked_at_and_one_of_16_kib_still_is() {
        let filled = |bytes: usize| {
            let mut claims = claims(URL, BODY);
            claims["jti"] = json!("x".repeat(bytes));
            sign(CURRENT, &claims)
        };
        assert_eq!(verify(&filled(75_000)).unwrap_err(), SignatureError::Malformed);
        let lengths: Vec<usize> = (11_900..12_100)
            .map(|bytes| {
                let token = filled(bytes);
                assert_eq!(verify(&token).is_ok(), token.len() <= 16 * 1024, "{} bytes", token.len());
                token.len()
            })
            .collect();
        assert!(lengths.contains(&(16 * 1024)) && lengths.contains(&(16 * 1024 + 1)), "{lengths:?}");
    }
}

mod claim_checks {
    use super::*;

    #[test]
    fn each_claim_is_checked_and_has_its_own_reason() {
        use SignatureError::{
            BodyClaim, Expired, ExpiryClaim, Issuer, NotBeforeClaim, NotYetValid, SubjectClaim, Url,
        };
        let now = NOW.as_millis() / 1000;
        let cases = [
            (json!({}), Ok(())),
            (json!({"nbf": null}), Ok(())),
            (json!({"jti": null, "iat": null}), Ok(())),
            (json!({"aud": "someone", "extra": [1]}), Ok(())),
            (json!({"iss": "Mallory"}), Err(Issuer)),
            (json!({"iss": "upstash"}), Err(Issuer)),
            (json!({"iss": ["Upstash"]}), Err(Issuer)),
            (json!({"iss": null}), Err(Issuer)),
            (json!({"sub": null}), Err(SubjectClaim)),
            (json!({"exp": null}), Err(ExpiryClaim)),
            (json!({"body": null}), Err(BodyClaim)),
            (json!({"sub": "/?team=a"}), Err(Url)),
            (json!({"sub": 1}), Err(SubjectClaim)),
            (json!({"exp": "1792567980"}), Err(ExpiryClaim)),
            (json!({"exp": 1_792_567_980.5}), Err(ExpiryClaim)),
            (json!({"exp": -1}), Err(ExpiryClaim)),
            (json!({"exp": u64::MAX}), Ok(())),
            (json!({"exp": 0}), Err(Expired)),
            (json!({"nbf": "0"}), Err(NotBeforeClaim)),
            (json!({"nbf": 0.5}), Err(NotBeforeClaim)),
            (json!({"nbf": now}), Ok(())),
            (json!({"nbf": now + 5}), Ok(())),
            (json!({"nbf": now + 6}), Err(NotYetValid)),
            (json!({"nbf": u64::MAX}), Err(NotYetValid)),
            (json!({"body": ""}), Err(BodyClaim)),
            (json!({"body": "not a hash"}), Err(BodyClaim)),
            (json!({"body": encode(&[0; 31])}), Err(BodyClaim)),
            (json!({"body": encode(&[0; 33])}), Err(BodyClaim)),
        ];
        for (changes, expected) in cases {
            assert_eq!(verify_with(&changes), expected, "{changes}");
        }
    }

    #[test]
    fn a_null_date_is_no_date() {
        let with_null = |name: &str| {
            let mut claims = claims(URL, BODY);
            claims[name] = Value::Null;
            verify(&sign(CURRENT, &claims)).map(|_| ())
        };
        assert_eq!(with_null("nbf"), Err(SignatureError::NotBeforeClaim));
        assert_eq!(with_null("exp"), Err(SignatureError::ExpiryClaim));
        assert_eq!(with_null("iat"), Ok(()));
    }

    #[test]
    fn a_claim_given_twice_is_refused_whatever_the_values() {
        let good = claims(URL, BODY).to_string();
        assert_eq!(verify_payload(&good), Ok(()));
        for (name, value) in claims(URL, BODY).as_object().unwrap() {
            let twice = format!("{},{}:{}}}", &good[..good.len() - 1], json!(name), value);
            let expected = if name == "iat" { Ok(()) } else { Err(SignatureError::Malformed) };
            assert_eq!(verify_payload(&twice), expected, "{twice}");
        }
    }

    #[test]
    fn a_payload_that_is_no_object_of_claims_is_malformed() {
        for payload in ["", "null", "[]", "1", "\"x\"", "{\"iss\":\"Upstash\"", "\u{feff}{}"] {
            assert_eq!(verify_payload(payload), Err(SignatureError::Malformed), "{payload}");
        }
    }

    #[test]
    fn an_issuer_that_is_no_utf_8_is_not_the_issuer() {
        let not_utf8 = [encode(HEADER.as_bytes()), encode(b"{\"iss\":\"\xff\"}")].join(".");
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(CURRENT.as_bytes()).unwrap();
        mac.update(not_utf8.as_bytes());
        let token = [not_utf8, encode(&mac.finalize().into_bytes())].join(".");
        assert_eq!(verify(&token).unwrap_err(), SignatureError::Issuer);
    }

    #[test]
    fn a_token_lives_from_nbf_to_exp_widened_by_the_tolerance_at_both_ends() {
        let mut claims = claims(URL, BODY);
        claims["nbf"] = json!(NOW.as_millis() / 1000);
        let token = sign(CURRENT, &claims);
        let at = |millis: i64| {
            let now = Timestamp::from_millis(NOW.as_millis().checked_add_signed(millis).unwrap());
            verify_at(&token, now).map(|_| ())
        };
        assert_eq!(at(-5001), Err(SignatureError::NotYetValid));
        assert_eq!(at(-5000), Ok(()));
        assert_eq!(at(300_000), Ok(()));
        assert_eq!(at(304_999), Ok(()));
        assert_eq!(at(305_000), Err(SignatureError::Expired));
    }

    #[test]
    fn without_tolerance_the_end_is_exact() {
        let url = HttpUrl::parse(URL).unwrap();
        let at = |now| keys().verify(GOLDEN, &url, now, Duration::ZERO).map(|_| ());
        assert_eq!(at(NOW.after(Duration::from_millis(299_999))), Ok(()));
        assert_eq!(at(NOW.after(Duration::from_mins(5))), Err(SignatureError::Expired));
    }

    #[test]
    fn the_reason_why_a_forged_token_is_bad_is_its_key_alone() {
        let mut claims = claims("https://elsewhere.example/", BODY);
        claims["iss"] = json!("Mallory");
        claims["exp"] = json!(1);
        assert_eq!(verify(&sign("sig_forged", &claims)).unwrap_err(), SignatureError::Key);
        assert_eq!(
            verify(&sign_text("sig_forged", HEADER, "no json")).unwrap_err(),
            SignatureError::Key,
            "claims are not read before the signature is known to be good"
        );
    }

    #[test]
    fn the_url_counts_with_its_query_and_only_in_spelling_may_it_differ() {
        let same = |url: &str, sub: &str| {
            let token = sign(CURRENT, &claims(sub, BODY));
            keys().verify(&token, &HttpUrl::parse(url).unwrap(), NOW, TOLERANCE).map(|_| ())
        };
        for (url, sub) in [
            (URL, URL),
            ("https://redrive.example", "https://redrive.example/"),
            ("https://redrive.example/", "https://redrive.example"),
            ("https://redrive.example/?a", "https://redrive.example?a"),
            ("https://redrive.example/", "https://redrive.example:443/"),
            ("https://redrive.example/", "HTTPS://Redrive.Example/"),
        ] {
            assert_eq!(same(url, sub), Ok(()), "{url} {sub}");
        }
        for (url, sub) in [
            (URL, "https://redrive.example/"),
            (URL, "https://redrive.example/?team=b"),
            (URL, "https://redrive.example/?team=a&redrive=0.1.wfr_a"),
            (URL, "https://redrive.example/?TEAM=a"),
            (URL, "https://redrive.example/?team=%61"),
            (URL, "http://redrive.example/?team=a"),
            (URL, "https://redrive.example:8443/?team=a"),
            (URL, "https://redrive.example.evil.example/?team=a"),
            (URL, "https://evil.example/?team=a"),
            (URL, "https://redrive.example/hook?team=a"),
            (URL, "https://user@redrive.example/?team=a"),
            (URL, ""),
            ("https://redrive.example/hook", "https://redrive.example/hook/"),
            ("https://redrive.example/hook", "https://redrive.example/Hook"),
            ("https://redrive.example/?a=1&b=2", "https://redrive.example/?b=2&a=1"),
        ] {
            assert_eq!(same(url, sub), Err(SignatureError::Url), "{url} {sub}");
        }
    }
}

mod bodies {
    use super::*;

    #[test]
    fn the_body_must_be_the_signed_one_byte_for_byte() {
        for (signed, arrived, expected) in [
            (BODY, BODY, Ok(())),
            (b"", b"", Ok(())),
            (b"\xff\xfe\x00\x80", b"\xff\xfe\x00\x80", Ok(())),
            (BODY, b"", Err(SignatureError::BodyHash)),
            (BODY, br#"{"status": 503}"#, Err(SignatureError::BodyHash)),
            (BODY, b"{\"status\":503}\n", Err(SignatureError::BodyHash)),
            (b"\xff\xfe\x00\x80", b"\xff\xfe\x00\x81", Err(SignatureError::BodyHash)),
            (b"", b"\0", Err(SignatureError::BodyHash)),
        ] {
            let claims = verify(&sign(CURRENT, &claims(URL, signed))).unwrap();
            assert_eq!(claims.verify_body(BodyDigest::of(arrived)), expected, "{signed:?} {arrived:?}");
        }
    }

    #[test]
    fn the_hash_is_sha_256_with_or_without_padding_and_in_the_url_alphabet() {
        // FIPS 180-2: the digest of "abc".
        let abc = [
            0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
            0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
        ];
        assert_eq!(BodyDigest::of(b"abc"), BodyDigest::from_bytes(abc));
        let with_body = |body: &str| {
            let mut claims = claims(URL, BODY);
            claims["body"] = json!(body);
            verify(&sign(CURRENT, &claims)).and_then(|claims| claims.verify_body(BodyDigest::of(b"abc")))
        };
        let bare = encode(&abc);
        assert_eq!(with_body(&bare), Ok(()));
        assert_eq!(with_body(&format!("{bare}=")), Ok(()));
        assert!(bare.contains(['-', '_']), "the alphabets must differ here");
        let standard = bare.replace('-', "+").replace('_', "/");
        assert_eq!(with_body(&standard), Err(SignatureError::BodyClaim));
    }
}

mod secrets_and_names {
    use super::*;

    #[test]
    fn keys_appear_in_no_debug_output() {
        let shown = format!("{:?} {:?} {:#?}", keys(), SigningKey::new(CURRENT), keys());
        assert!(!shown.contains(CURRENT) && !shown.contains(NEXT), "{shown}");
        let bytes = format!("{:?}", CURRENT.as_bytes());
        assert!(!shown.contains(bytes.trim_matches(['[', ']'])), "{shown}");
    }

    #[test]
    fn what_cannot_be_a_key_is_refused_without_being_repeated() {
        for key in ["", " ", "sig a", "sig_a\n", "sig_a\0", "ключ", " sig_a"] {
            let message = SigningKey::new(key).unwrap_err().to_string();
            assert!(message.contains("`sig_…`"), "{message}");
        }
        assert!(SigningKey::new(&"k".repeat(200)).is_ok());
    }

    #[test]
    fn reasons_have_stable_codes_and_tell_nothing_that_would_pass() {
        let codes = [
            (SignatureError::Algorithm, "signature_algorithm", "HS256"),
            (SignatureError::BodyClaim, "signature_body_claim", "`body` claim"),
            (SignatureError::BodyHash, "body_hash_mismatch", "body"),
            (SignatureError::Expired, "signature_expired", "five minutes"),
            (SignatureError::ExpiryClaim, "signature_exp_claim", "`exp` claim"),
            (SignatureError::Issuer, "signature_issuer", "Upstash"),
            (SignatureError::Key, "signature_mismatch", "current nor the next"),
            (SignatureError::Malformed, "signature_malformed", "compact JWS"),
            (SignatureError::Missing, "signature_missing", "needs an Upstash-Signature"),
            (SignatureError::NotBeforeClaim, "signature_nbf_claim", "`nbf` claim"),
            (SignatureError::NotYetValid, "signature_not_yet_valid", "not valid yet"),
            (SignatureError::SubjectClaim, "signature_sub_claim", "`sub` claim"),
            (SignatureError::Url, "signature_url_mismatch", "another URL"),
        ];
        for (error, code, part) in codes {
            assert_eq!(error.code(), code);
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
