//! What the service says about its limits.

use core::time::Duration;

use crate::time::Timestamp;

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
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// The service's own text.
    pub message: String,
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
    pub(super) fn parse(value: &str) -> Option<Self> {
        if value.len() > MAX_VALUE_BYTES {
            return None;
        }
        match count(value) {
            Some(number @ 0..1_000_000_000) => Some(Self::After(Duration::from_secs(number))),
            Some(secs @ 1_000_000_000..100_000_000_000) => Some(Self::At(Timestamp::from_secs(secs))),
            Some(millis) => Some(Self::At(Timestamp::from_millis(millis))),
            None => {
                let date = httpdate::parse_http_date(value.trim_matches(' ')).ok()?;
                let since_epoch = date.duration_since(std::time::UNIX_EPOCH).ok()?;
                Some(Self::At(Timestamp::from_secs(since_epoch.as_secs())))
            }
        }
    }
}

/// One family of rate limit headers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counter {
    pub(super) limit: Option<u64>,
    pub(super) remaining: Option<u64>,
    pub(super) reset: Option<Reset>,
}

impl Counter {
    fn is_stated(&self) -> bool {
        self.limit.is_some() || self.remaining.is_some() || self.reset.is_some()
    }
}

/// Which of the two stated limits an answer with status 429 is about.
pub(super) fn limit_hit(burst: Counter, daily: Counter, wait: Option<Reset>, message: String) -> RateLimit {
    // Both families may be present. The exhausted one is meant, the daily one before the other as it lasts longer.
    let (kind, counter) = if daily.remaining == Some(0) {
        (RateLimitKind::Daily, daily)
    } else if burst.is_stated() {
        (RateLimitKind::Burst, burst)
    } else if daily.is_stated() {
        (RateLimitKind::Daily, daily)
    } else {
        (RateLimitKind::Unknown, Counter::default())
    };
    RateLimit {
        kind,
        limit: counter.limit,
        remaining: counter.remaining,
        reset: counter.reset,
        wait,
        message,
    }
}

/// A whole number without sign.
pub(super) fn count(value: &str) -> Option<u64> {
    let value = value.trim_matches(' ');
    if value.bytes().all(|byte| byte.is_ascii_digit()) { value.parse().ok() } else { None }
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

    #[test]
    fn the_exhausted_limit_is_the_one_that_was_hit() {
        let counter = |remaining| Counter { limit: Some(100), remaining: Some(remaining), reset: None };
        let none = Counter::default();
        for (burst, daily, kind) in [
            (counter(0), counter(5), RateLimitKind::Burst),
            (counter(5), counter(0), RateLimitKind::Daily),
            (counter(0), counter(0), RateLimitKind::Daily),
            (counter(5), counter(5), RateLimitKind::Burst),
            (none, counter(5), RateLimitKind::Daily),
            (counter(0), none, RateLimitKind::Burst),
            (none, none, RateLimitKind::Unknown),
        ] {
            assert_eq!(limit_hit(burst, daily, None, String::new()).kind, kind, "{burst:?} {daily:?}");
        }
    }

    #[test]
    fn retry_after_wins_over_the_reset_and_is_absent_without_both() {
        let reset = Some(Reset::At(NOW.after(Duration::from_secs(9))));
        let burst = Counter { reset, ..Counter::default() };
        let wait = |wait| limit_hit(burst, Counter::default(), wait, String::new()).retry_after(NOW);
        assert_eq!(wait(None), Some(Duration::from_secs(9)));
        assert_eq!(wait(Some(Reset::After(Duration::from_secs(3)))), Some(Duration::from_secs(3)));
        assert_eq!(
            limit_hit(Counter::default(), Counter::default(), None, String::new()).retry_after(NOW),
            None
        );
    }
}
