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
fn header_and_claims_must_be_utf_8_where_they_are_not_looked_at_too() {
    let signed = |header: &[u8], payload: &[u8]| {
        let signed = [encode(header), encode(payload)].join(".");
        let mut mac = Hmac::<Sha256>::new_from_slice(CURRENT.as_bytes()).unwrap();
        mac.update(signed.as_bytes());
        verify(&[signed, encode(&mac.finalize().into_bytes())].join(".")).map(|_| ())
    };
    let claims = claims(URL, BODY).to_string();
    let with = |byte: &[u8]| [b"{\"x\":\"", byte, b"\",", &claims.as_bytes()[1..]].concat();
    assert_eq!(signed(HEADER.as_bytes(), &with("é".as_bytes())), Ok(()));
    assert_eq!(signed(HEADER.as_bytes(), &with(b"\xe9")), Err(SignatureError::Malformed));
    assert_eq!(signed(HEADER.as_bytes(), b"{\"iss\":\"\xff\"}"), Err(SignatureError::Malformed));
    assert_eq!(
        signed(b"{\"alg\":\"HS256\",\"x\":\"\xe9\"}", claims.as_bytes()),
        Err(SignatureError::Malformed)
    );
}

#[test]
fn an_empty_or_short_signature_is_no_signature() {
    let token = sign(CURRENT, &claims(URL, BODY));
    let (signed, signature) = token.rsplit_once('.').unwrap();
    for part in ["", "AA", &signature[..4], &signature[..40]] {
        assert_eq!(verify(&format!("{signed}.{part}")).unwrap_err(), SignatureError::Key, "{part:?}");
    }
}
