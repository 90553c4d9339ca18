//! Text that somebody else wrote, up to a length.

use core::fmt;

/// The beginning of a text of unknown length.
///
/// An application writes what it likes into an error, so `Debug` shows the length only.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Excerpt {
    text: String,
    cut: bool,
}

impl Excerpt {
    /// As many whole characters of `text` as fit into `limit` bytes.
    #[must_use]
    pub fn new(text: &str, limit: usize) -> Self {
        let (kept, rest) = text.split_at_checked(text.floor_char_boundary(limit)).unwrap_or((text, ""));
        Self { text: kept.to_owned(), cut: !rest.is_empty() }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text alone.
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// Whether there was more.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.cut
    }

    /// The same text, cut if it was already or if `cut` says so.
    #[must_use]
    pub(super) fn or_cut(mut self, cut: bool) -> Self {
        self.cut |= cut;
        self
    }
}

impl AsRef<str> for Excerpt {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Excerpt").field("len", &self.text.len()).field("cut", &self.cut).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Excerpt;

    #[test]
    fn a_character_is_kept_whole_or_not_at_all() {
        for (limit, text, cut) in
            [(0, "", true), (1, "a", true), (2, "a", true), (3, "aé", true), (4, "aéz", false)]
        {
            let excerpt = Excerpt::new("aéz", limit);
            assert_eq!((excerpt.as_str(), excerpt.is_cut()), (text, cut));
        }
    }

    #[test]
    fn debug_output_does_not_show_the_text() {
        assert_eq!(format!("{:?}", Excerpt::new("secret", 3)), "Excerpt { len: 3, cut: true }");
    }
}
