//! What JavaScript hands over: one text of many, with NUL between them.

use crate::js_pairs::Pairs;
use crate::{text, time::decimal};

/// Arguments that are not read yet.
pub(super) struct Args<'a>(pub(super) &'a str);

impl<'a> Args<'a> {
    /// The next one; an empty one is none.
    pub(super) fn text(&mut self) -> &'a str {
        let (next, rest) = text::cut(self.0, 0).unwrap_or((self.0, ""));
        self.0 = rest;
        next
    }

    /// The next one as a whole number.
    pub(super) fn number(&mut self) -> Option<u64> {
        decimal(self.text())
    }

    /// The next one as a count; what is none, or left out, is as many as there are.
    pub(super) fn count(&mut self) -> u64 {
        self.number().unwrap_or(u64::MAX)
    }

    /// The rest as names and values.
    pub(super) const fn pairs(self) -> Pairs<'a> {
        Pairs(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_one_by_one() {
        let mut args = Args("a\x007\0\0x\0Name\0value\0");
        assert_eq!((args.text(), args.number(), args.text(), args.count()), ("a", Some(7), "", u64::MAX));
        assert_eq!(args.pairs().iter().collect::<Vec<_>>(), [("Name", "value")]);
        let mut none = Args("");
        assert_eq!((none.text(), none.number(), none.0), ("", None, ""));
    }
}
