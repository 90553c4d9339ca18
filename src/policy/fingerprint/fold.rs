//! Messages without what differs from one failure to the next.

use crate::text::is_one_of;

/// Bytes of a message that count, once it is folded. The rest is the same more often than not, or none of it is.
const LIMIT: usize = 256;

/// Names of days and months, and halves of days, which stand in times beside the numbers.
const NAMES: &[u8] = b"MonTueWedThuFriSatSunJanFebMarAprMayJunJulAugSepOctNovDecGMTUTC";

/// The message with `#` for everything that is likely to be another in the next failure of the same kind: words with
/// digits (numbers, ids, UUIDs, hexadecimal, times), the names in dates, URLs, and texts in quotes. Where several of these
/// stand beside each other there is one `#`, and for blanks of any kind one blank.
///
/// Bytes, because every character that means something here is one.
pub(super) fn fold(message: &str) -> Vec<u8> {
    let mut folded = Vec::new();
    let mut rest = message.trim_ascii().as_bytes();
    // How long it was at the last `#`, if nothing but marks stands behind that: another one takes them in.
    let mut marks: Option<usize> = None;
    while let Some(next) = rest.first().copied().filter(|_| folded.len() < LIMIT) {
        let mut length = variable(rest, folded.last().copied());
        if length > 0 {
            match marks {
                Some(end) => folded.truncate(end),
                None => folded.push(b'#'),
            }
            marks = Some(folded.len());
        } else if is_word(next) {
            let word = word(rest);
            length = word.len();
            folded.extend_from_slice(word);
            marks = None;
        } else {
            length = 1;
            let is_blank = next.is_ascii_whitespace();
            if !is_blank {
                folded.push(next);
            } else if folded.last() != Some(&b' ') {
                folded.push(b' ');
            }
            if !is_blank && !is_one_of(next, b",.:;/+|") {
                marks = None;
            }
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    // Blanks and marks behind the last one would depend on what was there.
    folded.truncate(marks.unwrap_or(LIMIT).min(LIMIT));
    folded
}

/// How much of the text, from its beginning on, is likely to be another the next time; 0 for none of it. `before` is what
/// stands before it.
fn variable(text: &[u8], before: Option<u8>) -> usize {
    if before.is_some_and(is_word) {
        return 0;
    }
    match text.first() {
        Some(quote @ (b'"' | b'\'' | b'`')) => quoted_length(text, *quote),
        Some(next) if is_word(*next) => {
            let word = word(text);
            let is_url = text.get(word.len()..).is_some_and(|after| after.starts_with(b"://"));
            if is_url {
                until(text, |byte| byte.is_ascii_whitespace() || is_one_of(byte, b"\"'`<>()")).len()
            } else if is_variable(word) {
                word.len()
            } else {
                0
            }
        }
        _ => 0,
    }
}

/// A text in quotes, with them; 0 where they are not closed, or close within a word, as an apostrophe seems to.
fn quoted_length(text: &[u8], quote: u8) -> usize {
    let is_end =
        |at: &usize| text.get(*at) == Some(&quote) && !text.get(at + 1).is_some_and(|next| is_word(*next));
    (1..text.len()).find(is_end).map_or(0, |at| at + 1)
}

/// The word that a text begins with.
fn word(text: &[u8]) -> &[u8] {
    until(text, |byte| !is_word(byte))
}

/// A text up to the first byte of a kind.
fn until(text: &[u8], is_end: fn(u8) -> bool) -> &[u8] {
    let end = text.iter().position(|byte| is_end(*byte)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

// In WebAssembly one copy is enough.
#[inline(never)]
const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || !byte.is_ascii()
}

fn is_variable(word: &[u8]) -> bool {
    word.iter().any(u8::is_ascii_digit)
        || NAMES.chunks(3).any(|name| name == word)
        || matches!(word, b"AM" | b"PM")
        || is_random(word)
}

/// Whether a word without a digit looks like an id with a prefix all the same, such as one of a hundred that has none.
fn is_random(word: &[u8]) -> bool {
    let mut parts = word.splitn(2, |byte| *byte == b'_');
    let (prefix, id) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    prefix.len() <= 5
        && id.len() >= 14
        && prefix.iter().all(u8::is_ascii_lowercase)
        && id.iter().any(u8::is_ascii_uppercase)
        && id.iter().any(u8::is_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_likely_to_differ_is_folded() {
        for (message, folded) in [
            ("", ""),
            (" plain \n\t words.", "plain words."),
            ("order 17 failed", "order # failed"),
            ("order-17 failed", "# failed"),
            ("took 30.5s, not 1,000 ms", "took #, not # ms"),
            ("took -5 of +7", "took # of +#"),
            ("at 2025-11-28T09:38:11.123Z!", "at #!"),
            ("at Fri, 28 Nov 2025 09:38:11 GMT", "at #"),
            ("at 11/28/2025, 9:38:11 AM.", "at #"),
            ("id 550e8400-e29b-41d4-a716-446655440000 gone", "id # gone"),
            ("at 0xDEADbeef and deadbeef01", "at # and #"),
            ("run wfr_V1StGXR8_Z5jdHi6B-myT", "run #"),
            ("run wfr_VstGXRXcZsjdHicBcmyTa", "run #"),
            ("get_UserName failed", "get_UserName failed"),
            ("connect ECONNREFUSED 10.0.0.1:8080", "connect ECONNREFUSED #"),
            ("GET https://api.example/a/b?c=d failed", "GET # failed"),
            ("GET (http://a.example) failed", "GET (#) failed"),
            (r#"column "name" of 'users' is `x`"#, "column # of # is #"),
            ("can't and won't", "can't and won't"),
            ("it's 'so' it is", "it's # it is"),
            (r#"an "open quote"#, r#"an "open quote"#),
            ("[1, 2, 3] of [4]", "[#] of [#]"),
            ("/users/12/orders/34", "/users/#/orders/#"),
            ("größe ungültig 7", "größe ungültig #"),
            ("May fail", "# fail"),
        ] {
            assert_eq!(str::from_utf8(&fold(message)).unwrap(), folded, "{message}");
        }
    }

    #[test]
    fn a_message_counts_up_to_a_length() {
        let long = "word ".repeat(100);
        assert_eq!(fold(&long), long.as_bytes()[..256]);
        assert_eq!(fold(&[&long, "more"].concat()), long.as_bytes()[..256]);
        assert_eq!(fold(&"é".repeat(200)).len(), 256);
    }

    proptest! {
        #[test]
        fn numbers_do_not_count(a: u64, b: u64, words in "[a-z ,.:/()]{0,20}") {
            let with = |number: u64| fold(&["failed ", &number.to_string(), " ", &words].concat());
            prop_assert_eq!(with(a), with(b));
        }

        #[test]
        fn anything_can_be_folded(message in "\\PC{0,300}") {
            let folded = fold(&message);
            prop_assert!(folded.len() <= LIMIT);
        }
    }
}
