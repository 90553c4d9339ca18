//! Durations as QStash writes them.

use core::str::FromStr;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::text::{Say, said};
use crate::time::{decimal, millis};

const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1000 * MILLISECOND;

/// The longest duration Go can hold, in whole milliseconds: 292 years.
const MAX_MILLIS: u64 = i64::MAX.unsigned_abs() / MILLISECOND;

/// A duration in the notation of Go, which QStash is written in: `10s`, `1h30m`, `1.5h`, `500ms`.
///
/// Days (`7d`) are read too, because QStash takes them for delays and timeouts. Millisecond precision; finer parts
/// are rounded up, so that a wait is never cut short.
///
/// `Display` writes one number with one unit, the largest of `h`, `m`, `s` and `ms` that leaves no remainder
/// (`90m`, not `1h30m`), because `<value><unit>` is the form that the QStash API documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GoDuration {
    millis: u64,
}

impl GoDuration {
    /// Reads a sequence of numbers with units, such as `1h30m`; a lone `0` needs no unit.
    pub fn parse(text: &str) -> Result<Self, InvalidDurationError> {
        if text == "0" {
            return Ok(Self::default());
        }
        if text.starts_with('-') {
            return Err(InvalidDurationError::Negative);
        }
        let (mut nanos, mut rest) = (0_u64, text);
        loop {
            let part = take_part(&mut rest)?;
            nanos = nanos.checked_add(part).ok_or(InvalidDurationError::TooLong)?;
            if rest.is_empty() {
                break;
            }
        }
        let millis = nanos.div_ceil(MILLISECOND);
        if millis > MAX_MILLIS { Err(InvalidDurationError::TooLong) } else { Ok(Self { millis }) }
    }

    /// `millis` milliseconds; saturates at the 292 years that Go can hold.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self { millis: if millis < MAX_MILLIS { millis } else { MAX_MILLIS } }
    }

    /// `secs` seconds; saturates at the 292 years that Go can hold.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self::from_millis(if secs < MAX_MILLIS { secs * 1000 } else { MAX_MILLIS })
    }

    /// The whole length in milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.millis
    }

    /// The same span as a standard duration.
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        Duration::from_millis(self.millis)
    }

    /// The next whole second, for headers whose documented units end at `s`.
    #[must_use]
    pub const fn rounded_up_to_secs(self) -> Self {
        Self::from_secs(self.millis.div_ceil(1000))
    }
}

impl Say for GoDuration {
    fn say(&self, text: &mut String) {
        let (mut number, mut unit) = (self.millis, if self.millis == 0 { "s" } else { "ms" });
        for (unit_millis, name) in [(3_600_000, "h"), (60_000, "m"), (1000, "s")] {
            if number > 0 && number.is_multiple_of(unit_millis) {
                (number, unit) = (number / unit_millis, name);
                break;
            }
        }
        number.say(text);
        text.push_str(unit);
    }
}

display!(GoDuration);

impl FromStr for GoDuration {
    type Err = InvalidDurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// Rounds up to whole milliseconds; saturates at the 292 years that Go can hold.
impl From<Duration> for GoDuration {
    fn from(span: Duration) -> Self {
        let above = u64::from(!span.subsec_nanos().is_multiple_of(1_000_000));
        Self::from_millis(millis(span).saturating_add(above))
    }
}

impl From<GoDuration> for Duration {
    fn from(span: GoDuration) -> Self {
        span.as_duration()
    }
}

impl From<GoDuration> for String {
    fn from(span: GoDuration) -> Self {
        said(&span)
    }
}

impl TryFrom<String> for GoDuration {
    type Error = InvalidDurationError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

/// Why a text is no [`GoDuration`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidDurationError {
    /// Nothing, or something else than a number where one is expected.
    MissingNumber,
    /// A number without a unit.
    MissingUnit,
    /// Below zero.
    Negative,
    /// More than 292 years.
    TooLong,
    /// A unit that is none.
    UnknownUnit,
}

impl Say for InvalidDurationError {
    fn say(&self, text: &mut String) {
        text.push_str(match self {
            Self::MissingNumber => "missing number in duration",
            Self::MissingUnit => "missing unit in duration",
            Self::Negative => "negative duration",
            Self::TooLong => "duration above 292 years",
            Self::UnknownUnit => "unknown unit in duration",
        });
        text.push_str("; accepted are numbers with the units d, h, m, s or ms, such as `30s` or `1h30m`");
    }
}

display!(InvalidDurationError);

impl core::error::Error for InvalidDurationError {}

/// Takes the first number with its unit off, in nanoseconds.
fn take_part(text: &mut &str) -> Result<u64, InvalidDurationError> {
    let whole = take(text, false);
    let mut fraction = "";
    if let Some(rest) = text.strip_prefix('.') {
        *text = rest;
        fraction = take(text, false);
    }
    if whole.is_empty() && fraction.is_empty() {
        return Err(InvalidDurationError::MissingNumber);
    }
    let unit = match take(text, true) {
        "" => return Err(InvalidDurationError::MissingUnit),
        name => UNITS.iter().find(|(known, _)| *known == name).ok_or(InvalidDurationError::UnknownUnit)?.1,
    };
    let mut part = 0;
    let mut place = unit;
    for digit in fraction.bytes() {
        place /= 10;
        part += u64::from(digit - b'0') * place;
    }
    let whole = if whole.is_empty() { Some(0) } else { decimal(whole) };
    let whole = whole.filter(|whole| *whole <= MAX_MILLIS * MILLISECOND / unit);
    whole.and_then(|whole| (whole * unit).checked_add(part)).ok_or(InvalidDurationError::TooLong)
}

/// Units and their nanoseconds.
const UNITS: [(&str, u64); 9] = [
    ("ns", 1),
    ("us", 1000),
    // The micro sign and the Greek letter mu, as in Go.
    ("\u{b5}s", 1000),
    ("\u{3bc}s", 1000),
    ("ms", MILLISECOND),
    ("s", SECOND),
    ("m", 60 * SECOND),
    ("h", 3600 * SECOND),
    ("d", 24 * 3600 * SECOND),
];

/// Takes the digits off, or what stands before the next number.
fn take<'a>(text: &mut &'a str, is_unit: bool) -> &'a str {
    let belongs = |byte: u8| byte.is_ascii_digit() != is_unit && (byte != b'.' || !is_unit);
    let len = text.bytes().position(|byte| !belongs(byte)).unwrap_or(text.len());
    let (taken, rest) = text.split_at_checked(len).unwrap_or((text, ""));
    *text = rest;
    taken
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_unit_and_mix_of_units_is_read() {
        for (text, millis) in [
            ("0", 0),
            ("0s", 0),
            ("10s", 10_000),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("7d", 604_800_000),
            ("1d2h3m4s5ms", 93_784_005),
            ("500ms", 500),
            ("1.5h", 5_400_000),
            (".5s", 500),
            ("1.s", 1000),
            ("6m5.25s", 365_250),
            ("1s1s", 2000),
            ("1ns", 1),
            ("1000us", 1),
            ("1500µs", 2),
            ("1500μs", 2),
            ("0.0000000000000000000000001d", 0),
        ] {
            assert_eq!(GoDuration::parse(text), Ok(GoDuration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_with_its_reason() {
        use InvalidDurationError::{MissingNumber, MissingUnit, Negative, TooLong, UnknownUnit};
        for (text, error) in [
            ("", MissingNumber),
            ("s", MissingNumber),
            (".s", MissingNumber),
            (" 1s", MissingNumber),
            ("1", MissingUnit),
            ("10", MissingUnit),
            ("1h30", MissingUnit),
            ("1.2.3s", MissingUnit),
            ("-5s", Negative),
            ("1w", UnknownUnit),
            ("1 s", UnknownUnit),
            ("1s ", UnknownUnit),
            ("1S", UnknownUnit),
            ("1s-1s", UnknownUnit),
            ("1h,2m", UnknownUnit),
            ("99999999999999999999s", TooLong),
            ("106752d", TooLong),
            ("106751d106751d", TooLong),
        ] {
            assert_eq!(GoDuration::parse(text), Err(error), "{text:?}");
        }
        assert!(GoDuration::parse("106751d").is_ok());
        let message = MissingUnit.to_string();
        assert!(message.starts_with("missing unit") && message.contains("`30s`"), "{message}");
    }

    #[test]
    fn one_number_with_the_largest_even_unit_is_written() {
        for (millis, text) in [
            (0, "0s"),
            (500, "500ms"),
            (1000, "1s"),
            (90_000, "90s"),
            (300_000, "5m"),
            (5_400_000, "90m"),
            (604_800_000, "168h"),
            (61_001, "61001ms"),
        ] {
            assert_eq!(GoDuration::from_millis(millis).to_string(), text);
        }
        assert_eq!(GoDuration::from_millis(1001).rounded_up_to_secs().to_string(), "2s");
    }

    #[test]
    fn standard_durations_are_rounded_up_and_capped() {
        assert_eq!(GoDuration::from(Duration::from_nanos(1)).as_millis(), 1);
        assert_eq!(GoDuration::from(Duration::from_millis(1500)).as_millis(), 1500);
        assert_eq!(GoDuration::from(Duration::from_nanos(1_000_000_001)).as_millis(), 1001);
        assert_eq!(GoDuration::from(Duration::MAX), GoDuration::from_millis(u64::MAX));
        assert_eq!(Duration::from(GoDuration::from_secs(3)), Duration::from_secs(3));
    }

    proptest! {
        #[test]
        fn written_durations_read_back_as_themselves(millis in 0..=MAX_MILLIS) {
            let span = GoDuration::from_millis(millis);
            prop_assert_eq!(GoDuration::parse(&span.to_string()), Ok(span));
        }

        #[test]
        fn reading_never_panics(text in "[-+0-9.a-zµ ]{0,12}|\\PC{0,20}") {
            let _ = GoDuration::parse(&text);
        }
    }
}
