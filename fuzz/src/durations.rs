//! Durations as Go writes them.

use std::time::Duration;

use workflow_redrive::dlq::GoDuration;

use crate::again;
use crate::meter::{Allowed, bounded};

pub(crate) const WORDS: &[&str] = &[
    "d",
    "h",
    "m",
    "s",
    "ms",
    "us",
    "µs",
    "μs",
    "ns",
    ".",
    "-",
    "0",
    "1h30m",
    "2562047h47m16.854s",
    "9223372036854775807",
];
pub(crate) const LONGEST: usize = usize::MAX;
pub(crate) const SHAPES: &[fn(usize) -> Vec<u8>] = &[
    |len| again("1s", len).into(),
    |len| [&again("0", len), "s"].concat().into(),
    |len| ["0.", &again("9", len), "s"].concat().into(),
    |len| again("s", len).into(),
];

/// What Go can hold, in nanoseconds.
const MOST: u128 = 9_223_372_036_854_000_000;

pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let read = bounded(text.len(), Allowed::times(1), || GoDuration::parse(&text));
    // A count of nanoseconds that does not fit even where it would be cut off is refused earlier.
    let expected = nanos(&text);
    match (&read, expected) {
        (Ok(read), Some(nanos)) => {
            assert_eq!(u128::from(read.as_millis()), nanos.div_ceil(1_000_000), "{text:?}")
        }
        (Err(_), None) => {}
        _ => panic!("{text:?}: {read:?}, where {expected:?} ns were expected"),
    }
    if let Ok(read) = read {
        let written = read.to_string();
        assert_eq!(GoDuration::parse(&written), Ok(read), "{text:?}");
        assert!(
            written.bytes().filter(u8::is_ascii_alphabetic).count() <= 2,
            "{written}: one number, one unit"
        );
        assert_eq!(GoDuration::from(Duration::from(read)), read);
        assert!(
            read.rounded_up_to_secs() >= read
                || read.as_millis() > u64::try_from(MOST / 1_000_000).unwrap() - 1000
        );
    }
}

/// The same in another way; `None` for what is no duration.
fn nanos(text: &str) -> Option<u128> {
    if text == "0" {
        return Some(0);
    }
    let (mut sum, mut rest) = (0_u128, text);
    while !rest.is_empty() {
        let number_len = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, tail) = rest.split_at(number_len);
        let unit_len = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_len);
        let unit: u128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "d" => 86_400_000_000_000,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.len() + fraction.len() == 0 || fraction.contains('.') {
            return None;
        }
        let whole = whole.trim_start_matches('0');
        if whole.len() > 20 {
            return None;
        }
        let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let mut part = whole * unit;
        let mut place = unit;
        for digit in fraction.bytes().take(20) {
            place /= 10;
            part += u128::from(digit - b'0') * place;
        }
        sum += part;
        rest = tail;
    }
    (!text.is_empty() && sum.div_ceil(1_000_000) <= MOST / 1_000_000).then_some(sum)
}
