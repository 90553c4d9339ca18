//! The vectors of others through the public API. Those whose keys are bytes are beside the code, in
//! `src/signature/known_answers.rs`; where all are from is in the README.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a broken test value should fail the test")]

#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "the signer is for other tests")]
mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use common::{CURRENT, NEXT, NOW};
use serde_json::{Value, json};
use workflow_redrive::callback::{CallbackHeaders, FailureReader};
use workflow_redrive::signature::{BodyDigest, KeySet, SigningKey};

/// How many vectors ended how.
type Counts = BTreeMap<&'static str, usize>;

fn read(path: &str) -> Value {
    let path = [env!("CARGO_MANIFEST_DIR"), "/tests/known_answers/data/", path].concat();
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The tests of all groups.
fn wycheproof(file: &str) -> Vec<Value> {
    let vectors = read(&["wycheproof/", file].concat());
    let groups = vectors["testGroups"].as_array().unwrap();
    let tests: Vec<Value> =
        groups.iter().flat_map(|group| group["tests"].as_array().unwrap()).cloned().collect();
    assert_eq!(vectors["numberOfTests"], tests.len());
    tests
}

/// Prints the counts, and holds them to what they must be.
#[expect(
    clippy::print_stdout,
    reason = "the counts are worth seeing: cargo test known_answers -- --nocapture"
)]
fn assert_counts(counts: &Counts, expected: &[(&'static str, usize)]) {
    println!("{counts:?}");
    assert_eq!(*counts, expected.iter().copied().collect());
}

#[test]
fn no_token_of_others_vouches_for_a_callback() {
    let keys = KeySet::new(SigningKey::new(CURRENT).unwrap(), SigningKey::new(NEXT).unwrap());
    let rfcs = read("rfc/7515_7519.json")["tests"].as_array().unwrap().clone();
    let tests =
        [wycheproof("json_web_signature_test.json"), wycheproof("json_web_crypto_test.json"), rfcs].concat();
    let mut counts = Counts::new();
    for test in tests {
        let token = test.get("jws").or_else(|| test.get("jwe")).unwrap();
        let token = token.as_str().map_or_else(|| token.to_string(), str::to_owned);
        let refused = keys.verify_for_any_url(&token, NOW, Duration::from_secs(5)).unwrap_err();
        *counts.entry(refused.code()).or_default() += 1;
    }
    assert_counts(
        &counts,
        &[("signature_algorithm", 395), ("signature_malformed", 65), ("signature_mismatch", 34)],
    );
}

#[test]
fn of_the_keys_of_others_only_text_is_a_signing_key() {
    let mut counts = Counts::new();
    let rfc = read("rfc/4231.json")["tests"].as_array().unwrap().clone();
    for test in [wycheproof("hmac_sha256_test.json"), rfc].concat() {
        let digits = test["key"].as_str().unwrap();
        let bytes: Vec<u8> = (0..digits.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
            .collect();
        let end = match std::str::from_utf8(&bytes).map(SigningKey::new) {
            Ok(Ok(_)) => "taken",
            Ok(Err(_)) => "refused: no graphic ASCII",
            Err(_) => "no text at all",
        };
        *counts.entry(end).or_default() += 1;
    }
    // "Jefe" is the one.
    assert_counts(&counts, &[("no text at all", 69), ("refused: no graphic ASCII", 111), ("taken", 1)]);
}

/// RFC 4648, section 10, as the response of a failing endpoint.
#[test]
fn base64_of_the_rfc_in_callbacks() {
    let vectors = read("rfc/4648.json");
    for test in vectors["tests"].as_array().unwrap() {
        let body = json!({
            "status": 500, "workflowRunId": "wfr_a", "url": "https://a.example/", "body": test["base64"],
        });
        let mut reader = FailureReader::new(CallbackHeaders::default());
        reader.push(body.to_string().as_bytes());
        let error = reader.finish(NOW).unwrap().error;
        let text = error.as_ref().map_or("", |error| error.message.as_str());
        assert_eq!(text, test["text"].as_str().unwrap());
    }
}

/// FIPS 180-2, appendix B, and RFC 6234, section 8.5.
#[test]
fn digests_of_bodies() {
    for (body, digest) in [
        (&b""[..], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ),
        (
            "a".repeat(1_000_000).as_bytes(),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
        ),
    ] {
        let found = BodyDigest::of(body).to_bytes();
        let expected = digest.as_bytes().chunks(2).map(|hex| std::str::from_utf8(hex).unwrap());
        assert!(found.iter().copied().eq(expected.map(|hex| u8::from_str_radix(hex, 16).unwrap())));
    }
}
