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
