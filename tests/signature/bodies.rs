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
        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0,
        0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
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
