//! Named texts: the headers of a request, the parameters of a filter, the headers of an answer.

/// Texts under names, ordered by name; several of one name stay in the order in which they came.
///
/// One shape for all of them, because each `Vec` of another type is compiled anew.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Pairs(Vec<(&'static str, String)>);

impl Pairs {
    pub(super) const NONE: Self = Self(Vec::new());

    /// Puts `text` behind the others of its name.
    pub(super) fn add(&mut self, name: &'static str, text: String) {
        let at = self.0.iter().position(|(other, _)| *other > name).unwrap_or(self.0.len());
        self.0.insert(at, (name, text));
    }

    /// Puts `text` in the place of all others of its name.
    pub(super) fn set(&mut self, name: &'static str, text: String) {
        self.remove(name);
        self.add(name, text);
    }

    pub(super) fn remove(&mut self, name: &str) {
        while let Some(at) = self.0.iter().position(|(other, _)| *other == name) {
            self.0.remove(at);
        }
    }

    /// The first text of a name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| *other == name).map(|(_, text)| text.as_str())
    }

    pub(super) fn as_slice(&self) -> &[(&'static str, String)] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_ordered_by_name_whatever_order_they_come_in() {
        let mut pairs = Pairs::NONE;
        for (name, text) in [("b", "1"), ("a", "2"), ("b", "0"), ("c", "3"), ("a", "2")] {
            pairs.add(name, text.to_owned());
        }
        pairs.set("c", "4".to_owned());
        let seen: Vec<_> =
            pairs.as_slice().iter().map(|(name, text)| [name, text.as_str()].concat()).collect();
        assert_eq!(seen, ["a2", "a2", "b1", "b0", "c4"]);
        assert_eq!((pairs.get("b"), pairs.get("d")), (Some("1"), None));
        pairs.set("b", "5".to_owned());
        assert_eq!(pairs.as_slice().len(), 4);
    }
}
