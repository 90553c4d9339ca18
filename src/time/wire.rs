//! Points in time in the three spellings that QStash uses for one and the same field.
//!
//! `workflowCreatedAt` is an integer in the OpenAPI description, a string in the type of the official SDK and an
//! ISO 8601 date in its tests; `createdAt` is an integer in the DLQ and a string in callbacks.

use super::{
    Timestamp,
    calendar::{Moment, number, numbers},
};

/// Epoch milliseconds in decimal, or an ISO 8601 date and time with zone (`2025-05-29T14:12:51.000Z`). Zero is no time.
pub(crate) fn parse_wire_time(text: &str) -> Option<Timestamp> {
    decimal(text).or_else(|| parse_iso(text)).and_then(from_millis)
}

/// A number of nothing but digits; the standard parser would take a sign too.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn from_millis(millis: u64) -> Option<Timestamp> {
    (millis > 0).then(|| Timestamp::from_millis(millis))
}

/// Milliseconds since the epoch; `None` before it.
fn parse_iso(text: &str) -> Option<u64> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let date = numbers(date, '-', 4)?;
    let (time, zone) = time.split_at_checked(time.find(['Z', 'z', '+', '-'])?)?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let secs = Moment { date, time: numbers(time, ':', 2)? }.epoch_secs()?;
    let millis = thousandths(fraction)?;
    let secs = u64::try_from(secs - zone_minutes(zone)? * 60).ok()?;
    Some(secs * 1000 + millis)
}

/// The thousandths of a decimal fraction of any length; finer parts are cut.
pub(crate) fn thousandths(fraction: &str) -> Option<u64> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = fraction.as_bytes();
    Some((0..3).fold(0, |sum, at| sum * 10 + digits.get(at).map_or(0, |digit| u64::from(digit - b'0'))))
}

/// `Z`, `+01:00` or `-0530`, as minutes to take away.
fn zone_minutes(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, offset) = zone.split_at_checked(1)?;
    let (hours, minutes) = offset.split_at_checked(2)?;
    let (hours, minutes) = (number(hours, 2)?, number(minutes.strip_prefix(':').unwrap_or(minutes), 2)?);
    let offset = hours * 60 + minutes;
    (hours <= 23 && minutes <= 59).then_some(if sign == "-" { -offset } else { offset })
}

#[cfg(test)]
mod tests {
    use core::time::Duration;
    use std::time::UNIX_EPOCH;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_spelling_of_a_date_is_read() {
        for (text, millis) in [
            ("1", 1),
            ("1701198458025", 1_701_198_458_025),
            ("1970-01-01T00:00:01Z", 1000),
            ("2000-02-29T12:30:45Z", 951_827_445_000),
            ("2000-03-01T00:00:00Z", 951_868_800_000),
            ("2024-02-29T23:59:59.5Z", 1_709_251_199_500),
            ("2023-11-28T19:07:38.025Z", 1_701_198_458_025),
            ("2023-11-28t19:07:38.0259999z", 1_701_198_458_025),
            ("2023-11-28T20:37:38.025+01:30", 1_701_198_458_025),
            ("2023-11-28T14:07:38.025-0500", 1_701_198_458_025),
            ("2023-11-28 19:07:38Z", 1_701_198_458_000),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ] {
            assert_eq!(parse_wire_time(text), Some(Timestamp::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn text_that_is_no_time_is_none() {
        for text in [
            "",
            "0",
            "000",
            "soon",
            "-1",
            "+1",
            "1.5",
            "1e3",
            "99999999999999999999",
            "0001-01-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00Z",
            "2023-11-28",
            "2023-11-28T19:07:38",
            "2023-11-28T19:07Z",
            "2023/11/28T19:07:38Z",
            "2023-11-28T19.07.38Z",
            "2023-13-01T00:00:00Z",
            "2023-00-10T00:00:00Z",
            "2023-01-00T00:00:00Z",
            "2023-01-32T00:00:00Z",
            "2023-04-31T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "2023-01-01T24:00:00Z",
            "2023-01-01T00:60:00Z",
            "2023-01-01T00:00:61Z",
            "2023-01-01T00:00:00.Z",
            "2023-01-01T00:00:00.Q",
            "2023-01-01T00:00:00.5x1Z",
            "2023-01-01T00:00:00Zz",
            "2023-01-01T00:00:00+1",
            "2023-01-01T00:00:00+010",
            "2023-01-01T00:00:00+01:0",
            "2023-01-01T00:00:00+01::00",
            "2023-01-01T00:00:00+24:00",
            "2023-01-01T00:00:00+00:60",
            "2023-01-01T00:00:00+0é",
            "2023-1-1T00:00:00Z",
            "23-01-01T00:00:00Z",
            "+023-01-01T00:00:00Z",
            "2023-0001-01T00:00:00Z",
            "2023-01-01-01T00:00:00Z",
            "20é3-01-01T00:00:00Z",
        ] {
            assert_eq!(parse_wire_time(text), None, "{text}");
        }
    }

    #[test]
    fn days_agree_with_an_independent_calendar_for_four_centuries() {
        for day in 1..150_000_u64 {
            assert_eq!(
                parse_wire_time(&iso(day * 86_400)),
                Some(Timestamp::from_secs(day * 86_400)),
                "{day}"
            );
        }
    }

    proptest! {
        #[test]
        fn dates_agree_with_an_independent_calendar(secs in 1_u64..253_402_300_800) {
            prop_assert_eq!(parse_wire_time(&iso(secs)), Some(Timestamp::from_secs(secs)));
        }

        #[test]
        fn reading_never_panics(text in "[0-9TZ:.+ -]{0,30}|\\PC{0,30}") {
            let _ = parse_wire_time(&text);
        }
    }

    /// The same second as another library's HTTP date names it: day, month, year and time.
    fn iso(secs: u64) -> String {
        let http = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(secs));
        let parts: Vec<&str> = http.split(' ').collect();
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let month = months.iter().position(|name| *name == parts[2]).unwrap() + 1;
        format!("{}-{month:02}-{}T{}Z", parts[3], parts[1], parts[4])
    }
}
