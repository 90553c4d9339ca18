//! `Retry-After` and its like.

use std::time::Duration;

use workflow_redrive::callback::RetryHint;
use workflow_redrive::dlq::GoDuration;
use workflow_redrive::time::Timestamp;

use crate::again;
use crate::meter::{Allowed, bounded};

pub(crate) const WORDS: &[&str] = &[
    "30",
    "1.5",
    ".",
    "6m5s",
    "1000000000",
    "100000000000",
    "Wed, 21 Oct 2026 07:28:00 GMT",
    "-",
    "+",
    "e",
    " ",
];
pub(crate) const LONGEST: usize = usize::MAX;
pub(crate) const SHAPES: &[fn(usize) -> Vec<u8>] = &[
    |len| again("0", len).into(),
    |len| ["1.", &again("0", len), "1"].concat().into(),
    |len| again(" ", len).into(),
    |len| again("1m", len).into(),
];

const NOW: u64 = 1_792_567_680_000;

pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let now = Timestamp::from_millis(NOW);
    let hint = bounded(text.len(), Allowed::times(1), || RetryHint::parse(&text, now));
    let value = text.trim_ascii();
    let expected = if let Some(expected) = number(value) {
        expected
    } else if let Ok(span) = GoDuration::parse(value) {
        Some(now.after(span.as_duration()).as_millis())
    } else if let Some(hint) = hint {
        // A date: those are the target `http_dates`'s.
        assert!(value.bytes().filter(u8::is_ascii_alphabetic).count() >= 6, "{text:?}");
        Some(hint.until().as_millis())
    } else {
        None
    };
    assert_eq!(hint.map(|hint| hint.until().as_millis()), expected, "{text:?}");
    if let Some(hint) = hint {
        assert!(hint.delay(now) >= Duration::ZERO && now.after(hint.delay(now)) >= now);
        assert_eq!(hint.delay(now).as_millis(), u128::from(hint.until().as_millis().saturating_sub(NOW)));
    }
}

/// The moment in milliseconds of a decimal number; `None` where it is none, `Some(None)` where it is too large to mean one.
fn number(value: &str) -> Option<Option<u64>> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let Ok(secs) = whole.parse::<u64>() else { return Some(None) };
    // So long a fraction fits no number of 64 bits.
    if fraction.trim_start_matches('0').parse::<u64>().is_err() && fraction.bytes().any(|digit| digit != b'0')
    {
        return Some(None);
    }
    let thousandths: u64 = format!("{fraction:0<3}")[..3].parse().unwrap();
    let above = u64::from(fraction.bytes().skip(3).any(|digit| digit != b'0'));
    // A fraction carries over into the seconds.
    let (secs, millis) = (secs.saturating_add((thousandths + above) / 1000), (thousandths + above) % 1000);
    Some(Some(match secs {
        0..=1_000_000_000 => NOW + secs * 1000 + millis,
        1_000_000_001..=100_000_000_000 => secs * 1000,
        _ => secs,
    }))
}
