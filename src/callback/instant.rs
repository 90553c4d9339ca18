//! Points in time in the forms that QStash and its SDKs write.

use crate::time::Timestamp;

/// Milliseconds since the Unix epoch, or an ISO 8601 date with time and zone (`2026-01-31T10:20:30.5Z`).
///
/// Callbacks carry strings of digits by the documentation and numbers in practice; the SDK's tests use dates. Zero is
/// how Go writes a time that is not set.
pub(super) fn parse_instant(text: &str) -> Option<Timestamp> {
    let instant = match decimal(text) {
        Some(millis) => Timestamp::from_millis(millis),
        None => parse_date(text)?,
    };
    (instant.as_millis() > 0).then_some(instant)
}

/// A number of nothing but digits.
pub(super) fn decimal(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn parse_date(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let [year, month, day] = numbers(date, '-', 4)?;
    let zone_at = time.find(['Z', 'z', '+', '-'])?;
    let (time, zone) = time.split_at_checked(zone_at)?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = numbers(time, ':', 2)?;

    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month_days = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let sound = (1..=12).contains(&month)
        && (1..=month_days).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !sound || decimal(fraction).is_none() {
        return None;
    }

    let seconds = ((days(year, month, day) * 24 + hour) * 60 + minute - offset_minutes(zone)?) * 60 + second;
    let millis =
        fraction.bytes().chain([b'0'; 3]).take(3).fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    Some(Timestamp::from_millis(u64::try_from(seconds).ok()?.checked_mul(1000)? + millis))
}

/// A number of `first` digits and two numbers of two digits.
fn numbers(text: &str, separator: char, first: usize) -> Option<[i64; 3]> {
    let mut parts = text.split(separator);
    let mut next = |len| i64::try_from(decimal(parts.next().filter(|part| part.len() == len)?)?).ok();
    let numbers = [next(first)?, next(2)?, next(2)?];
    parts.next().is_none().then_some(numbers)
}

/// `Z`, `+01:00` or `-0530`, as minutes to take away.
fn offset_minutes(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, digits) = zone.split_at_checked(1)?;
    let (hours, minutes) = digits.split_at_checked(2)?;
    let minutes = minutes.strip_prefix(':').unwrap_or(minutes);
    if minutes.len() != 2 {
        return None;
    }
    let (hours, minutes) = (i64::try_from(decimal(hours)?).ok()?, i64::try_from(decimal(minutes)?).ok()?);
    let offset = hours * 60 + minutes;
    (hours < 24 && minutes < 60).then_some(if sign == "-" { -offset } else { offset })
}

/// Days from 1970-01-01 in the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Counting years from March puts the leap day at the end, where it disturbs no month.
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (month * 153 + 2) / 5 + day - 719_469
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::{days, parse_instant};
    use crate::time::Timestamp;

    #[test]
    fn every_form_is_read() {
        for (text, millis) in [
            ("1", 1),
            ("1701198458025", 1_701_198_458_025),
            ("1970-01-01T00:00:01Z", 1000),
            ("2000-02-29T12:30:45Z", 951_827_445_000),
            ("2023-11-28T19:07:38.025Z", 1_701_198_458_025),
            ("2023-11-28T19:07:38.0259999z", 1_701_198_458_025),
            ("2023-11-28T20:37:38.025+01:30", 1_701_198_458_025),
            ("2023-11-28T14:07:38.025-0500", 1_701_198_458_025),
            ("2023-11-28 19:07:38Z", 1_701_198_458_000),
        ] {
            assert_eq!(parse_instant(text), Some(Timestamp::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_none() {
        for text in [
            "",
            "0",
            "0001-01-01T00:00:00Z",
            "soon",
            "-1",
            "+1",
            "1.5",
            "1e3",
            "99999999999999999999",
            "2023-11-28",
            "2023-11-28T19:07:38",
            "2023-11-28T19:07Z",
            "2023-13-01T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2023-00-10T00:00:00Z",
            "2023-01-01T24:00:00Z",
            "2023-01-01T00:60:00Z",
            "2023-01-01T00:00:00.Z",
            "2023-01-01T00:00:00.5x1Z",
            "2023-01-01T00:00:00+1",
            "2023-01-01T00:00:00+25:00",
            "2023-01-01T00:00:00+0é",
            "1969-12-31T23:59:59Z",
            "2023-1-1T00:00:00Z",
            "23-01-01T00:00:00Z",
            "2023-0001-01T00:00:00Z",
            "2023-01-01-01T00:00:00Z",
            "20é3-01-01T00:00:00Z",
        ] {
            assert_eq!(parse_instant(text), None, "{text}");
        }
    }

    #[test]
    fn days_agree_with_an_independent_calendar_for_four_centuries() {
        for day in 0..150_000_u64 {
            let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(day * 86_400));
            let mut words = date.split(' ').skip(1);
            let number: i64 = words.next().unwrap().parse().unwrap();
            let month = words.next().unwrap();
            let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
            let month = names.iter().position(|name| *name == month).unwrap();
            let year: i64 = words.next().unwrap().parse().unwrap();
            assert_eq!(
                days(year, i64::try_from(month).unwrap() + 1, number),
                i64::try_from(day).unwrap(),
                "{date}"
            );
        }
    }
}
