//! Percent-encoding (RFC 3986, section 2.1) for path segments and query parts.

use crate::text::is_one_of;

/// `text` with every byte percent-encoded that is not a letter, a digit or one of `-._~`, so that it is one path
/// segment or one query name or value whatever it contains.
#[must_use]
pub fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    push_percent_encoded(&mut encoded, text);
    encoded
}

/// Appends `text` to `out`, encoded like this.
pub(crate) fn push_percent_encoded(out: &mut String, text: &str) {
    push_encoded(out, text, |byte| byte.is_ascii_alphanumeric() || is_one_of(byte, b"-._~"));
}

/// The text behind `encoded`; `None` for an incomplete escape or one that does not spell UTF-8.
///
/// `+` stays `+`: the blank of HTML forms is not part of URLs.
#[must_use]
pub fn percent_decode(encoded: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    loop {
        rest = match rest {
            [] => return String::from_utf8(bytes).ok(),
            [b'%', high, low, rest @ ..] => {
                bytes.push(hex_value(*high)? << 4 | hex_value(*low)?);
                rest
            }
            [b'%', ..] => return None,
            [byte, rest @ ..] => {
                bytes.push(*byte);
                rest
            }
        };
    }
}

/// Appends `text` to `out`, percent-encoding each byte for which `keep` is false.
pub(super) fn push_encoded(out: &mut String, text: &str, keep: fn(u8) -> bool) {
    for byte in text.bytes() {
        if byte.is_ascii() && keep(byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(hex_digit(byte >> 4));
            out.push(hex_digit(byte & 15));
        }
    }
}

fn hex_digit(nibble: u8) -> char {
    char::from(if nibble < 10 { b'0' + nibble } else { b'A' + nibble - 10 })
}

/// The value of a hexadecimal digit.
pub(crate) fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_unreserved_characters_stay() {
        assert_eq!(percent_encode("a-Z.0_9~"), "a-Z.0_9~");
        assert_eq!(percent_encode("a/b?c#d%e&f=g h+i"), "a%2Fb%3Fc%23d%25e%26f%3Dg%20h%2Bi");
        assert_eq!(percent_encode("ü"), "%C3%BC");
    }

    #[test]
    fn broken_escapes_are_refused() {
        for encoded in ["%", "%1", "a%2", "%zz", "%0x", "%ff", "%C3"] {
            assert_eq!(percent_decode(encoded), None, "{encoded}");
        }
        assert_eq!(percent_decode("a%2fb%2Fc+d").as_deref(), Some("a/b/c+d"));
    }

    proptest! {
        #[test]
        fn any_text_survives_the_round_trip_as_one_segment(text in any::<String>()) {
            let encoded = percent_encode(&text);
            prop_assert!(encoded.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b)));
            prop_assert_eq!(percent_decode(&encoded), Some(text));
        }

        #[test]
        fn decoding_never_panics(text in any::<String>()) {
            let _ = percent_decode(&text);
        }
    }
}
