//! Points in time: milliseconds since the Unix epoch, and the spellings of them on the wire.
//!
//! What may live here: the type and its readers. What may not: a clock.

mod calendar;
mod http_date;
mod reader;
mod wire;

use core::time::Duration;

pub(crate) use http_date::parse_http_date;
pub(crate) use wire::{decimal, parse_wire_time};

/// Milliseconds since the Unix epoch.
///
/// The core never reads a clock: every function that needs the present takes it as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The point `millis` milliseconds after the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// The point `secs` seconds after the Unix epoch, the unit of JWT claims; saturates.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(if secs <= u64::MAX / 1000 { secs * 1000 } else { u64::MAX })
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The time from `earlier` until `self`; zero where a clock stepped back.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// The point `span` later; saturates at the end of time.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }
}

/// The whole milliseconds of a span, which need far less code to calculate with.
///
/// Here and elsewhere a product is kept from getting too large by hand: a checked or saturating one takes 128 bits, for
/// which WebAssembly has no instructions.
// In WebAssembly one copy is enough.
#[inline(never)]
pub(crate) fn millis(span: Duration) -> u64 {
    // Longer than 500 million years is as good as forever.
    span.as_secs().min(u64::MAX / 1024) * 1000 + u64::from(span.subsec_millis())
}

/// The same rounded up, so that no wait is cut short.
pub(crate) fn millis_rounded_up(span: Duration) -> u64 {
    millis(span.saturating_add(Duration::from_nanos(999_999)))
}

/// A pause that doubles with each of so many `times`, up to the longest.
pub(crate) fn doubled(first: Duration, times: u64, longest: Duration) -> Duration {
    let (first, times) = (millis(first), times.min(63));
    let fits = times <= first.leading_zeros().into();
    longest.min(if fits { Duration::from_millis(first << times) } else { Duration::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_doubles_up_to_the_longest() {
        let pauses = |first, longest: Duration| {
            [0, 1, 5, 6, 63, 64, u64::MAX]
                .map(|times| doubled(Duration::from_secs(first), times, longest).as_secs())
        };
        assert_eq!(pauses(1, Duration::from_mins(1)), [1, 2, 32, 60, 60, 60, 60]);
        assert_eq!(pauses(90, Duration::from_mins(1)), [60; 7]);
        assert_eq!(pauses(0, Duration::MAX), [0; 7]);
        assert_eq!(doubled(Duration::from_millis(3), 63, Duration::MAX), Duration::MAX);
        assert_eq!(doubled(Duration::MAX, 1, Duration::MAX), Duration::MAX);
    }

    #[test]
    fn seconds_saturate_as_milliseconds() {
        let most = u64::MAX / 1000;
        assert_eq!(Timestamp::from_secs(most).as_millis(), most * 1000);
        assert_eq!(Timestamp::from_secs(most + 1).as_millis(), u64::MAX);
    }
}
