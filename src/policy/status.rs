//! Statuses as rules write them.

use core::fmt;
use core::str::FromStr;

use crate::{text, time::decimal};

/// One status or an inclusive range: `503`, `"5xx"`, `"500-504"`, or `"unreachable"` where no HTTP answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusRange {
    first: u16,
    last: u16,
}

impl StatusRange {
    /// No HTTP answer at all; callbacks then carry no status or zero.
    pub const UNREACHABLE: Self = Self { first: 0, last: 0 };

    /// The statuses from `first` to `last`, both included.
    #[must_use]
    pub(super) const fn new(first: u16, last: u16) -> Self {
        Self { first, last }
    }

    pub(super) const fn covers(self, other: Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }

    /// Whether the range holds this status.
    #[must_use]
    pub const fn contains(self, status: u16) -> bool {
        self.first <= status && status <= self.last
    }
}

impl FromStr for StatusRange {
    type Err = InvalidStatusError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "unreachable" {
            return Ok(Self::UNREACHABLE);
        }
        if let [hundreds @ b'1'..=b'5', b'x', b'x'] = text.as_bytes() {
            let first = u16::from(hundreds - b'0') * 100;
            return Ok(Self::new(first, first + 99));
        }
        let (first, last) = text::cut(text, b'-').unwrap_or((text, text));
        match (status(first), status(last)) {
            (Some(first), Some(last)) if first <= last => Ok(Self::new(first, last)),
            _ => Err(InvalidStatusError),
        }
    }
}

fn status(text: &str) -> Option<u16> {
    decimal(text).filter(|status| (100..=599).contains(status)).and_then(|status| u16::try_from(status).ok())
}

/// A status that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidStatusError;

impl fmt::Display for InvalidStatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a status must be a number from 100 to 599, \"5xx\", \"500-504\" or \"unreachable\"")
    }
}

impl core::error::Error for InvalidStatusError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notation_covers_what_it_says() {
        for (text, inside, outside) in
            [("503", 503, 502), ("5xx", 599, 600), ("500-504", 504, 505), ("unreachable", 0, 100)]
        {
            let range: StatusRange = text.parse().unwrap();
            assert!(range.contains(inside) && !range.contains(outside), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "0", "99", "600", "6xx", "0xx", "5XX", "5x", "504-500", "500-", "-1", "+500", "5e2"]
        {
            assert_eq!(text.parse::<StatusRange>(), Err(InvalidStatusError), "{text:?}");
        }
    }
}
