//! The vectors of others through the HMAC and the token check; where they are from: `tests/known_answers/README.md`.
//!
//! They stand in the crate because their keys are bytes, and the public [`SigningKey::new`] takes text. The form of our
//! claims is not theirs: a vector passes where its payload is opened.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{KeySet, SignatureError, SigningKey};
use crate::base64::{Alphabet, decode_exact};

/// How many vectors ended how.
type Counts = BTreeMap<&'static str, usize>;

/// Valid to Wycheproof, with a `?` inside of a segment that a lenient reader skips. RFC 7515, 2 lets base64url have no
/// other character than its own.
const WITH_OTHER_CHARACTERS: [u64; 2] = [372, 373];
/// Invalid to Wycheproof, and letter for letter the token of vector 357, which is valid.
const SAME_AS_VALID: [u64; 2] = [367, 370];

#[test]
fn hmac_tags_of_wycheproof() {
    let mut counts = Counts::new();
    for (group, test) in wycheproof("hmac_sha256_test.json") {
        let key = key(&hex(&test["key"]));
        let (message, tag) = (hex(&test["msg"]), hex(&test["tag"]));
        let is_valid = test["result"] == "valid";
        let whole = group["tagSize"] == 256;
        let id = &test["tcId"];
        // Of a tag that was cut to half nothing is taken, however right it is.
        assert_eq!(signed(&key, &message, &tag), is_valid && whole, "{id}");
        assert_eq!(key.sign(&message).starts_with(&tag), is_valid, "{id}");
        let end = match (is_valid, whole) {
            (true, true) => "passed",
            (true, false) => "right but cut: refused",
            (false, _) => "wrong: refused",
        };
        *counts.entry(end).or_default() += 1;
    }
    assert_counts(&counts, &[("passed", 33), ("right but cut: refused", 33), ("wrong: refused", 108)]);
}

#[test]
fn hmac_tags_of_rfc_4231() {
    let vectors = read("rfc/4231.json");
    let tests = vectors["tests"].as_array().unwrap();
    for test in tests {
        let key = key(&hex(&test["key"]));
        let (message, tag) = (hex(&test["msg"]), hex(&test["tag"]));
        let name = &test["name"];
        assert!(key.sign(&message).starts_with(&tag), "{name}");
        // The one of section 4.6 is cut to 128 bits.
        assert_eq!(signed(&key, &message, &tag), tag.len() == 32, "{name}");
        assert_eq!(tag.len() != 32, *name == "RFC 4231, 4.6");
    }
    assert_eq!(tests.len(), 7);
}

#[test]
fn signatures_of_wycheproof() {
    let mut counts = Counts::new();
    for (group, test) in wycheproof("json_web_signature_test.json") {
        let id = test["tcId"].as_u64().unwrap();
        let end = outcome(&group["private"], test["jws"].as_str().unwrap());
        let is_valid = test["result"] == "valid" && group["private"]["kty"] == "oct";
        let passes = is_valid && !WITH_OTHER_CHARACTERS.contains(&id) || SAME_AS_VALID.contains(&id);
        assert_eq!(end == "good", passes, "{id}: {end}");
        *counts.entry(end).or_default() += 1;
    }
    assert_counts(
        &counts,
        &[("good", 10), ("signature_algorithm", 347), ("signature_malformed", 36), ("signature_mismatch", 8)],
    );
}

#[test]
fn signatures_and_key_sets_of_wycheproof() {
    let mut counts = Counts::new();
    for (group, test) in wycheproof("json_web_crypto_test.json") {
        // One vector is in the JSON serialization: an object and no text.
        let token = test.get("jws").or_else(|| test.get("jwe")).unwrap();
        let token = token.as_str().map_or_else(|| token.to_string(), str::to_owned);
        let keys = group["private"]["keys"].as_array();
        let end = match keys.map(Vec::as_slice) {
            Some([current, next]) => outcome_of(&[current, next], &token),
            _ => outcome(&group["private"], &token),
        };
        let id = &test["tcId"];
        // A set that mixes kinds of keys is not to be used at all to Wycheproof. The HMAC key of it made the token.
        let is_mixed = group["comment"] == "jws_mixedSymmetryKeyset";
        let is_ours = group["comment"] == "jws_aes" || group["comment"] == "jws_keyset";
        assert_eq!(end == "good", is_ours && test["result"] == "valid" || is_mixed, "{id}: {end}");
        *counts.entry(end).or_default() += 1;
    }
    assert_counts(
        &counts,
        &[("good", 3), ("signature_algorithm", 43), ("signature_malformed", 30), ("signature_mismatch", 7)],
    );
}

#[test]
fn tokens_of_rfc_7515_and_7519() {
    let vectors = read("rfc/7515_7519.json");
    let tests = vectors["tests"].as_array().unwrap();
    for test in tests {
        let end = outcome(&vectors["private"], test["jws"].as_str().unwrap());
        assert_eq!(end, test["result"], "{}", test["name"]);
    }
    assert_eq!(tests.len(), 10);
}

/// What becomes of a token where this JSON Web Key is the signing key.
fn outcome(key: &Value, token: &str) -> &'static str {
    outcome_of(&[key], token)
}

/// The same with the current key and, where there are two, the next one. Keys for other algorithms, which no signing key
/// can be, stand for a secret that made no token.
fn outcome_of(keys: &[&Value], token: &str) -> &'static str {
    let secret = |at: usize| {
        let text = keys[at.min(keys.len() - 1)]["k"].as_str();
        key(&text.map_or_else(|| b"another".to_vec(), |text| decode_exact(text, Alphabet::UrlSafe).unwrap()))
    };
    match KeySet::new(secret(0), secret(1)).open(token) {
        Ok(payload) => {
            // Not by chance: with another key it does not open, and it is the payload that the token shows.
            let other = KeySet::new(key(b"another"), key(b"one more"));
            assert_eq!(other.open(token), Err(SignatureError::Key));
            let shown = token.split('.').nth(1).unwrap();
            assert_eq!(decode_exact(shown, Alphabet::UrlSafe), Some(payload));
            "good"
        }
        Err(refused) => refused.code(),
    }
}

/// Whether the tag vouches for the message, to a deployment with this key alone.
fn signed(key: &SigningKey, message: &[u8], tag: &[u8]) -> bool {
    KeySet::new(key.clone(), key.clone()).signed(message, tag)
}

fn key(bytes: &[u8]) -> SigningKey {
    SigningKey::of_bytes(bytes).unwrap()
}

fn read(path: &str) -> Value {
    let path = [env!("CARGO_MANIFEST_DIR"), "/tests/known_answers/data/", path].concat();
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Every vector of a file, each with the group that it is in. None is left out.
fn wycheproof(file: &str) -> Vec<(Value, Value)> {
    let vectors = read(&["wycheproof/", file].concat());
    let mut all = Vec::new();
    for group in vectors["testGroups"].as_array().unwrap() {
        all.extend(group["tests"].as_array().unwrap().iter().map(|test| (group.clone(), test.clone())));
    }
    assert_eq!(vectors["numberOfTests"], all.len());
    all
}

fn hex(text: &Value) -> Vec<u8> {
    let digits: Vec<u32> = text.as_str().unwrap().chars().map(|digit| digit.to_digit(16).unwrap()).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

#[expect(
    clippy::print_stdout,
    reason = "the counts are worth seeing: cargo test known_answers -- --nocapture"
)]
fn assert_counts(counts: &Counts, expected: &[(&'static str, usize)]) {
    println!("{counts:?}");
    assert_eq!(*counts, expected.iter().copied().collect());
}
