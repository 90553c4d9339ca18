//! Statuses, numbers of attempts and ages as rules write them.

use super::value::Value;
use crate::{dlq::GoDuration, text, time::decimal};

type Read = Result<Value, &'static str>;

const EMPTY: &str = "nothing lies in that range";
const NO_RANGE: &str = "that is no such range";

/// One status or an inclusive range: `503`, `5xx`, `500-504`, or `unreachable` where no HTTP answer came; callbacks then
/// carry no status or zero.
pub(super) fn statuses(text: &str) -> Read {
    const ACCEPTED: &str =
        "a status must be a number from 100 to 599, \"5xx\", \"500-504\" or \"unreachable\"";
    if text == "unreachable" {
        return Ok(Value::Between(0, 0));
    }
    if let [hundreds @ b'1'..=b'5', b'x', b'x'] = text.as_bytes() {
        let first = u64::from(hundreds - b'0') * 100;
        return Ok(Value::Between(first, first + 99));
    }
    let status = |text: &str| decimal(text).filter(|status| (100..=599).contains(status));
    let (first, last) = text::cut(text, b'-').unwrap_or((text, text));
    between(status(first), status(last)).map_err(|_| ACCEPTED)
}

/// How many attempts a lineage may have behind it: `3`, `3-` for three or more, `0-2` with both ends.
pub(super) fn attempts(text: &str) -> Read {
    let (least, most) = text::cut(text, b'-').unwrap_or((text, text));
    between(decimal(least), if most.is_empty() { Some(u64::MAX) } else { decimal(most) })
}

/// How long ago a lineage's first failure may be: `>1h` for longer, `<10m` for less, `10m-1h` with both ends. In
/// milliseconds.
pub(super) fn ages(text: &str) -> Read {
    let span = |text: &str| GoDuration::parse(text).ok().map(GoDuration::as_millis);
    if let Some(least) = text.strip_prefix('>') {
        return between(span(least).map(|least| least + 1), Some(u64::MAX));
    }
    if let Some(most) = text.strip_prefix('<') {
        // Nothing is less than nothing.
        return match span(most) {
            Some(0) => Err(EMPTY),
            most => between(Some(0), most.map(|most| most - 1)),
        };
    }
    let (least, most) = text::cut(text, b'-').ok_or(NO_RANGE)?;
    between(span(least), span(most))
}

/// What lies between two ends, if both could be read.
fn between(least: Option<u64>, most: Option<u64>) -> Read {
    match (least, most) {
        (Some(least), Some(most)) if least <= most => Ok(Value::Between(least, most)),
        (Some(_), Some(_)) => Err(EMPTY),
        _ => Err(NO_RANGE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::value::Fact;

    fn check(read: fn(&str) -> Read, rows: &[(&str, &[u64], &[u64])]) {
        for (text, inside, outside) in rows {
            let range = read(text).unwrap();
            assert!(inside.iter().all(|number| range.takes(&Fact::Number(*number))), "{text}");
            assert!(!outside.iter().any(|number| range.takes(&Fact::Number(*number))), "{text}");
        }
    }

    #[test]
    fn every_notation_of_statuses_covers_what_it_says() {
        check(
            statuses,
            &[
                ("503", &[503], &[502, 504]),
                ("5xx", &[500, 599], &[499, 600]),
                ("500-504", &[500, 504], &[499, 505]),
                ("unreachable", &[0], &[1, 100]),
            ],
        );
        for text in ["", "0", "99", "600", "6xx", "0xx", "5XX", "5x", "504-500", "500-", "-1", "+500", "5e2"]
        {
            assert!(statuses(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn attempts_are_counted_in_every_notation() {
        check(
            attempts,
            &[
                ("0", &[0], &[1]),
                ("3", &[3], &[2, 4]),
                ("3-", &[3, 1000, u64::MAX], &[2]),
                ("0-2", &[0, 2], &[3]),
                ("2-2", &[2], &[1, 3]),
            ],
        );
        assert_eq!(attempts("2-1"), Err(EMPTY));
        for text in ["", "-", "-2", "+1", "1.5", "a", "1-2-3", " 1", "99999999999999999999", ">2"] {
            assert_eq!(attempts(text), Err(NO_RANGE), "{text:?}");
        }
    }

    #[test]
    fn ages_are_exact_to_the_millisecond() {
        check(
            ages,
            &[
                (">1h", &[3_600_001, u64::MAX], &[0, 3_600_000]),
                (">0s", &[1], &[0]),
                ("<1m30s", &[0, 89_999], &[90_000]),
                ("10m-2h", &[600_000, 7_200_000], &[599_999, 7_200_001]),
                ("0-1ms", &[0, 1], &[2]),
            ],
        );
        for text in ["<0s", "2h-1h"] {
            assert_eq!(ages(text), Err(EMPTY), "{text}");
        }
        for text in ["", "1h", ">", "<", ">=1h", "> 1h", "1h-", "-1h", ">5", "1h-2", "<-1s"] {
            assert_eq!(ages(text), Err(NO_RANGE), "{text:?}");
        }
    }
}
