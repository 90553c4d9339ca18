//! Flow control: how many deliveries of a key may be under way (parallelism) and begin per period (rate).
//! Source: QStash documentation "Flow Control".

use std::collections::{BTreeMap, VecDeque};

use super::api::ApiError;
use super::durations;
use super::time::Timestamp;

const DEFAULT_PERIOD_MS: u64 = 1_000;
/// The longest period that the documentation allows: one week.
const MAX_PERIOD_MS: u64 = 7 * 86_400_000;

/// A key with its limits, as published with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FlowControl {
    pub(crate) key: String,
    pub(crate) limits: Limits,
}

/// `parallelism=<n>, rate=<n>, period=<duration>`; an absent limit does not limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) parallelism: Option<u32>,
    pub(crate) rate: Option<u32>,
    pub(crate) period_ms: u64,
}

impl Limits {
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let invalid = |problem: String| ApiError::header("Upstash-Flow-Control-Value", problem);
        let mut limits = Self { period_ms: DEFAULT_PERIOD_MS, ..Self::default() };
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').map_or((part, ""), |(n, v)| (n.trim(), v.trim()));
            let number = || {
                value
                    .parse::<u32>()
                    .ok()
                    .filter(|number| *number > 0)
                    .ok_or_else(|| invalid(format!("{name} must be a positive integer")))
            };
            match name {
                "parallelism" => limits.parallelism = Some(number()?),
                "rate" | "ratePerSecond" => limits.rate = Some(number()?),
                // A bare number counts as seconds.
                "period" => {
                    let seconds = value.parse::<u64>().ok().and_then(|secs| secs.checked_mul(1000));
                    limits.period_ms = match seconds {
                        Some(millis) => millis,
                        None => durations::parse(value).map_err(invalid)?,
                    };
                    if limits.period_ms == 0 || limits.period_ms > MAX_PERIOD_MS {
                        return Err(invalid("period must be between 1s and 7d".to_owned()));
                    }
                }
                _ => return Err(invalid("expected parallelism=<n>, rate=<n>, period=<duration>".to_owned())),
            }
        }
        if limits.parallelism.is_none() && limits.rate.is_none() {
            return Err(invalid("at least one of parallelism and rate is required".to_owned()));
        }
        Ok(limits)
    }

    /// The form in which a delivery reports its limits: joined by commas, the period in seconds.
    pub(crate) fn to_header(self) -> String {
        let parallelism = self.parallelism.map(|n| format!("parallelism={n}"));
        let rate = self.rate.map(|n| format!("rate={n}"));
        let period = Some(format!("period={}", self.period_ms / 1000));
        [parallelism, rate, period].into_iter().flatten().collect::<Vec<_>>().join(",")
    }
}

/// Keys, labels: letters, digits, `-`, `_` and `.`.
pub(crate) fn is_resource_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// The live state of one key.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyState {
    pub(crate) published: Limits,
    pub(crate) pinned_parallelism: Option<u32>,
    pub(crate) pinned_rate: Option<(u32, u64)>,
    pub(crate) paused: bool,
    pub(crate) in_flight: u32,
    starts: VecDeque<Timestamp>,
}

impl KeyState {
    pub(crate) fn parallelism(&self) -> Option<u32> {
        self.pinned_parallelism.or(self.published.parallelism)
    }

    /// The rate and its period.
    pub(crate) fn rate(&self) -> (Option<u32>, u64) {
        self.pinned_rate
            .map_or((self.published.rate, self.published.period_ms), |(rate, period)| (Some(rate), period))
    }

    /// Starts within the present period, and when the oldest of them was.
    pub(crate) fn recent(&self, now: Timestamp, period_ms: u64) -> (usize, Option<Timestamp>) {
        let mut recent = self.starts.iter().filter(|start| now.since(**start) < period_ms);
        let first = recent.next().copied();
        (usize::from(first.is_some()) + recent.count(), first)
    }

    pub(crate) fn reset_rate(&mut self) {
        self.starts.clear();
    }
}

/// Why a delivery of a key may not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blocked {
    /// Until another one ends or somebody lifts the pause.
    UntilEvent,
    /// Until this moment.
    Until(Timestamp),
}

/// Every key that was ever published.
#[derive(Debug, Default)]
pub(crate) struct FlowControls {
    pub(crate) keys: BTreeMap<String, KeyState>,
}

impl FlowControls {
    /// A published message brings its limits: the latest ones hold for the key.
    pub(crate) fn publish(&mut self, flow: &FlowControl) {
        self.keys.entry(flow.key.clone()).or_default().published = flow.limits;
    }

    /// Asks for a delivery to begin now. `scale` maps a period to engine time.
    pub(crate) fn admit(
        &mut self,
        key: &str,
        now: Timestamp,
        scale: impl Fn(u64) -> u64,
    ) -> Result<(), Blocked> {
        let state = self.keys.entry(key.to_owned()).or_default();
        let busy = state.parallelism().is_some_and(|limit| state.in_flight >= limit);
        if state.paused || busy {
            return Err(Blocked::UntilEvent);
        }
        if let (Some(rate), period_ms) = state.rate() {
            let period_ms = scale(period_ms);
            while state.starts.front().is_some_and(|start| now.since(*start) >= period_ms) {
                state.starts.pop_front();
            }
            if state.starts.len() >= usize::try_from(rate).unwrap_or(usize::MAX) {
                let oldest = state.starts.front().copied().unwrap_or(now);
                return Err(Blocked::Until(oldest.plus(period_ms)));
            }
            state.starts.push_back(now);
        }
        state.in_flight += 1;
        Ok(())
    }

    pub(crate) fn release(&mut self, key: &str) {
        if let Some(state) = self.keys.get_mut(key) {
            state.in_flight = state.in_flight.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Blocked, FlowControl, FlowControls, Limits, Timestamp};

    fn controls(value: &str) -> FlowControls {
        let mut controls = FlowControls::default();
        controls.publish(&FlowControl { key: "k".to_owned(), limits: Limits::parse(value).unwrap() });
        controls
    }

    #[test]
    fn parallelism_blocks_until_a_delivery_ends() {
        let mut controls = controls("parallelism=1");
        let now = Timestamp::from_millis(5);

        assert_eq!(controls.admit("k", now, |ms| ms), Ok(()));
        assert_eq!(controls.admit("k", now, |ms| ms), Err(Blocked::UntilEvent));
        controls.release("k");
        assert_eq!(controls.admit("k", now, |ms| ms), Ok(()));
    }

    #[test]
    fn rate_blocks_until_the_oldest_start_leaves_the_period() {
        let mut controls = controls("rate=2, period=1m");
        let start = Timestamp::from_millis(1_000);

        assert_eq!(controls.admit("k", start, |ms| ms), Ok(()));
        assert_eq!(controls.admit("k", start.plus(10_000), |ms| ms), Ok(()));
        assert_eq!(controls.admit("k", start.plus(20_000), |ms| ms), Err(Blocked::Until(start.plus(60_000))));
        assert_eq!(controls.admit("k", start.plus(60_000), |ms| ms), Ok(()));
    }

    #[test]
    fn values_are_reported_joined_by_commas_with_the_period_in_seconds() {
        assert_eq!(Limits::parse("rate=10, period=1m").unwrap().to_header(), "rate=10,period=60");
        assert_eq!(Limits::parse("parallelism=3").unwrap().to_header(), "parallelism=3,period=1");
    }

    #[test]
    fn unusable_values_are_refused_with_the_header_named() {
        for value in ["", "period=1m", "rate=0", "rate=x", "speed=3", "rate=1, period=8d"] {
            let error = Limits::parse(value).unwrap_err();
            assert!(error.message.starts_with("invalid Upstash-Flow-Control-Value header"), "{value}");
        }
    }
}
