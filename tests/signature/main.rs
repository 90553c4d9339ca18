//! `Upstash-Signature` from outside: which tokens vouch for a delivery, and why the others do not.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a broken test value should fail the test")]

mod bodies;
mod claim_checks;
#[path = "../common/mod.rs"]
mod common;
mod form;
mod keys_and_algorithms;
mod secrets_and_names;

use std::time::Duration;

use common::{CURRENT, NEXT, NOW, claims, encode, sign, sign_text};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};
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
