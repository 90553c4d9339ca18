//! HTTP dates (RFC 9110, 5.6.7).

use super::{
    Timestamp,
    calendar::{Moment, number, numbers},
};

const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
/// Letters of a weekday that is not written in full.
const SHORT: usize = 3;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Reads a date in the form that is sent today, `Sun, 06 Nov 1994 08:49:37 GMT`, or in one of the two obsolete ones,
/// `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`. Dates before 1970 are none.
pub(crate) fn parse_http_date(text: &str) -> Option<Timestamp> {
    let (weekday, rest) = text.trim_ascii().split_once(' ')?;
    let (weekday, moment) = match weekday.strip_suffix(',') {
        Some(weekday) => (weekday, with_zone(rest, weekday.len() == SHORT)?),
        None if weekday.len() == SHORT => (weekday, without_zone(rest)?),
        None => return None,
    };
    let secs = u64::try_from(moment.epoch_secs()?).ok()?;
    // 1970-01-01 was a Thursday.
    let name = WEEKDAYS.get(usize::try_from((moment.epoch_days() + 4) % 7).ok()?)?;
    let same = *name == weekday || (weekday.len() == SHORT && name.starts_with(weekday));
    // HTTP knows no leap seconds.
    let [.., second] = moment.time;
    (same && second < 60).then(|| Timestamp::from_secs(secs))
}

/// `06 Nov 1994 08:49:37 GMT`, or `06-Nov-94 08:49:37 GMT` where the weekday is written in full.
fn with_zone(text: &str, short: bool) -> Option<Moment> {
    let (date, time) = text.strip_suffix(" GMT")?.rsplit_once(' ')?;
    let mut parts = date.split(if short { ' ' } else { '-' });
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let year = match (number(year, if short { 4 } else { 2 })?, short) {
        (year, true) => year,
        (year @ 70.., false) => 1900 + year,
        (year, false) => 2000 + year,
    };
    let moment = Moment { date: [year, named_month(month)?, number(day, 2)?], time: numbers(time, ':', 2)? };
    parts.next().is_none().then_some(moment)
}

/// `Nov  6 08:49:37 1994`.
fn without_zone(text: &str) -> Option<Moment> {
    let (month, rest) = text.split_once(' ')?;
    let (day, rest) = rest.split_at_checked(2)?;
    let (time, year) = rest.strip_prefix(' ')?.split_once(' ')?;
    let day = day.strip_prefix(' ').map_or_else(|| number(day, 2), |day| number(day, 1))?;
    Some(Moment { date: [number(year, 4)?, named_month(month)?, day], time: numbers(time, ':', 2)? })
}

fn named_month(name: &str) -> Option<i64> {
    let index = MONTHS.iter().position(|month| *month == name)?;
    i64::try_from(index + 1).ok()
}

#[cfg(test)]
mod tests {
    use core::time::Duration;
    use std::time::UNIX_EPOCH;

    use proptest::prelude::*;

    use super::*;

    /// The same text as another library reads it.
    fn theirs(text: &str) -> Option<Timestamp> {
        let since = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(Timestamp::from_secs(since.as_secs()))
    }

    /// A second in all three forms.
    fn written(secs: u64) -> [String; 3] {
        let today = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(secs));
        let parts: Vec<&str> = today.split([' ', ',']).collect();
        let [weekday, _, day, month, year, time, _] = parts[..] else { panic!("{today}") };
        let full = WEEKDAYS.iter().find(|name| name.starts_with(weekday)).unwrap();
        let unpadded = day.trim_start_matches('0');
        [
            format!("{full}, {day}-{month}-{} {time} GMT", &year[2..]),
            format!("{weekday} {month} {unpadded:>2} {time} {year}"),
            today.clone(),
        ]
    }

    #[test]
    fn every_day_of_a_century_is_read() {
        for day in 0..36_600_u64 {
            let [two_digits, rest @ ..] = written(day * 86_400 + 86_399);
            for text in rest {
                assert_eq!(
                    parse_http_date(&text),
                    Some(Timestamp::from_secs(day * 86_400 + 86_399)),
                    "{text}"
                );
            }
            assert_eq!(parse_http_date(&two_digits), theirs(&two_digits), "{two_digits}");
        }
    }

    proptest! {
        #[test]
        fn any_second_is_read_in_all_forms(secs in 0_u64..253_402_300_800) {
            for text in written(secs) {
                prop_assert_eq!(parse_http_date(&text), theirs(&text), "{}", text);
            }
        }

        #[test]
        fn what_is_no_date_for_another_library_is_none_here(
            secs in 0_u64..253_402_300_800, form in 0_usize..3, at in 0_usize..40, by in "[0-9A-Za-z ,:-]{0,2}|é"
        ) {
            let text = &written(secs)[form];
            let (before, after) = text.split_at(at.min(text.len()));
            let changed = [before, &by, after.get(1..).unwrap_or_default()].concat();
            prop_assert_eq!(parse_http_date(&changed), theirs(&changed), "{}", changed);
        }
    }
}
