//! Points in time. The engine never reads a clock: the present is an argument everywhere.

use serde::Serialize;

/// Milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The point `millis` milliseconds after the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, the unit of JWT claims.
    #[must_use]
    pub const fn secs(self) -> u64 {
        self.0 / 1000
    }

    /// The point `millis` milliseconds later; saturates.
    #[must_use]
    pub const fn plus(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` until `self`; zero where `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Multiplies delays so that minutes take milliseconds in tests; points in time are never scaled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeScale(f64);

impl TimeScale {
    /// A factor on every delay: 1.0 is real time, 0.001 turns seconds into milliseconds.
    /// `None` unless it is finite and not negative.
    #[must_use]
    pub fn new(factor: f64) -> Option<Self> {
        (factor.is_finite() && factor >= 0.0).then_some(Self(factor))
    }

    /// `millis` in scaled time, rounded up so that no wait becomes zero by rounding.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float cast saturates, and delays stay far below 2^53 ms"
    )]
    pub(crate) fn apply(self, millis: u64) -> u64 {
        (millis as f64 * self.0).ceil() as u64
    }
}

impl Default for TimeScale {
    fn default() -> Self {
        Self(1.0)
    }
}
