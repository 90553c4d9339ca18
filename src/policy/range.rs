//! Numbers of attempts and ages as rules write them.

use core::{fmt, str::FromStr, time::Duration};

use crate::{
    dlq::GoDuration,
    text,
    time::{decimal, millis},
};

/// How many attempts a lineage may have behind it: `3`, `"3-"` for three or more, `"0-2"` with both ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts(Bounds);

/// How long ago a lineage's first failure may be: `">1h"` for longer, `"<10m"` for less, `"10m-1h"` with both ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age(Bounds);

/// What lies between two numbers, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bounds {
    least: u64,
    most: u64,
}

impl Attempts {
    /// Whether so many are among them.
    #[must_use]
    pub fn contains(self, attempt: u32) -> bool {
        self.0.covers(Bounds { least: attempt.into(), most: attempt.into() })
    }

    pub(super) const fn covers(self, other: Self) -> bool {
        self.0.covers(other.0)
    }
}

impl Age {
    /// Whether it is one of these, to the millisecond.
    #[must_use]
    pub fn contains(self, age: Duration) -> bool {
        let age = millis(age);
        self.0.covers(Bounds { least: age, most: age })
    }

    pub(super) const fn covers(self, other: Self) -> bool {
        self.0.covers(other.0)
    }
}

impl Bounds {
    const fn covers(self, other: Self) -> bool {
        self.least <= other.least && other.most <= self.most
    }

    /// Ends in this order, of which both were read.
    fn between(least: Option<u64>, most: Option<u64>) -> Result<Self, InvalidRangeError> {
        match (least, most) {
            (Some(least), Some(most)) if least <= most => Ok(Self { least, most }),
            (Some(_), Some(_)) => Err(InvalidRangeError::Empty),
            _ => Err(InvalidRangeError::Form),
        }
    }
}

impl FromStr for Attempts {
    type Err = InvalidRangeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (least, most) = text::cut(text, b'-').unwrap_or((text, text));
        let most = if most.is_empty() { Some(u64::MAX) } else { decimal(most) };
        Bounds::between(decimal(least), most).map(Self)
    }
}

impl FromStr for Age {
    type Err = InvalidRangeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let span = |text: &str| GoDuration::parse(text).ok().map(GoDuration::as_millis);
        let (least, most) = if let Some(text) = text.strip_prefix('>') {
            (span(text).map(|span| span + 1), Some(u64::MAX))
        } else if let Some(text) = text.strip_prefix('<') {
            // Nothing is less than nothing.
            let most =
                span(text).map(|span| span.checked_sub(1).ok_or(InvalidRangeError::Empty)).transpose()?;
            (Some(0), most)
        } else {
            let (least, most) = text::cut(text, b'-').ok_or(InvalidRangeError::Form)?;
            (span(least), span(most))
        };
        Bounds::between(least, most).map(Self)
    }
}

/// Why a text is no [`Attempts`] or no [`Age`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidRangeError {
    /// Nothing lies in it.
    Empty,
    /// It is not written as it must be.
    Form,
}

impl fmt::Display for InvalidRangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "nothing lies in that range",
            Self::Form => "that is no such range",
        })
    }
}

impl core::error::Error for InvalidRangeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_counted_in_every_notation() {
        for (text, inside, outside) in [
            ("0", &[0][..], &[1][..]),
            ("3", &[3], &[2, 4]),
            ("3-", &[3, 1000, u32::MAX], &[2]),
            ("0-2", &[0, 2], &[3]),
            ("2-2", &[2], &[1, 3]),
        ] {
            let range: Attempts = text.parse().unwrap();
            assert!(inside.iter().all(|attempt| range.contains(*attempt)), "{text}");
            assert!(!outside.iter().any(|attempt| range.contains(*attempt)), "{text}");
        }
        assert_eq!("2-1".parse::<Attempts>(), Err(InvalidRangeError::Empty));
        for text in ["", "-", "-2", "+1", "1.5", "a", "1-2-3", " 1", "99999999999999999999", ">2"] {
            assert_eq!(text.parse::<Attempts>(), Err(InvalidRangeError::Form), "{text:?}");
        }
    }

    #[test]
    fn ages_are_exact_to_the_millisecond() {
        for (text, inside, outside) in [
            (">1h", &[3_600_001, u64::MAX / 2000 * 1000][..], &[0, 3_600_000][..]),
            (">0s", &[1], &[0]),
            ("<1m30s", &[0, 89_999], &[90_000]),
            ("10m-2h", &[600_000, 7_200_000], &[599_999, 7_200_001]),
            ("0-1ms", &[0, 1], &[2]),
        ] {
            let range: Age = text.parse().unwrap();
            assert!(inside.iter().all(|age| range.contains(Duration::from_millis(*age))), "{text}");
            assert!(!outside.iter().any(|age| range.contains(Duration::from_millis(*age))), "{text}");
        }
        for text in ["<0s", "2h-1h"] {
            assert_eq!(text.parse::<Age>(), Err(InvalidRangeError::Empty), "{text}");
        }
        for text in ["", "1h", ">", "<", ">=1h", "> 1h", "1h-", "-1h", ">5", "1h-2", "<-1s"] {
            assert_eq!(text.parse::<Age>(), Err(InvalidRangeError::Form), "{text:?}");
        }
    }
}
