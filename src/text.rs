//! Searching in text, and writing it.
//!
//! The standard library searches in linear time whatever the pattern, at the cost of 4 KB of WebAssembly. What is
//! searched here is short, and what for is set by the operator. Its searches for one character cost another 1 KB.

/// What says something of itself: an error in words, a value as it is spelled. [`Display`](core::fmt::Display), for those
/// who embed the library, is made of it by `display!`; in here nothing is formatted, for what `core::fmt` brings along.
pub(crate) trait Say {
    /// Says it, behind what `text` has already.
    fn say(&self, text: &mut String);
}

/// In decimal digits.
impl Say for u64 {
    fn say(&self, text: &mut String) {
        if *self > 9 {
            (self / 10).say(text);
        }
        text.push(char::from(b'0' + u8::try_from(self % 10).unwrap_or_default()));
    }
}

impl Say for u32 {
    fn say(&self, text: &mut String) {
        u64::from(*self).say(text);
    }
}

impl Say for u16 {
    fn say(&self, text: &mut String) {
        u64::from(*self).say(text);
    }
}

impl Say for usize {
    fn say(&self, text: &mut String) {
        (*self as u64).say(text);
    }
}

impl Say for core::convert::Infallible {
    fn say(&self, _: &mut String) {
        match *self {}
    }
}

/// Implements `Display` for a type that says of itself what it is.
macro_rules! display {
    ($name:ty) => {
        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(&$crate::text::said(self))
            }
        }
    };
}

/// What something says of itself. One copy for all types.
#[inline(never)]
pub(crate) fn said(what: &dyn Say) -> String {
    let mut text = String::new();
    what.say(&mut text);
    text
}

/// A number as keys have it, so that they sort by it: with 13 digits or more, enough for milliseconds.
pub(crate) fn padded(number: u64) -> String {
    let number = said(&number);
    ["0000000000000".get(number.len()..).unwrap_or_default(), &number].concat()
}

/// Where `part` first stands in `text`.
pub(crate) fn find(text: &str, part: &str) -> Option<usize> {
    (0..=text.len().checked_sub(part.len())?)
        .find(|at| text.as_bytes().get(*at..).is_some_and(|rest| rest.starts_with(part.as_bytes())))
}

/// What stands before and after the first `separator`.
pub(crate) fn split_once<'a>(text: &'a str, separator: &str) -> Option<(&'a str, &'a str)> {
    let (before, rest) = text.split_at_checked(find(text, separator)?)?;
    Some((before, rest.strip_prefix(separator)?))
}

/// What stands before and after the first `separator`, an ASCII character.
pub(crate) fn cut(text: &str, separator: u8) -> Option<(&str, &str)> {
    let (before, rest) = text.split_at_checked(position(text.as_bytes(), separator)?)?;
    Some((before, rest.get(1..)?))
}

/// Where a byte first stands: eight at a time, for texts are long.
fn position(bytes: &[u8], wanted: u8) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const TOPS: u64 = u64::from_le_bytes([0x80; 8]);
    let all = u64::from_le_bytes([wanted; 8]);
    let (words, _) = bytes.as_chunks::<8>();
    let without = |word: &&[u8; 8]| {
        let differences = u64::from_le_bytes(**word) ^ all;
        differences.wrapping_sub(ONES) & !differences & TOPS == 0
    };
    let before = words.iter().take_while(without).count() * 8;
    let rest = bytes.get(before..)?;
    rest.iter().position(|byte| *byte == wanted).map(|at| before + at)
}

/// What stands between the `separator`s, an ASCII character: one part more than there are of them.
pub(crate) const fn parts(text: &str, separator: u8) -> Parts<'_> {
    Parts { rest: Some(text), separator }
}

/// The parts of a text that are not read yet.
pub(crate) struct Parts<'a> {
    rest: Option<&'a str>,
    separator: u8,
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a str;

    // In WebAssembly one copy is enough for all the loops over parts.
    #[inline(never)]
    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest?;
        let (part, rest) = cut(rest, self.separator).map_or((rest, None), |(part, rest)| (part, Some(rest)));
        self.rest = rest;
        Some(part)
    }
}

/// The text without the `last`s at its end.
pub(crate) fn trim_end(mut text: &str, last: char) -> &str {
    while let Some(shorter) = text.strip_suffix(last) {
        text = shorter;
    }
    text
}

/// Whether a byte is one of a few.
#[expect(clippy::manual_contains, reason = "a search for one byte by the standard library, as above")]
pub(crate) fn is_one_of(byte: u8, few: &[u8]) -> bool {
    few.iter().any(|one| *one == byte)
}

/// Whether every byte is of a kind.
pub(crate) fn all(text: &str, is_of_kind: fn(&u8) -> bool) -> bool {
    text.as_bytes().iter().all(is_of_kind)
}

/// A name that somebody gave, for an error to repeat; `…` in its place where it may be a secret that was put where names
/// are.
pub(crate) fn name_to_repeat(name: &str) -> &str {
    /// Longer than any name that there is.
    const MAX: usize = 32;
    let is_name = name.len() <= MAX && all(name, |byte| byte.is_ascii_alphabetic() || *byte == b'_');
    if is_name { name } else { "…" }
}

/// The text with `by` in the place of every `part`.
pub(crate) fn replace(text: &str, part: &str, by: &str) -> String {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some((before, after)) = split_once(rest, part).filter(|_| !part.is_empty()) {
        replaced.push_str(before);
        replaced.push_str(by);
        rest = after;
    }
    replaced.push_str(rest);
    replaced
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_in_keys_sort_as_numbers_do() {
        assert_eq!(padded(7), "0000000000007");
        assert!(padded(999) < padded(1_748_527_971_000));
        assert_eq!(padded(u64::MAX), "18446744073709551615");
    }

    #[test]
    fn nothing_is_found_at_once_and_replaced_nowhere() {
        assert_eq!(find("ab", ""), Some(0));
        assert_eq!(find("", ""), Some(0));
        assert_eq!(replace("ab", "", "x"), "ab");
    }

    proptest! {
        #[test]
        fn it_agrees_with_the_standard_library(text in "[abé]{0,12}", part in "[abé]{1,3}") {
            prop_assert_eq!(find(&text, &part), text.find(&part));
            prop_assert_eq!(split_once(&text, &part), text.split_once(&part));
            prop_assert_eq!(cut(&text, b'a'), text.split_once('a'));
            prop_assert!(parts(&text, b'a').eq(text.split('a')));
            prop_assert_eq!(trim_end(&text, 'a'), text.trim_end_matches('a'));
            prop_assert_eq!(replace(&text, &part, "…"), text.replace(&part, "…"));
        }
    }
}
