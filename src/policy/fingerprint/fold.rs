//! Messages without what differs from one failure to the next.

use crate::text;

/// Bytes of a message that count, once it is folded. The rest is the same more often than not, or none of it is.
const LIMIT: usize = 256;

/// Names of days and months, and halves of days, which stand in times beside the numbers.
const NAMES: &str = "MonTueWedThuFriSatSunJanFebMarAprMayJunJulAugSepOctNovDecGMTUTC";

/// The message with `#` for everything that is likely to be another in the next failure of the same kind: words with
/// digits (numbers, ids, UUIDs, hexadecimal, times), the names in dates, URLs, and texts in quotes. Where several of these
/// stand beside each other there is one `#`, and for blanks of any kind one blank.
pub(super) fn fold(message: &str) -> String {
    let mut folded = String::new();
    let mut rest = message.trim_ascii();
    // What stands since the last `#`, if nothing but marks does: another one takes it in.
    let mut marks: Option<usize> = None;
    while let Some(next) = rest.chars().next() {
        if folded.len() >= LIMIT {
            break;
        }
        let length = variable(rest, folded.chars().next_back());
        if length > 0 {
            match marks {
                Some(end) => folded.truncate(end),
                None => folded.push('#'),
            }
            marks = Some(folded.len());
            rest = rest.get(length..).unwrap_or_default();
        } else if is_word(next) {
            let (word, after) = rest.split_at_checked(word_length(rest)).unwrap_or((rest, ""));
            folded.push_str(word);
            (rest, marks) = (after, None);
        } else {
            rest = rest.get(next.len_utf8()..).unwrap_or_default();
            if !next.is_ascii_whitespace() {
                folded.push(next);
            } else if !folded.ends_with(' ') {
                folded.push(' ');
            }
            if !(next.is_ascii_whitespace() || matches!(next, ',' | '.' | ':' | ';' | '/' | '+' | '|')) {
                marks = None;
            }
        }
    }
    folded.truncate(folded.floor_char_boundary(LIMIT));
    // Blanks and marks behind the last one would depend on what was there.
    folded.truncate(marks.unwrap_or(folded.len()).min(folded.len()));
    folded
}

/// How much of the text, from its beginning on, is likely to be another the next time; 0 for none of it. `before` is what
/// stands before it.
fn variable(text: &str, before: Option<char>) -> usize {
    if before.is_some_and(is_word) {
        return 0;
    }
    match text.chars().next() {
        Some(quote @ ('"' | '\'' | '`')) => quoted_length(text, quote),
        Some(next) if is_word(next) => {
            let (word, after) = text.split_at_checked(word_length(text)).unwrap_or((text, ""));
            if after.starts_with("://") {
                let end = |c: char| {
                    c.is_ascii_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>' | '(' | ')')
                };
                return text.char_indices().find(|(_, c)| end(*c)).map_or(text.len(), |(at, _)| at);
            }
            if is_variable(word) { word.len() } else { 0 }
        }
        _ => 0,
    }
}

/// A text in quotes, with them; 0 where they are not closed, or close within a word, as an apostrophe seems to.
fn quoted_length(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        let is_last = characters.peek().is_none_or(|(_, next)| !is_word(*next));
        if character == quote && is_last {
            return at + 1;
        }
    }
    0
}

fn word_length(text: &str) -> usize {
    text.char_indices().find(|(_, c)| !is_word(*c)).map_or(text.len(), |(at, _)| at)
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-') || !character.is_ascii()
}

fn is_variable(word: &str) -> bool {
    word.bytes().any(|byte| byte.is_ascii_digit())
        || (word.len() == 3 && NAMES.as_bytes().chunks(3).any(|name| name == word.as_bytes()))
        || matches!(word, "AM" | "PM")
        || is_random(word)
}

/// Whether a word without a digit looks like an id with a prefix all the same, such as one of twenty that has none.
fn is_random(word: &str) -> bool {
    let Some((prefix, id)) = text::cut(word, b'_') else { return false };
    let has = |of_kind: fn(&u8) -> bool| id.bytes().any(|byte| of_kind(&byte));
    prefix.len() <= 5
        && id.len() >= 14
        && text::all(prefix, u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
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
            assert_eq!(fold(message), folded, "{message}");
        }
    }

    #[test]
    fn a_message_counts_up_to_a_length() {
        let long = "word ".repeat(100);
        assert_eq!(fold(&long), long[..256]);
        assert_eq!(fold(&[&long, "more"].concat()), long[..256]);
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
