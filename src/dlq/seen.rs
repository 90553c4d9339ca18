//! What was met before.

/// A set of texts. Sorted, because a tree for them takes more code than everything that needs one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(Vec<String>);

impl Seen {
    /// Whether the text is met for the first time.
    pub(crate) fn insert(&mut self, text: &str) -> bool {
        match self.0.binary_search_by(|known| known.as_str().cmp(text)) {
            Ok(_) => false,
            Err(at) => {
                self.0.insert(at, text.to_owned());
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_new_once() {
        let mut seen = Seen::default();
        let news: Vec<bool> =
            ["b", "a", "b", "", "c", "a", ""].iter().map(|text| seen.insert(text)).collect();
        assert_eq!(news, [true, true, false, true, true, false, false]);
    }
}
