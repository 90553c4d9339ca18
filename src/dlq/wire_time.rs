//! Points in time in the three spellings that QStash uses for one and the same field.
//!
//! `workflowCreatedAt` is an integer in the OpenAPI description, a string in the type of the official SDK and an
//! ISO 8601 date in its tests; `createdAt` is an integer in the DLQ and a string in callbacks.

use core::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::time::Timestamp;

/// A point in time read leniently: whatever is none, or the zero that Go writes for "not set", becomes `None`,
/// because no decision is worth losing an answer over a date.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WireTime(pub(crate) Option<Timestamp>);

impl<'de> Deserialize<'de> for WireTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WireTimeVisitor).map(Self)
    }
}

/// Epoch milliseconds in decimal, or an ISO 8601 date and time with zone (`2025-05-29T14:12:51.000Z`).
pub(crate) fn parse_wire_time(text: &str) -> Option<Timestamp> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().and_then(from_millis);
    }
    parse_iso(text)
}

struct WireTimeVisitor;

impl<'de> Visitor<'de> for WireTimeVisitor {
    type Value = Option<Timestamp>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("epoch milliseconds or an ISO 8601 date")
    }

    fn visit_u64<E>(self, millis: u64) -> Result<Self::Value, E> {
        Ok(from_millis(millis))
    }

    fn visit_i64<E>(self, millis: i64) -> Result<Self::Value, E> {
        Ok(u64::try_from(millis).ok().and_then(from_millis))
    }

    fn visit_f64<E>(self, millis: f64) -> Result<Self::Value, E> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, NaN gives 0")]
        Ok(from_millis(millis as u64))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(parse_wire_time(text))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

fn from_millis(millis: u64) -> Option<Timestamp> {
    (millis > 0).then(|| Timestamp::from_millis(millis))
}

fn parse_iso(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_at_checked(10)?;
    let (year, month, day) = (number(date, 0, 4)?, number(date, 5, 2)?, number(date, 8, 2)?);
    let clock = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, rest) = clock.split_at_checked(8)?;
    let (hour, minute, second) = (number(clock, 0, 2)?, number(clock, 3, 2)?, number(clock, 6, 2)?);
    let separators = [(date, 4, '-'), (date, 7, '-'), (clock, 2, ':'), (clock, 5, ':')];
    let separated =
        separators.iter().all(|(part, at, mark)| part.get(*at..).is_some_and(|part| part.starts_with(*mark)));
    // 60 is a leap second.
    if !separated
        || !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }

    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?),
        None => ("", rest),
    };
    let millis =
        fraction.bytes().chain(*b"000").take(3).fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    let seconds = days_since_epoch(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    u64::try_from((seconds - zone_seconds(zone)?) * 1000 + millis).ok().and_then(from_millis)
}

fn zone_seconds(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z") {
        return Some(0);
    }
    let sign = match zone.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let well_formed = zone.len() == 6 && zone.get(3..4) == Some(":");
    well_formed.then_some(())?;
    Some(sign * (number(zone, 1, 2)? * 3600 + number(zone, 4, 2)? * 60))
}

/// The days from 1970-01-01 to a date of the Gregorian calendar. Years are counted from March, so that the leap day
/// comes last and the months before it have lengths that one line can sum.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let months_since_march = (month + 9) % 12;
    let day_of_year = (153 * months_since_march + 2) / 5 + day - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 719 468 days lie between 0000-03-01 and 1970-01-01.
    year * 365 + leap_days + day_of_year - 719_468
}

/// `len` digits of `text` from `at` on.
fn number(text: &str, at: usize, len: usize) -> Option<i64> {
    let digits = text.get(at..at + len)?;
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;
    use std::time::UNIX_EPOCH;

    use proptest::prelude::*;

    use super::*;

    fn read(json: &str) -> Option<u64> {
        serde_json::from_str::<WireTime>(json).unwrap().0.map(Timestamp::as_millis)
    }

    #[test]
    fn all_spellings_of_one_moment_are_equal() {
        for json in [
            "1748527971000",
            "1748527971000.0",
            "\"1748527971000\"",
            "\"2025-05-29T14:12:51Z\"",
            "\"2025-05-29T14:12:51.000Z\"",
            "\"2025-05-29T14:12:51.000000999Z\"",
            "\"2025-05-29 16:12:51+02:00\"",
            "\"2025-05-29T09:42:51-04:30\"",
        ] {
            assert_eq!(read(json), Some(1_748_527_971_000), "{json}");
        }
        assert_eq!(read("\"2024-02-29T23:59:59.5Z\""), Some(1_709_251_199_500));
        assert_eq!(read("\"2000-03-01T00:00:00Z\""), Some(951_868_800_000));
    }

    #[test]
    fn whatever_is_no_time_is_absent_but_no_error() {
        for json in [
            "0",
            "-1",
            "-0.5",
            "null",
            "true",
            "[1, {\"a\": 2}]",
            "{\"a\": [1]}",
            "\"\"",
            "\"0\"",
            "\"soon\"",
            "\"2025-05-29\"",
            "\"2025-05-29T14:12:51\"",
            "\"2025-13-29T14:12:51Z\"",
            "\"2025-05-29T24:12:51Z\"",
            "\"2025-05-29T14:12:51+0200\"",
            "\"2025/05/29T14:12:51Z\"",
            "\"1960-01-01T00:00:00Z\"",
            "\"99999999999999999999999\"",
            "\"2025-05-29T14:12:51.Q\"",
            "\"+025-05-29T14:12:51Z\"",
        ] {
            assert_eq!(read(json), None, "{json}");
        }
    }

    proptest! {
        #[test]
        fn dates_agree_with_an_independent_calendar(secs in 1_u64..253_402_300_800) {
            // The HTTP date of the same second names the same day, month, year and time.
            let http = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(secs));
            let parts: Vec<&str> = http.split(' ').collect();
            let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
            let month = months.iter().position(|name| *name == parts[2]).unwrap() + 1;
            let iso = format!("{}-{month:02}-{}T{}Z", parts[3], parts[1], parts[4]);
            prop_assert_eq!(parse_wire_time(&iso), Some(Timestamp::from_secs(secs)));
        }

        #[test]
        fn reading_never_panics(text in "[0-9TZ:.+ -]{0,30}|\\PC{0,30}") {
            let _ = parse_wire_time(&text);
        }
    }
}
