//! Patterns with `*`, matched from left to right without going back over a star.

use core::{convert::Infallible, str::FromStr};

use crate::text;

/// A pattern in which `*` stands for any run of characters, none included; everything else stands for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wildcard(String);

impl Wildcard {
    /// Takes any text as a pattern.
    #[must_use]
    pub fn new(pattern: impl Into<String>) -> Self {
        Self(pattern.into())
    }

    /// Whether the pattern covers the whole text.
    ///
    /// Greedy from both ends: a part between two stars may take its first place, for a later one never helps.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let Some((head, tail)) = text::cut(&self.0, b'*') else { return self.0 == text };
        let Some(mut rest) = text.strip_prefix(head) else { return false };
        let mut parts = text::parts(tail, b'*');
        let mut last = parts.next().unwrap_or_default();
        for part in parts {
            // Behind `last` comes another part: it stands between two stars.
            let Some((_, after)) = text::split_once(rest, last) else { return false };
            (rest, last) = (after, part);
        }
        rest.ends_with(last)
    }

    /// Whether it matches all that another pattern matches: what it matches with a star of ours in the place of a star of
    /// theirs, it matches with anything there.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.matches(&other.0)
    }
}

impl FromStr for Wildcard {
    type Err = Infallible;

    fn from_str(pattern: &str) -> Result<Self, Self::Err> {
        Ok(Self::new(pattern))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        for (pattern, text, expected) in [
            ("https://a/b", "https://a/b", true),
            ("https://a/b", "https://a/bc", false),
            ("https://a/*", "https://a/", true),
            ("https://a/*", "https://b/", false),
            ("*", "", true),
            ("*/pay", "https://a/pay", true),
            ("*/pay", "https://a/pay2", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "acb", false),
            ("a*a", "a", false),
            ("a**b", "a-b", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(Wildcard::new(pattern).matches(text), expected, "{pattern:?} on {text:?}");
        }
    }
}
