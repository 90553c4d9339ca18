//! `Receiver`: is a request really QStash's?
//!
//! What is checked lies on a desk: memory of the core that JavaScript writes to, so that nothing is allocated for it and
//! no text is made of what it comes to.

use core::time::Duration;

use super::{
    args::Args,
    error::{error, invalid},
};
use crate::{
    http_url::HttpUrl,
    signature::{BodyDigest, Claims, KeySet, SignatureError, SigningKey, verify_with_mac},
    time::Timestamp,
};

/// Where on the desk the body's hash lies.
const DIGEST: usize = BodyDigest::LEN;
/// Where on the desk the token lies.
const TOKEN: usize = 2 * BodyDigest::LEN;

/// What a check comes to of which nothing is wrong.
const GOOD: u32 = 0;
/// What it comes to with bad arguments. Above it are the reasons to refuse.
const BAD_ARGUMENT: u32 = 1;

pub(super) struct Receiver {
    desk: Vec<u8>,
    /// The keys of the last check that was given some, and the text that they are from.
    keys: Option<(String, KeySet)>,
    /// The URL of the last check that was given one.
    url: Option<HttpUrl>,
    fault: Option<Fault>,
}

/// Why the last check did not end well.
enum Fault {
    /// In JSON.
    Argument(String),
    Refused(SignatureError),
}

impl Receiver {
    /// With a desk of so many bytes.
    pub(super) fn new(size: u64) -> Self {
        let size = usize::try_from(size).unwrap_or_default();
        Self { desk: vec![0; size], keys: None, url: None, fault: None }
    }

    /// The address of the desk.
    pub(super) fn desk(&self) -> usize {
        self.desk.as_ptr().addr()
    }

    /// Checks the token on the desk, of so many bytes; then the signed hash of the body lies first on it. Without keys the
    /// token's HMAC by one of them is what lies there before.
    pub(super) fn token(
        &mut self,
        length: usize,
        keys: &str,
        url: &str,
        now: Timestamp,
        tolerance: Duration,
    ) -> u32 {
        let checked = self.prepare(keys, url).map_err(Fault::Argument).and_then(|()| {
            let url = self.url.as_ref().filter(|_| !url.is_empty());
            let keys = self.keys.as_ref().filter(|_| !keys.is_empty());
            self.claims(length, keys.map(|(_, keys)| keys), url, now, tolerance).map_err(Fault::Refused)
        });
        let checked = checked.map(|claims| {
            if let Some(place) = self.desk.first_chunk_mut() {
                *place = claims.body().to_bytes();
            }
        });
        self.comes_to(checked)
    }

    /// Compares the two hashes on the desk: the signed one and the body's.
    pub(super) fn body(&mut self) -> u32 {
        let (signed, digest) = self.desk.split_at_checked(DIGEST).unwrap_or_default();
        let is_signed = digest.get(..BodyDigest::LEN) == Some(signed);
        self.comes_to(if is_signed { Ok(()) } else { Err(Fault::Refused(SignatureError::BodyHash)) })
    }

    /// Puts the hash of a body onto the desk.
    pub(super) fn hash(&mut self, body: &[u8]) {
        if let Some(place) = self.desk.get_mut(DIGEST..).and_then(<[u8]>::first_chunk_mut) {
            *place = BodyDigest::of(body).to_bytes();
        }
    }

    /// Why the last check did not end well, as JSON.
    pub(super) fn fault(&self) -> String {
        match &self.fault {
            None => String::new(),
            Some(Fault::Argument(json)) => json.clone(),
            Some(Fault::Refused(reason)) => error(reason.code(), reason.message()).end(),
        }
    }

    /// Reads keys and URL, where they are other than the last time.
    fn prepare(&mut self, keys: &str, url: &str) -> Result<(), String> {
        if !keys.is_empty() && self.keys.as_ref().is_none_or(|(known, _)| known != keys) {
            self.keys = Some((keys.to_owned(), key_set(keys)?));
        }
        if !url.is_empty() && self.url.as_ref().is_none_or(|known| known.as_str() != url) {
            self.url = Some(HttpUrl::parse(url).map_err(|error| invalid("`url`: ", &error))?);
        }
        Ok(())
    }

    fn claims(
        &self,
        length: usize,
        keys: Option<&KeySet>,
        url: Option<&HttpUrl>,
        now: Timestamp,
        tolerance: Duration,
    ) -> Result<Claims, SignatureError> {
        let token = self.desk.get(TOKEN..).and_then(|rest| rest.get(..length));
        let token = token.and_then(|token| str::from_utf8(token).ok()).ok_or(SignatureError::Malformed)?;
        match keys {
            Some(keys) => keys.verify_token(token, url, now, tolerance),
            None => verify_with_mac(self.desk.get(..DIGEST).unwrap_or_default(), token, url, now, tolerance),
        }
    }

    fn comes_to(&mut self, checked: Result<(), Fault>) -> u32 {
        self.fault = checked.err();
        match self.fault {
            None => GOOD,
            Some(Fault::Argument(_)) => BAD_ARGUMENT,
            Some(Fault::Refused(reason)) => BAD_ARGUMENT + 1 + reason as u32,
        }
    }
}

/// The current key and the next one, with NUL between them.
fn key_set(keys: &str) -> Result<KeySet, String> {
    let key = |name: &str, key: &str| {
        SigningKey::new(key).map_err(|error| invalid(&["`", name, "`: "].concat(), &error))
    };
    let mut args = Args(keys);
    Ok(KeySet::new(key("currentSigningKey", args.text())?, key("nextSigningKey", args.text())?))
}
