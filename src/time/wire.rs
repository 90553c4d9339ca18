//! Points in time in the three spellings that QStash uses for one and the same field.
//!
//! `workflowCreatedAt` is an integer in the OpenAPI description, a string in the type of the official SDK and an
//! ISO 8601 date in its tests; `createdAt` is an integer in the DLQ and a string in callbacks.

use super::{Timestamp, calendar::Moment, reader::Reader};

/// Epoch milliseconds in decimal, or an ISO 8601 date and time with zone (`2025-05-29T14:12:51.000Z`). Zero is no time.
pub(crate) fn parse_wire_time(text: &str) -> Option<Timestamp> {
    decimal(text).or_else(|| parse_iso(text)).and_then(from_millis)
}

/// A number of nothing but digits; the standard parser would take a sign too.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let mut number = 0_u64;
    for byte in text.bytes() {
        if !byte.is_ascii_digit() {
            return None;
        }
        if number > u64::MAX / 10 {
            return None;
        }
        number = (number * 10).checked_add(u64::from(byte - b'0'))?;
    }
    (!text.is_empty()).then_some(number)
}

fn from_millis(millis: u64) -> Option<Timestamp> {
    (millis > 0).then(|| Timestamp::from_millis(millis))
}

/// Milliseconds since the epoch; `None` before it.
fn parse_iso(text: &str) -> Option<u64> {
    let mut reader = Reader::new(text);
    let date = reader.numbers(4, b"-");
    reader.expect(b"Tt ");
    let time = reader.numbers(2, b":");
    let millis = if reader.take(b".").is_some() { thousandths(&mut reader) } else { 0 };
    let zone = zone_minutes(&mut reader);
    let secs = Moment { date, time }.epoch_secs().filter(|_| reader.is_sound())?;
    u64::try_from((secs - zone? * 60) * 1000 + millis).ok()
}

/// The milliseconds of a fraction of a second of any length; finer parts are cut.
fn thousandths(reader: &mut Reader<'_>) -> i64 {
    let mut sum = reader.number(1) * 100;
    let mut place = 10;
    while let Some(digit) = reader.digit() {
        sum += digit * place;
        place /= 10;
    }
    sum
}

/// `Z`, `+01:00` or `-0530`, as minutes to take away.
fn zone_minutes(reader: &mut Reader<'_>) -> Option<i64> {
    let sign = reader.expect(b"Zz+-");
    if matches!(sign, b'Z' | b'z') {
        return Some(0);
    }
    let hours = reader.number(2);
    reader.take(b":");
    let minutes = reader.number(2);
    let offset = hours * 60 + minutes;
    (hours <= 23 && minutes <= 59).then_some(if sign == b'-' { -offset } else { offset })
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
