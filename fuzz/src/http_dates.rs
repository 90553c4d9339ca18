//! Dates of HTTP, in their three forms.

use std::time::{Duration, UNIX_EPOCH};

use workflow_redrive::callback::RetryHint;
use workflow_redrive::dlq::GoDuration;
use workflow_redrive::time::Timestamp;

use crate::again;
use crate::meter::{Allowed, bounded};

pub(crate) const WORDS: &[&str] = &[
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT",
    "Sun Nov  6 08:49:37 1994",
    "Mon",
    "Tue",
    "Wednesday",
    "Feb",
    "29",
    "31",
    "2000",
    "1970",
    "9999",
    "23:59:60",
    "GMT",
    ",",
    "-",
];
pub(crate) const LONGEST: usize = usize::MAX;
pub(crate) const SHAPES: &[fn(usize) -> Vec<u8>] = &[
    |len| again("Sun", len).into(),
    |len| ["Sun, 06 Nov ", &again("1994", len)].concat().into(),
    |len| ["Sun, ", &again(" ", len)].concat().into(),
];

pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let text = text.trim_ascii();
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_number || GoDuration::parse(text).is_ok() {
        return;
    }
    let date = bounded(text.len(), Allowed::times(1), || RetryHint::parse(text, Timestamp::from_secs(0)));
    let date = date.map(|hint| hint.until().as_millis() / 1000);
    let theirs = httpdate::parse_http_date(text).ok();
    let theirs = theirs.and_then(|date| date.duration_since(UNIX_EPOCH).ok()).map(|since| since.as_secs());
    if date.is_none()
        && let Some(secs) = theirs
    {
        // The other library does not look at every separator.
        return assert!(!written(secs).iter().any(|form| form == text), "{text:?}");
    }
    assert_eq!(date, theirs, "{text:?}");
}

/// A second in the three forms.
fn written(secs: u64) -> [String; 3] {
    let today = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(secs));
    let parts: Vec<&str> = today.split([' ', ',']).collect();
    let [weekday, _, day, month, year, time, _] = parts[..] else { panic!("{today}") };
    let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
    let full = weekdays.iter().find(|name| name.starts_with(weekday)).unwrap();
    let unpadded = day.trim_start_matches('0');
    [
        format!("{full}, {day}-{month}-{} {time} GMT", &year[2..]),
        format!("{weekday} {month} {unpadded:>2} {time} {year}"),
        today,
    ]
}
