//! Base64 (RFC 4648) as text, read in one piece.
//!
//! Every token is read here, so the reader looks characters up; the writer is as small as it can be.

/// The two characters besides letters and digits.
#[derive(Clone, Copy)]
pub(crate) enum Alphabet {
    /// `+` and `/`.
    Standard,
    /// `-` and `_`.
    UrlSafe,
}

/// The bytes that unpadded base64 stands for.
///
/// What a text ends with beyond its last whole byte is none of the caller's; [`decode_exact`] refuses it.
pub(crate) fn decode(text: &str, alphabet: Alphabet) -> Option<Vec<u8>> {
    read(text, alphabet).map(|(bytes, _)| bytes)
}

/// The same for a text that must be the only spelling of its bytes.
pub(crate) fn decode_exact(text: &str, alphabet: Alphabet) -> Option<Vec<u8>> {
    read(text, alphabet).and_then(|(bytes, left)| (left == 0 && text.len() % 4 != 1).then_some(bytes))
}

/// Bytes as base64 with the standard alphabet, padded.
pub(crate) fn encode(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, at| bits << 8 | u32::from(three.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            let value = bits >> (18 - 6 * at) & 63;
            let character = ALPHABET.get(value as usize).filter(|_| at <= three.len());
            text.push(character.map_or('=', |character| char::from(*character)));
        }
    }
    text
}

/// The bytes, and the bits behind the last one.
fn read(text: &str, alphabet: Alphabet) -> Option<(Vec<u8>, u32)> {
    let mut bytes = vec![0; text.len() * 3 / 4];
    // What is no character of the alphabet is seen once all are read, without a branch for each.
    let mut seen = 0;
    let mut value = |character: &u8| {
        let value = VALUES.get(usize::from(*character)).copied().unwrap_or(NONE);
        seen |= value;
        u32::from(value & 63)
    };
    let (fours, rest) = text.as_bytes().as_chunks();
    let (threes, end) = bytes.as_chunks_mut();
    for (four, three) in fours.iter().zip(threes) {
        let [a, b, c, d]: &[u8; 4] = four;
        let [_, bytes @ ..] = (value(a) << 18 | value(b) << 12 | value(c) << 6 | value(d)).to_be_bytes();
        *three = bytes;
    }
    let bits = rest.iter().fold(0, |bits, character| bits << 6 | value(character));
    let left = rest.len() * 6 - end.len() * 8;
    for (byte, at) in end.iter_mut().rev().zip(0..) {
        let [.., low] = (bits >> (left + 8 * at)).to_be_bytes();
        *byte = low;
    }
    let foreign = match alphabet {
        Alphabet::Standard => URL_SAFE,
        Alphabet::UrlSafe => STANDARD,
    };
    (seen & foreign == 0).then_some((bytes, bits & ((1 << left) - 1)))
}

/// Marks a value that only this alphabet has.
const STANDARD: u8 = 64;
/// The same.
const URL_SAFE: u8 = 128;
/// What is in no alphabet.
const NONE: u8 = STANDARD | URL_SAFE;

/// What each character stands for in the one alphabet or the other.
const VALUES: [u8; 256] = values();

#[expect(clippy::indexing_slicing, reason = "at compile time")]
const fn values() -> [u8; 256] {
    let mut values = [NONE; 256];
    let mut value = 0;
    while value < 62 {
        let character = match value {
            0..26 => b'A' + value,
            26..52 => b'a' + value - 26,
            _ => b'0' + value - 52,
        };
        values[character as usize] = value;
        value += 1;
    }
    values[b'+' as usize] = 62 + STANDARD;
    values[b'/' as usize] = 63 + STANDARD;
    values[b'-' as usize] = 62 + URL_SAFE;
    values[b'_' as usize] = 63 + URL_SAFE;
    values
}

#[cfg(test)]
mod tests {
    use ::base64::{
        Engine as _, alphabet,
        engine::{
            DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig,
            general_purpose::{STANDARD, URL_SAFE_NO_PAD},
        },
    };
    use proptest::prelude::*;

    use super::*;

    /// Bits behind the last byte are allowed.
    const CUT: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::RequireNone),
    );

    /// RFC 4648, section 10.
    #[test]
    fn the_vectors_of_the_rfc() {
        const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/known_answers/data/rfc/4648.json");
        let vectors: serde_json::Value = serde_json::from_slice(&std::fs::read(PATH).unwrap()).unwrap();
        let tests = vectors["tests"].as_array().unwrap();
        for test in tests {
            let (text, padded) = (test["text"].as_str().unwrap(), test["base64"].as_str().unwrap());
            assert_eq!(encode(text.as_bytes()), padded);
            for alphabet in [Alphabet::Standard, Alphabet::UrlSafe] {
                let bare = padded.trim_end_matches('=');
                assert_eq!(decode_exact(bare, alphabet).as_deref(), Some(text.as_bytes()));
                assert_eq!(
                    decode_exact(padded, alphabet).is_some(),
                    bare == padded,
                    "padding is the caller's"
                );
            }
        }
        assert_eq!(tests.len(), 7);
    }

    proptest! {
        #[test]
        fn every_text_is_read_as_another_library_reads_it(text in "[A-Za-z0-9_+/=-]{0,12}|[A-Za-z0-9_-]{0,90}|\\PC{0,9}") {
            prop_assert_eq!(decode_exact(&text, Alphabet::UrlSafe), URL_SAFE_NO_PAD.decode(&text).ok());
            // One character is less than a byte: there only the other library complains.
            if text.len() % 4 != 1 {
                prop_assert_eq!(decode(&text, Alphabet::Standard), CUT.decode(&text).ok());
            }
        }

        #[test]
        fn bytes_come_back(bytes: Vec<u8>) {
            prop_assert_eq!(encode(&bytes), STANDARD.encode(&bytes));
            prop_assert_eq!(decode_exact(&URL_SAFE_NO_PAD.encode(&bytes), Alphabet::UrlSafe), Some(bytes));
        }
    }
}
