//! Values of conditions, and the facts that they are held against.

use super::{regex::Regex, wildcard::Wildcard};
use crate::text;

/// One value of a condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Numbers between these, both included.
    Between(u64, u64),
    /// This text.
    Exact(String),
    /// A text with this part.
    Part(String),
    /// What the pattern covers.
    Pattern(Wildcard),
    /// A text in which the expression is found.
    Regex(Regex),
}

/// What a failure has under a key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fact<'a> {
    Number(u64),
    Text(Option<&'a str>),
    /// Of which one will do.
    Texts(&'a [String]),
}

impl Value {
    /// Whether a fact is what is asked for.
    pub(super) fn takes(&self, fact: &Fact<'_>) -> bool {
        match (self, fact) {
            (Self::Between(least, most), Fact::Number(number)) => (least..=most).contains(&number),
            (_, Fact::Text(Some(text))) => self.takes_text(text),
            (_, Fact::Texts(texts)) => texts.iter().any(|text| self.takes_text(text)),
            (_, Fact::Text(None) | Fact::Number(_)) => false,
        }
    }

    fn takes_text(&self, text: &str) -> bool {
        match self {
            Self::Between(..) => false,
            Self::Exact(asked) => asked == text,
            Self::Part(part) => text::find(text, part).is_some(),
            Self::Pattern(pattern) => pattern.matches(text),
            Self::Regex(regex) => regex.is_match(text),
        }
    }

    /// Whether every fact that the other takes is one of these. A `false` may be wrong.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Between(least, most), Self::Between(their_least, their_most)) => {
                least <= their_least && their_most <= most
            }
            (Self::Part(ours), Self::Part(theirs)) => text::find(theirs, ours).is_some(),
            (Self::Pattern(ours), Self::Pattern(theirs)) => ours.covers(theirs),
            (Self::Exact(ours), Self::Exact(theirs)) => ours == theirs,
            (Self::Regex(ours), Self::Regex(theirs)) => ours == theirs,
            _ => false,
        }
    }
}
