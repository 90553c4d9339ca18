//! Text from the raw bytes of a JSON string.

use super::plain::plain_len;
use crate::http_url::hex_value;

/// A decoded string.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decoded {
    /// The text; what could not be decoded is U+FFFD.
    pub(crate) text: String,
    /// Whether every byte and escape was sound Unicode, so that nothing was replaced.
    pub(crate) exact: bool,
    /// Raw bytes read, the closing quote included where there was one.
    pub(crate) len: usize,
}

/// Decodes what follows an opening quote, up to the closing quote or the end of the bytes.
///
/// Lone surrogates and invalid UTF-8 are replaced; a character or escape that the end cuts in two is left out.
pub(crate) fn decode(raw: &[u8]) -> Decoded {
    let mut text = String::new();
    let mut exact = true;
    let mut rest = raw;
    loop {
        let (plain, tail) = rest.split_at_checked(plain_len(rest)).unwrap_or((rest, &[]));
        exact &= push_lossy(&mut text, plain, tail.is_empty());
        let escape = match tail {
            [b'"', after @ ..] => return Decoded { text, exact, len: raw.len() - after.len() },
            [b'\\', b'u', digits @ ..] => character(digits),
            [b'\\', escape, after @ ..] => Some((Some(short(*escape)), after)),
            // A control character cannot be in scanned bytes; a lone backslash is a cut.
            _ => None,
        };
        let Some((character, after)) = escape else { return Decoded { text, exact, len: raw.len() } };
        exact &= character.is_some();
        text.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
        rest = after;
    }
}

/// What a backslash and one character stand for.
fn short(escape: u8) -> char {
    match escape {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        other => char::from(other),
    }
}

/// Bytes as text, with U+FFFD for what is no UTF-8.
pub(crate) fn lossy(bytes: &[u8]) -> String {
    let mut text = String::new();
    push_lossy(&mut text, bytes, false);
    text
}

/// Appends bytes as text; `last` says that an unfinished character at the end is a cut, not an error.
fn push_lossy(text: &mut String, mut bytes: &[u8], last: bool) -> bool {
    let mut exact = true;
    loop {
        let error = match str::from_utf8(bytes) {
            Ok(valid) => {
                text.push_str(valid);
                return exact;
            }
            Err(error) => error,
        };
        let (valid, rest) = bytes.split_at_checked(error.valid_up_to()).unwrap_or_default();
        text.push_str(str::from_utf8(valid).unwrap_or_default());
        let invalid = error.error_len();
        if invalid.is_none() && last {
            return exact;
        }
        text.push(char::REPLACEMENT_CHARACTER);
        exact = false;
        bytes = invalid.and_then(|len| rest.get(len..)).unwrap_or_default();
    }
}

/// Four hexadecimal digits, and what follows them.
fn code_unit(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = bytes.split_first_chunk::<4>()?;
    let mut unit = 0;
    for digit in digits {
        unit = unit * 16 + u32::from(hex_value(*digit)?);
    }
    Some((unit, rest))
}

/// The character whose code unit stands here, joined with the low surrogate that follows a high one, and what comes
/// behind it. No character for half of a pair; nothing at all where the bytes end before that can be told.
fn character(digits: &[u8]) -> Option<(Option<char>, &[u8])> {
    let (mut scalar, mut rest) = code_unit(digits)?;
    if let (0xd800..0xdc00, [b'\\', b'u', digits @ ..]) = (scalar, rest)
        && let (low @ 0xdc00..0xe000, after) = code_unit(digits)?
    {
        scalar = 0x10000 + ((scalar - 0xd800) << 10) + (low - 0xdc00);
        rest = after;
    }
    let character = char::from_u32(scalar);
    (character.is_some() || !matches!(rest, [] | [b'\\'])).then_some((character, rest))
}

#[cfg(test)]
mod tests {
    use super::{decode, lossy};

    fn text(raw: &str) -> (String, bool) {
        let decoded = decode(raw.as_bytes());
        (decoded.text, decoded.exact)
    }

    #[test]
    fn escapes_are_decoded() {
        assert_eq!(
            text(r#"a\"\\\/\b\f\n\r\t\u00e9\u20AC\ud83d\ude00z""#),
            ("a\"\\/\u{8}\u{c}\n\r\té€😀z".into(), true)
        );
    }

    #[test]
    fn surrogate_pairs_join_up_to_the_last_character() {
        assert_eq!(text(r#"\ud800\udc00\udbff\udfff""#), ("\u{10000}\u{10ffff}".into(), true));
    }

    #[test]
    fn decoding_stops_after_the_closing_quote() {
        let decoded = decode(br#"one","two""#);
        assert_eq!((decoded.text.as_str(), decoded.len), ("one", 4));
    }

    #[test]
    fn lone_surrogates_and_bad_utf8_are_replaced() {
        assert_eq!(text(r#"a\ud800b""#), ("a\u{fffd}b".into(), false));
        assert_eq!(text(r#"a\udc00b""#), ("a\u{fffd}b".into(), false));
        assert_eq!(text(r#"a\ud800\ud83d\ude00""#), ("a\u{fffd}😀".into(), false));
        assert_eq!(text(r#"a\ud800""#), ("a\u{fffd}".into(), false));
        assert_eq!(decode(b"a\xffb\"").text, "a\u{fffd}b");
        assert!(!decode(b"a\xe2\x82\"").exact);
        assert_eq!((decode(b"a\xff").text.as_str(), decode(b"a\xff").exact), ("a\u{fffd}", false));
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced_as_the_standard_library_does() {
        for bytes in [&b"a\xff\xfeb\xe2\x82"[..], b"\xed\xa0\x80", b"\xf0\x9f\x98 \xf0", b"", b"abc\xc3\xa9"]
        {
            assert_eq!(lossy(bytes), String::from_utf8_lossy(bytes), "{bytes:?}");
        }
    }

    #[test]
    fn a_cut_leaves_out_what_it_splits() {
        let whole = "x😀\\n\\u00e9\\ud83d\\ude00y";
        let full = decode(whole.as_bytes()).text;
        for end in 0..whole.len() {
            let cut = decode(&whole.as_bytes()[..end]);
            assert!(full.starts_with(&cut.text), "{:?} at {end}", cut.text);
            assert!(cut.exact);
        }
    }
}
