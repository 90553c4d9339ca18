//! Searching in text, and writing it.
//!
//! The standard library searches in linear time whatever the pattern, at the cost of 4 KB of WebAssembly. What is
//! searched here is short, and what for is set by the operator.

use core::fmt;

/// What something says of itself. One copy for all types, where `to_string` has one for each.
#[cfg(feature = "npm")]
#[inline(never)]
pub(crate) fn said(what: &dyn fmt::Display) -> String {
    what.to_string()
}

/// Writes a number, by one piece of code for all types and none of that which pads.
pub(crate) fn write_number(f: &mut fmt::Formatter<'_>, number: u64) -> fmt::Result {
    f.write_str(&number.to_string())
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
            prop_assert_eq!(replace(&text, &part, "…"), text.replace(&part, "…"));
        }
    }
}
