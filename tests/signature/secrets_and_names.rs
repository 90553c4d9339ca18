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
