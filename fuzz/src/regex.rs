//! Patterns on error messages: a first line, and all that follows it as the text. In linear time, and matching where the
//! `regex` crate matches.

use regex::bytes::RegexBuilder;
use workflow_redrive::policy::{MAX_PATTERN_BYTES, Regex};

use crate::again;
use crate::meter::{Allowed, bounded};

pub(crate) const WORDS: &[&str] = &[
    "(?i)", "(?:", "(", ")", "|", "*", "+", "?", "{2}", "{2,}", "{2,5}", "{0}", "[a-z]", "[^a]", "[", "]",
    "^", "$", ".", "\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "\\b", "\\B", "\\n", "\\.", "\\-", "-", "a",
    "b", "A", "1", " ", "_", "\n",
];
pub(crate) const LONGEST: usize = usize::MAX;
/// Patterns that a reader which goes back would take forever for.
pub(crate) const SHAPES: &[fn(usize) -> Vec<u8>] = &[
    |len| ["^(a+)+$\n", &again("a", len), "!"].concat().into(),
    |len| ["^(a|a)*$\n", &again("a", len), "!"].concat().into(),
    |len| ["(.*)*b\n", &again("a", len)].concat().into(),
    |len| ["(a?){30}a{30}$\n", &again("a", len), "b"].concat().into(),
    |len| ["(\\w+\\s?)*\\.$\n", &again("ab ", len)].concat().into(),
    |len| ["\\bword\\b$\n", &again("word ", len)].concat().into(),
];

pub(crate) fn check(data: &[u8]) {
    let data = String::from_utf8_lossy(data);
    let (pattern, text) = data.split_once('\n').unwrap_or((&data, ""));
    let read = bounded(pattern.len(), Allowed::times(256).and(256 * 1024), || pattern.parse::<Regex>());
    let regex = match read {
        Ok(regex) => regex,
        Err(refused) => {
            assert!(!refused.to_string().is_empty());
            return;
        }
    };
    assert!(pattern.len() <= MAX_PATTERN_BYTES && regex.as_str() == pattern);
    // Ways through the pattern, which is bounded; nothing for the text.
    let found = bounded(0, Allowed::times(0).and(128 * 1024), || regex.is_match(text));
    if let Some(expected) = reference(pattern, text) {
        assert_eq!(found, expected, "{pattern:?} on {text:?}");
    }
}

/// What the other crate says; `None` where the dialects differ.
fn reference(pattern: &str, text: &str) -> Option<bool> {
    // Case is folded for ASCII alone, and classes are of ASCII: so is what is compared.
    let is_comparable = pattern.is_ascii() && text.is_ascii();
    // Operators on sets, and half boundaries of words, are literals to us.
    let differs = ["&&", "--", "~~", "\\<", "\\>"].iter().any(|other| pattern.contains(other));
    if !is_comparable || differs {
        return None;
    }
    // An escaped character of no meaning is itself to us, and not known there.
    let known = pattern.replace("\\ ", " ").replace("\\,", ",");
    let regex = RegexBuilder::new(&known).unicode(false).size_limit(64 << 20).build().ok();
    regex.map(|regex| regex.is_match(text.as_bytes()))
}
