//! What the service says about its limits.

use core::time::Duration;

use super::pairs::Pairs;
use super::response::RESPONSE_HEADERS;
use crate::time::{Timestamp, decimal, parse_http_date};

/// The longest header value that is looked at.
const MAX_VALUE_BYTES: usize = 64;

/// Which limit was hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RateLimitKind {
    /// Requests per second (`Burst-RateLimit-*`).
    Burst,
    /// Requests per day (`RateLimit-*`).
    Daily,
    /// The answer does not say.
    Unknown,
}

/// A limit that the account has hit (source: QStash documentation, "API Rate Limit & Response").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// Which limit it is.
    pub kind: RateLimitKind,
    /// Requests allowed per second or day.
    pub limit: Option<u64>,
    /// Requests left.
    pub remaining: Option<u64>,
    /// When the count starts anew.
    pub reset: Option<Reset>,
    /// `Retry-After`, which a proxy may have set.
    pub wait: Option<Reset>,
}

impl RateLimit {
    /// How long to wait from `now` on: `Retry-After` if there is one, else until the count starts anew. Zero where
    /// that moment has passed; `None` where the answer does not say.
    #[must_use]
    pub fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        self.wait.or(self.reset).map(|reset| reset.delay(now))
    }
}

/// A moment that a header names directly or by its distance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reset {
    /// At this moment.
    At(Timestamp),
    /// This long after the answer.
    After(Duration),
}

impl Reset {
    /// The time from `now` until then; zero where it has passed.
    #[must_use]
    pub fn delay(self, now: Timestamp) -> Duration {
        match self {
            Self::At(moment) => moment.since(now),
            Self::After(span) => span,
        }
    }

    /// Reads whole seconds, a Unix time in seconds or milliseconds, or an HTTP date.
    ///
    /// Rate limit resets are documented as Unix times and `Retry-After` as seconds; telling them by size (below a
    /// billion is a distance) survives the service or a proxy mixing them up.
    fn parse(value: &str) -> Option<Self> {
        if value.len() > MAX_VALUE_BYTES {
            return None;
        }
        let value = value.trim_ascii();
        match decimal(value) {
            Some(number @ 0..1_000_000_000) => Some(Self::After(Duration::from_secs(number))),
            Some(secs @ 1_000_000_000..100_000_000_000) => Some(Self::At(Timestamp::from_secs(secs))),
            Some(millis) => Some(Self::At(Timestamp::from_millis(millis))),
            None => parse_http_date(value).map(Self::At),
        }
    }
}

/// The places of headers among [`RESPONSE_HEADERS`]: of each limit the requests allowed, those left, and the reset.
const RETRY_AFTER: usize = 0;
const BURST: [usize; 3] = [1, 2, 3];
const DAILY: [usize; 3] = [4, 5, 6];

/// What the headers of an answer with status 429 say. Which of the two limits it is about, none of them does.
pub(super) fn limit_hit(headers: &Pairs) -> RateLimit {
    // Both families may be present. The exhausted one is meant, the daily one before the other as it lasts longer.
    let (kind, [limit, remaining, reset]) =
        if number(headers, DAILY[1]) != Some(0) && is_stated(headers, BURST) {
            (RateLimitKind::Burst, BURST)
        } else if is_stated(headers, DAILY) {
            (RateLimitKind::Daily, DAILY)
        } else {
            (RateLimitKind::Unknown, DAILY)
        };
    RateLimit {
        kind,
        limit: number(headers, limit),
        remaining: number(headers, remaining),
        reset: moment(headers, reset),
        wait: moment(headers, RETRY_AFTER),
    }
}

fn is_stated(headers: &Pairs, [limit, remaining, reset]: [usize; 3]) -> bool {
    number(headers, limit).is_some()
        || number(headers, remaining).is_some()
        || moment(headers, reset).is_some()
}

fn number(headers: &Pairs, place: usize) -> Option<u64> {
    decimal(headers.get(RESPONSE_HEADERS.get(place)?)?.trim_ascii())
}

fn moment(headers: &Pairs, place: usize) -> Option<Reset> {
    Reset::parse(headers.get(RESPONSE_HEADERS.get(place)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_748_527_971);

    #[test]
    fn moments_and_distances_are_told_apart() {
        for (value, seconds) in [
            ("0", 0),
            ("120", 120),
            (" 7 ", 7),
            ("1748528000", 29),
            ("1748528000000", 29),
            ("1748527000", 0),
            ("Thu, 29 May 2025 14:12:56 GMT", 5),
        ] {
            assert_eq!(Reset::parse(value).map(|reset| reset.delay(NOW).as_secs()), Some(seconds), "{value}");
        }
        for value in ["", "soon", "-5", "1.5", "99999999999999999999", &" ".repeat(65)] {
            assert_eq!(Reset::parse(value), None, "{value:?}");
        }
    }

    fn hit(headers: &[(&'static str, &str)]) -> RateLimit {
        let mut pairs = Pairs::NONE;
        for (name, value) in headers {
            pairs.add(name, (*value).to_owned());
        }
        limit_hit(&pairs)
    }

    #[test]
    fn the_exhausted_limit_is_the_one_that_was_hit() {
        for (burst, daily, kind) in [
            (Some("0"), Some("5"), RateLimitKind::Burst),
            (Some("5"), Some("0"), RateLimitKind::Daily),
            (Some("0"), Some("0"), RateLimitKind::Daily),
            (Some("5"), Some("5"), RateLimitKind::Burst),
            (None, Some("5"), RateLimitKind::Daily),
            (Some("0"), None, RateLimitKind::Burst),
            (None, None, RateLimitKind::Unknown),
        ] {
            let burst = burst.map(|left| ("burst-ratelimit-remaining", left));
            let daily = daily.map(|left| ("ratelimit-remaining", left));
            let headers: Vec<_> = burst.into_iter().chain(daily).collect();
            assert_eq!(hit(&headers).kind, kind, "{headers:?}");
        }
    }

    #[test]
    fn each_number_comes_from_the_header_of_its_name() {
        let headers = RESPONSE_HEADERS.iter().zip(["9", "100", "0", "3", "1000", "7", "60"]);
        let headers: Vec<_> = headers.map(|(name, value)| (*name, value)).collect();
        let seen = |limit: RateLimit| (limit.kind, limit.limit, limit.remaining, limit.reset, limit.wait);
        let after = |secs| Some(Reset::After(Duration::from_secs(secs)));
        let burst = (RateLimitKind::Burst, Some(100), Some(0), after(3), after(9));
        assert_eq!(seen(hit(&headers)), burst);
        let daily: Vec<_> = headers.into_iter().filter(|(name, _)| !name.starts_with("burst")).collect();
        assert_eq!(seen(hit(&daily)), (RateLimitKind::Daily, Some(1000), Some(7), after(60), after(9)));
    }

    #[test]
    fn retry_after_wins_over_the_reset_and_is_absent_without_both() {
        let reset = ("burst-ratelimit-reset", "1748527980");
        assert_eq!(hit(&[reset]).retry_after(NOW), Some(Duration::from_secs(9)));
        let both = hit(&[reset, ("retry-after", "3")]);
        assert_eq!(both.retry_after(NOW), Some(Duration::from_secs(3)));
        assert_eq!(hit(&[]).retry_after(NOW), None);
    }
}
