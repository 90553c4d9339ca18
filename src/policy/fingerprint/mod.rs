//! Fingerprints: what failures of the same kind have in common, as a short text.
//!
//! Operators write them into rules, and notices are counted by them, so that a fingerprint must never change: neither
//! from one failure of a kind to the next, nor from one version to the next. What may live here: what of a failure
//! counts, and how it is hashed.

mod fold;

use crate::{callback::Failure, text};

use crate::text::said;
use fold::fold;

/// Bytes of a fingerprint.
const LENGTH: usize = 16;

/// The fingerprint of a failure: 16 hexadecimal digits of status, error name, step name, and message. What differs from
/// one failure to the next in the message does not count: numbers, ids, times, URLs and what stands in quotes.
#[must_use]
pub fn fingerprint(failure: &Failure) -> String {
    let error = failure.error.as_ref();
    let mut hash = Hash::new();
    hash.add(&said(&failure.status));
    hash.add(error.and_then(|error| error.name.as_ref()).map_or("", AsRef::as_ref));
    hash.add_bytes(&fold(error.map_or("", |error| error.message.as_str())));
    hash.add(failure.step_name.as_deref().unwrap_or_default());
    hash.to_hex()
}

/// Whether a text can be a fingerprint.
pub(super) fn is_fingerprint(text: &str) -> bool {
    text.len() == LENGTH && text::all(text, |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// 64 bits of FNV-1a, mixed once more in the end. It tells kinds apart; it does not stand up to somebody who looks for
/// two texts with the same hash, and needs not.
pub(super) struct Hash(u64);

impl Hash {
    pub(super) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds a text, and that it ends there.
    pub(super) fn add(&mut self, text: &str) {
        self.add_bytes(text.as_bytes());
    }

    fn add_bytes(&mut self, bytes: &[u8]) {
        // No text has a byte of this value.
        for byte in bytes.iter().chain(&[0xff]) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    pub(super) fn to_hex(&self) -> String {
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        mixed ^= mixed >> 33;
        let mut hex = String::new();
        for _ in 0..LENGTH {
            mixed = mixed.rotate_left(4);
            hex.extend(char::from_digit((mixed & 0xf) as u32, 16));
        }
        hex
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        callback::{Excerpt, FailureError},
        ids::RunId,
    };

    fn of(status: u16, name: &str, message: &str, step: Option<&str>) -> String {
        let mut failure = Failure::new(RunId::new("wfr_1").unwrap(), "https://a.example/".to_owned(), status);
        failure.error =
            Some(FailureError { name: Some(Excerpt::new(name, 256)), message: Excerpt::new(message, 2048) });
        failure.step_name = step.map(str::to_owned);
        fingerprint(&failure)
    }

    /// Rules are written with these: a change of any of them breaks policies.
    #[test]
    fn fingerprints_stay_what_they_are() {
        let bare = Failure::new(RunId::new("wfr_1").unwrap(), "https://a.example/".to_owned(), 0);
        assert_eq!(fingerprint(&bare), "85f808c43fccba78");
        assert_eq!(of(503, "Error", "the bank does not answer", Some("charge")), "fa4f7b20af3ab35e");
        assert_eq!(of(500, "TimeoutError", "order 17 timed out after 30.5s", None), "7b1909a3bb4a7183");
    }

    #[test]
    fn each_part_counts_and_stands_for_itself() {
        let all = [
            of(503, "Error", "no", Some("a")),
            of(502, "Error", "no", Some("a")),
            of(503, "TypeError", "no", Some("a")),
            of(503, "Error", "yes", Some("a")),
            of(503, "Error", "no", Some("b")),
            of(503, "Error", "no", None),
            of(503, "Errorn", "o", Some("a")),
            of(503, "Error", "noa", None),
        ];
        let mut distinct = all.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), all.len());
        assert!(all.iter().all(|fingerprint| is_fingerprint(fingerprint)), "{all:?}");
    }

    #[test]
    fn what_differs_from_failure_to_failure_does_not_count() {
        let first = of(500, "Error", "order 17 of wfr_V1StGXR8_Z5jdHi6B-myT not found", None);
        assert_eq!(of(500, "Error", "order 1234 of wfr_x8Jk2LmN0pQrStUv_9wYz not found", None), first);
        assert_ne!(of(500, "Error", "user 17 of wfr_V1StGXR8_Z5jdHi6B-myT not found", None), first);
    }

    #[test]
    fn only_what_is_written_so_is_a_fingerprint() {
        for text in ["", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF", "0123456789abcdeg"] {
            assert!(!is_fingerprint(text), "{text:?}");
        }
    }
}
