//! Base64 (RFC 4648) as text, read in one piece.
//!
//! Tokens and cut responses are short, so the reader goes character by character.

const LETTERS_AND_DIGITS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// What a character stands for that is not in the alphabet.
const NONE: u8 = 64;
static STANDARD: [u8; 256] = values(*b"+/");
static URL_SAFE: [u8; 256] = values(*b"-_");

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

/// What each character stands for, with these two as the last ones.
#[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "evaluated by the compiler")]
const fn values([plus, slash]: [u8; 2]) -> [u8; 256] {
    let mut values = [NONE; 256];
    let mut value = 0;
    while value < LETTERS_AND_DIGITS.len() {
        values[LETTERS_AND_DIGITS[value] as usize] = value as u8;
        value += 1;
    }
    values[plus as usize] = 62;
    values[slash as usize] = 63;
    values
}

/// The bytes, and the bits behind the last one.
fn read(text: &str, alphabet: Alphabet) -> Option<(Vec<u8>, u32)> {
    let values = match alphabet {
        Alphabet::Standard => &STANDARD,
        Alphabet::UrlSafe => &URL_SAFE,
    };
    let mut bytes = Vec::with_capacity(text.len());
    let (mut bits, mut count) = (0_u32, 0);
    for character in text.bytes() {
        let value = *values.get(usize::from(character))?;
        if value == NONE {
            return None;
        }
        // Only the lowest bits count; what is shifted out at the top has been read.
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            let [.., byte] = (bits >> count).to_be_bytes();
            bytes.push(byte);
            bits &= (1 << count) - 1;
        }
    }
    Some((bytes, bits))
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
