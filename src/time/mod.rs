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
        Self(secs.saturating_mul(1000))
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
// In WebAssembly one copy is enough.
#[inline(never)]
pub(crate) fn millis(span: Duration) -> u64 {
    // Longer than 500 million years is as good as forever; a saturating product takes 128 bits.
    span.as_secs().min(u64::MAX / 1024) * 1000 + u64::from(span.subsec_millis())
}

/// The same rounded up, so that no wait is cut short.
pub(crate) fn millis_rounded_up(span: Duration) -> u64 {
    millis(span.saturating_add(Duration::from_nanos(999_999)))
}
