//! Names and values that JavaScript hands over: one text with NUL between a name, its value, the next name and so on.

use crate::text;

/// Headers, settings or criteria.
#[derive(Clone, Copy)]
pub(crate) struct Pairs<'a>(pub(super) &'a str);

impl<'a> Pairs<'a> {
    /// The value of a name, without regard to case; an empty one is none.
    pub(crate) fn value(self, name: &str) -> Option<String> {
        self.iter()
            .find(|(known, value)| known.eq_ignore_ascii_case(name) && !value.is_empty())
            .map(|(_, value)| value.to_owned())
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let mut texts = text::parts(self.0, 0);
        core::iter::from_fn(move || Some((texts.next()?, texts.next()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_names() {
        let pairs = Pairs("Retry-After\0soon\0X-Empty\0\0Last\0a b");
        assert_eq!(pairs.value("retry-after").as_deref(), Some("soon"));
        assert_eq!(pairs.value("LAST").as_deref(), Some("a b"));
        assert_eq!((pairs.value("x-empty"), pairs.value("soon"), Pairs("").value("")), (None, None, None));
        assert_eq!(Pairs("a\0b\0a\0c").iter().collect::<Vec<_>>(), [("a", "b"), ("a", "c")]);
    }
}
