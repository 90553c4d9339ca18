//! When a failed delivery is tried again.
//! Sources: QStash documentation "Retry" (back-off, expressions, response headers) and "Prevent Retries" (489).

use std::time::UNIX_EPOCH;

use super::durations::{self, RetryDelay};
use super::headers::Headers;
use super::time::Timestamp;

/// Retries of a message that says nothing about them.
pub(crate) const DEFAULT_RETRIES: u32 = 3;
const DAY_MS: u64 = 86_400_000;
const NON_RETRYABLE_STATUS: u16 = 489;
/// Headers by which an endpoint asks for a certain wait, in order of precedence.
const WAIT_HEADERS: [&str; 4] =
    ["Retry-After", "X-RateLimit-Reset", "X-RateLimit-Reset-Requests", "X-RateLimit-Reset-Tokens"];

/// Whether an answer forbids retries.
pub(crate) fn is_final(status: u16, headers: &Headers) -> bool {
    status == NON_RETRYABLE_STATUS && headers.is_true("Upstash-NonRetryable-Error")
}

/// Unscaled milliseconds until the retry that follows `retried` earlier ones.
pub(crate) fn delay_ms(
    retried: u32,
    expression: Option<&RetryDelay>,
    answer: Option<&Headers>,
    now: Timestamp,
) -> u64 {
    let asked = answer.and_then(|headers| {
        WAIT_HEADERS.iter().find_map(|name| headers.value(name).and_then(|text| wait_ms(text, now)))
    });
    // Above one day the endpoint's wish is ignored.
    asked.filter(|ms| *ms <= DAY_MS).unwrap_or_else(|| {
        expression.map_or_else(|| default_delay_ms(retried), |expression| evaluate(expression, retried))
    })
}

/// `min(86400, e^(2.5 n))` seconds before the n-th retry.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 86400 seconds")]
fn default_delay_ms(retried: u32) -> u64 {
    let secs = (2.5 * (f64::from(retried) + 1.0)).exp().min(86_400.0);
    (secs * 1000.0) as u64
}

fn evaluate(expression: &RetryDelay, retried: u32) -> u64 {
    u64::try_from(expression.evaluate(retried).as_millis()).unwrap_or(u64::MAX)
}

/// Seconds, an HTTP date, or a Go duration.
fn wait_ms(text: &str, now: Timestamp) -> Option<u64> {
    let text = text.trim();
    if let Ok(secs) = text.parse::<u64>() {
        return secs.checked_mul(1000);
    }
    if let Ok(date) = httpdate::parse_http_date(text) {
        let at = date.duration_since(UNIX_EPOCH).ok()?;
        return u64::try_from(at.as_millis()).ok().map(|at| Timestamp::from_millis(at).since(now));
    }
    durations::parse(text).ok()
}

#[cfg(test)]
mod tests {
    use super::{Headers, RetryDelay, Timestamp, delay_ms, is_final};

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn after(name: &str, value: &str) -> u64 {
        let headers: Headers = [(name, value)].into_iter().collect();
        delay_ms(0, None, Some(&headers), NOW)
    }

    #[test]
    fn the_default_back_off_grows_to_a_day() {
        let secs: Vec<u64> = (0..5).map(|retried| delay_ms(retried, None, None, NOW) / 1000).collect();
        assert_eq!(secs, [12, 148, 1808, 22_026, 86_400]);
    }

    #[test]
    fn an_expression_counts_earlier_retries_from_zero() {
        let expression = RetryDelay::parse("1000 * (1 + retried)").unwrap();
        assert_eq!(delay_ms(0, Some(&expression), None, NOW), 1000);
        assert_eq!(delay_ms(2, Some(&expression), None, NOW), 3000);
    }

    #[test]
    fn an_endpoint_may_ask_in_seconds_dates_and_go_durations() {
        assert_eq!(after("retry-after", "7"), 7_000);
        assert_eq!(after("Retry-After", "0"), 0);
        assert_eq!(after("Retry-After", "Tue, 14 Nov 2023 22:14:20 GMT"), 60_000);
        assert_eq!(after("x-ratelimit-reset-tokens", "6m5s"), 365_000);
    }

    #[test]
    fn wishes_above_a_day_or_unreadable_ones_fall_back_to_the_back_off() {
        assert_eq!(after("Retry-After", "86401") / 1000, 12);
        assert_eq!(after("Retry-After", "soon") / 1000, 12);
    }

    #[test]
    fn only_489_with_its_header_is_final() {
        let marked: Headers = [("upstash-nonretryable-error", "true")].into_iter().collect();
        assert!(is_final(489, &marked));
        assert!(!is_final(489, &Headers::new()));
        assert!(!is_final(500, &marked));
    }
}
