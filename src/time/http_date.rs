//! HTTP dates (RFC 9110, 5.6.7).

use super::{Timestamp, calendar::Moment, reader::Reader};

const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
/// Letters of a weekday that is not written in full, and of a month.
const SHORT: usize = 3;
const MONTHS: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";

/// Reads a date in the form that is sent today, `Sun, 06 Nov 1994 08:49:37 GMT`, or in one of the two obsolete ones,
/// `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`. Dates before 1970 are none.
pub(crate) fn parse_http_date(text: &str) -> Option<Timestamp> {
    let mut reader = Reader::new(text.trim_ascii());
    let weekday = reader.letters();
    let is_short = weekday.len() == SHORT;
    let moment = if reader.take(b",").is_some() {
        with_zone(&mut reader, is_short)
    } else if is_short {
        without_zone(&mut reader)
    } else {
        return None;
    };
    let secs = u64::try_from(moment.epoch_secs().filter(|_| reader.is_sound())?).ok()?;
    // 1970-01-01 was a Thursday.
    let name = WEEKDAYS.get(usize::try_from((moment.epoch_days() + 4) % 7).ok()?)?.as_bytes();
    let same = name.starts_with(weekday) && (is_short || name.len() == weekday.len());
    // HTTP knows no leap seconds.
    let [.., second] = moment.time;
    (same && second < 60).then(|| Timestamp::from_secs(secs))
}

/// ` 06 Nov 1994 08:49:37 GMT`, or ` 06-Nov-94 08:49:37 GMT` where the weekday is written in full.
fn with_zone(reader: &mut Reader<'_>, is_short: bool) -> Moment {
    let separator = if is_short { b" " } else { b"-" };
    reader.expect(b" ");
    let day = reader.number(2);
    reader.expect(separator);
    let month = month(reader);
    reader.expect(separator);
    let year = match reader.number(if is_short { 4 } else { 2 }) {
        year if is_short => year,
        year @ 70.. => 1900 + year,
        year => 2000 + year,
    };
    reader.expect(b" ");
    let time = reader.numbers(2, b":");
    for byte in b" GMT" {
        reader.expect(&[*byte]);
    }
    Moment { date: [year, month, day], time }
}

/// ` Nov  6 08:49:37 1994`.
fn without_zone(reader: &mut Reader<'_>) -> Moment {
    reader.expect(b" ");
    let month = month(reader);
    reader.expect(b" ");
    let digits = if reader.take(b" ").is_some() { 1 } else { 2 };
    let day = reader.number(digits);
    reader.expect(b" ");
    let time = reader.numbers(2, b":");
    reader.expect(b" ");
    Moment { date: [reader.number(4), month, day], time }
}

/// The number of a month; zero, which is none, for another word.
fn month(reader: &mut Reader<'_>) -> i64 {
    let name = reader.letters();
    let month = MONTHS.chunks_exact(SHORT).zip(1..).find(|(month, _)| *month == name);
    month.map_or(0, |(_, number)| number)
}

#[cfg(test)]
mod tests {
    use core::time::Duration;
    use std::time::UNIX_EPOCH;

    use proptest::prelude::*;

    use super::*;

    /// The same text as another library reads it. Before the time of the form with a two-digit year, that library takes
    /// any byte for the blank.
    fn theirs(text: &str) -> Option<Timestamp> {
        let moment = text.trim_ascii().strip_suffix(" GMT");
        if moment.is_some_and(|moment| moment.bytes().rev().nth("00:00:00".len()) != Some(b' ')) {
            return None;
        }
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
