//! When a failing endpoint asked to be called again.

use core::time::Duration;

use crate::{
    dlq::GoDuration,
    text,
    time::{Timestamp, decimal, parse_http_date},
};

/// The time before which a failing endpoint does not want to be called again.
///
/// The larger of two hints is the later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RetryHint {
    until: Timestamp,
}

impl RetryHint {
    /// The response headers that carry a hint, by the retry page of the QStash documentation.
    pub const HEADERS: [&'static str; 4] =
        ["Retry-After", "X-RateLimit-Reset", "X-RateLimit-Reset-Requests", "X-RateLimit-Reset-Tokens"];

    /// Reads the value of such a header that was received at `now`.
    ///
    /// Accepted are seconds (`30`, `1.5`), an HTTP date (`Wed, 21 Oct 2026 07:28:00 GMT`) and a Go duration (`6m5s`).
    /// A number above 1e9 is a Unix time in seconds, above 1e11 in milliseconds. Anything else is no hint. There is
    /// no upper limit: how long a wait is worth it is for the caller to decide.
    #[must_use]
    pub fn parse(value: &str, now: Timestamp) -> Option<Self> {
        let value = value.trim_ascii();
        let until = match parse_number(value) {
            Some(number) => match number.as_secs() {
                0..=1_000_000_000 => now.after(number),
                secs @ ..=100_000_000_000 => Timestamp::from_secs(secs),
                millis => Timestamp::from_millis(millis),
            },
            None => match GoDuration::parse(value) {
                Ok(span) => now.after(span.as_duration()),
                Err(_) => parse_http_date(value)?,
            },
        };
        Some(Self { until })
    }

    /// The time asked for.
    #[must_use]
    pub const fn until(self) -> Timestamp {
        self.until
    }

    /// How long that is from `now`; zero when it has passed.
    #[must_use]
    pub const fn delay(self, now: Timestamp) -> Duration {
        self.until.since(now)
    }
}

/// A decimal number of seconds, rounded up to milliseconds so that a wait is never cut short.
fn parse_number(text: &str) -> Option<Duration> {
    let (whole, fraction) = text::cut(text, b'.').unwrap_or((text, "0"));
    decimal(fraction)?;
    let digit = |at| fraction.as_bytes().get(at).map_or(0, |digit| u64::from(digit - b'0'));
    let millis = (digit(0) * 10 + digit(1)) * 10 + digit(2);
    let above = u64::from(fraction.bytes().skip(3).any(|digit| digit != b'0'));
    Some(Duration::from_secs(decimal(whole)?).saturating_add(Duration::from_millis(millis + above)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2026-10-21T07:28:00Z.
    const NOW: Timestamp = Timestamp::from_secs(1_792_567_680);

    fn delay(value: &str) -> Option<u128> {
        RetryHint::parse(value, NOW).map(|hint| hint.delay(NOW).as_millis())
    }

    #[test]
    fn every_format_is_read() {
        for (value, millis) in [
            ("0", 0),
            ("30", 30_000),
            (" 30 ", 30_000),
            ("0.5", 500),
            ("1.0001", 1001),
            ("1000000000", 1_000_000_000_000),
            ("1792567710", 30_000),
            ("1792567710.9", 30_000),
            ("1792567710500", 30_500),
            ("1792567000", 0),
            ("100000000000", 98_207_432_320_000),
            ("100000000001", 0),
            ("6m5s", 365_000),
            ("1m30.951s", 90_951),
            ("120ms", 120),
            ("Wed, 21 Oct 2026 07:28:30 GMT", 30_000),
            ("Wed, 21 Oct 2026 07:27:30 GMT", 0),
        ] {
            assert_eq!(delay(value), Some(millis), "{value}");
        }
    }

    #[test]
    fn garbage_is_no_hint() {
        for value in [
            "",
            " ",
            "7.",
            "soon",
            "-5",
            "+5",
            "1e3",
            "5 s",
            "NaN",
            ".",
            ".5",
            "1.2.3",
            "99999999999999999999",
            "Wed, 21 Oct",
            "Thu, 01 Jan 1969 00:00:00 GMT",
        ] {
            assert_eq!(delay(value), None, "{value}");
        }
    }

    #[test]
    fn time_that_has_passed_is_not_waited_for_again() {
        let hint = RetryHint::parse("30", NOW).unwrap();
        assert_eq!(hint.delay(NOW.after(Duration::from_secs(20))), Duration::from_secs(10));
        assert_eq!(hint.delay(NOW.after(Duration::from_secs(40))), Duration::ZERO);
        assert_eq!(hint.until(), NOW.after(Duration::from_secs(30)));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(value in "\\PC*|[0-9.smhT:,GMT -]{0,40}") {
            let _ = RetryHint::parse(&value, NOW);
        }
    }
}
