//! Labels of runs.

use core::str::FromStr;

use crate::text;
use crate::text::Say;

/// The longest accepted label, in bytes.
pub const MAX_LABEL_BYTES: usize = 256;

/// The most labels that one override may set.
pub const MAX_LABELS: usize = 32;

/// A label of a run: letters, digits, `-`, `_` and `.`, the alphabet that the official SDK checks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(String);

impl Label {
    /// Accepts 1 to [`MAX_LABEL_BYTES`] characters of the alphabet above.
    pub fn new(label: impl Into<String>) -> Result<Self, InvalidLabelError> {
        let label = label.into();
        if is_name(&label, MAX_LABEL_BYTES) { Ok(Self(label)) } else { Err(InvalidLabelError::Label) }
    }

    /// The label as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Label {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for Label {
    type Err = InvalidLabelError;

    fn from_str(label: &str) -> Result<Self, Self::Err> {
        Self::new(label)
    }
}

impl Say for Label {
    fn say(&self, text: &mut String) {
        text.push_str(&self.0);
    }
}

display!(Label);

impl From<Label> for String {
    fn from(label: Label) -> Self {
        label.0
    }
}

/// One or more labels; `Display` writes the comma list of the `Upstash-Label` header.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Labels(String);

impl Labels {
    /// Accepts 1 to [`MAX_LABELS`] labels and drops repetitions.
    pub fn new(labels: impl IntoIterator<Item = Label>) -> Result<Self, InvalidLabelError> {
        let mut list = String::new();
        for label in labels {
            add(&mut list, &label.0)?;
        }
        if list.is_empty() { Err(InvalidLabelError::Count) } else { Ok(Self(list)) }
    }

    /// Reads a comma list; blanks around the labels are dropped.
    pub fn parse(list: &str) -> Result<Self, InvalidLabelError> {
        let mut labels = String::new();
        for label in text::parts(list, b',') {
            let label = label.trim_ascii();
            if !is_name(label, MAX_LABEL_BYTES) {
                return Err(InvalidLabelError::Label);
            }
            add(&mut labels, label)?;
        }
        Ok(Self(labels))
    }

    /// The labels in their order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        text::parts(&self.0, b',')
    }
}

impl From<Label> for Labels {
    fn from(label: Label) -> Self {
        Self(label.0)
    }
}

impl From<Labels> for String {
    fn from(labels: Labels) -> Self {
        labels.0
    }
}

impl FromStr for Labels {
    type Err = InvalidLabelError;

    fn from_str(list: &str) -> Result<Self, Self::Err> {
        Self::parse(list)
    }
}

impl Say for Labels {
    fn say(&self, text: &mut String) {
        text.push_str(&self.0);
    }
}

display!(Labels);

/// Appends a label that is not there yet to a comma list.
fn add(list: &mut String, label: &str) -> Result<(), InvalidLabelError> {
    let mut count = 0;
    for known in text::parts(list, b',') {
        if known == label {
            return Ok(());
        }
        count += 1;
    }
    if count == MAX_LABELS {
        return Err(InvalidLabelError::Count);
    }
    if !list.is_empty() {
        list.push(',');
    }
    list.push_str(label);
    Ok(())
}

/// Why a text is no [`Label`] or a list no [`Labels`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidLabelError {
    /// No label at all, or more than [`MAX_LABELS`].
    Count,
    /// Empty, too long, or with a character outside the alphabet.
    Label,
}

impl Say for InvalidLabelError {
    fn say(&self, text: &mut String) {
        text.push_str(match self {
            Self::Count => "wrong number of labels; accepted are 1 to 32",
            Self::Label => "bad label; accepted are 1 to 256 letters, digits, `-`, `_` and `.`",
        });
    }
}

display!(InvalidLabelError);

impl core::error::Error for InvalidLabelError {}

/// Whether `text` is made of 1 to `max` ASCII letters, digits, `-`, `_` and `.`: the alphabet of labels and of flow
/// control keys.
pub(super) fn is_name(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.len())
        && text::all(text, |byte| byte.is_ascii_alphanumeric() || text::is_one_of(*byte, b"-_."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_alphabet_of_the_sdk_is_accepted() {
        for label in ["a", "Order.v2_retry-1", &"x".repeat(256)] {
            assert_eq!(Label::new(label).unwrap().as_str(), label);
        }
        for label in ["", "a b", "a,b", "a/b", "a\r\n", "ü", &"x".repeat(257)] {
            assert_eq!(Label::new(label), Err(InvalidLabelError::Label), "{label:?}");
        }
    }

    #[test]
    fn lists_lose_blanks_and_repetitions_but_not_their_order() {
        assert_eq!(Labels::parse("b, a,b ,c").unwrap().to_string(), "b,a,c");
        let labels = Labels::parse("b,a").unwrap();
        assert_eq!(labels.iter().collect::<Vec<_>>(), ["b", "a"]);
        for list in ["", ",", "a,", "a,,b", "a b"] {
            assert_eq!(Labels::parse(list), Err(InvalidLabelError::Label), "{list:?}");
        }
    }

    #[test]
    fn the_number_of_labels_is_bounded() {
        let numbered = |count: usize| (0..count).map(|n| Label::new(n.to_string()).unwrap());
        assert!(Labels::new(numbered(32)).is_ok());
        assert_eq!(Labels::new(numbered(33)), Err(InvalidLabelError::Count));
        assert_eq!(Labels::new([]), Err(InvalidLabelError::Count));
    }
}
