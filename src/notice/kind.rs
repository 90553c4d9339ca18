//! What notices are about.

use crate::text::Say;
use core::str::FromStr;

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A target is called again.
    BreakerClosed,
    /// A target is not called for a while, because too many of its runs fail.
    BreakerOpened,
    /// A run failed that no recovery had created.
    FirstFailure,
    /// A run is left for a person.
    GaveUp,
    /// A run that was resumed or restarted has succeeded.
    Recovered,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::BreakerClosed, Self::BreakerOpened, Self::FirstFailure, Self::GaveUp, Self::Recovered];

    /// Those that are sent unless the settings say otherwise: what somebody has to do something about, and what is over.
    pub const DEFAULT: [Self; 3] = [Self::GaveUp, Self::BreakerOpened, Self::BreakerClosed];

    /// A stable, machine-readable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BreakerClosed => "breaker_closed",
            Self::BreakerOpened => "breaker_opened",
            Self::FirstFailure => "first_failure",
            Self::GaveUp => "gave_up",
            Self::Recovered => "recovered",
        }
    }

    /// The same for people, of one and of many.
    pub(super) const fn headline(self) -> [&'static str; 2] {
        match self {
            Self::BreakerClosed => ["A target works again", "times a target worked again"],
            Self::BreakerOpened => ["A target is held back", "times a target was held back"],
            Self::FirstFailure => ["A run failed", "runs failed"],
            Self::GaveUp => ["A run is left for a person", "runs are left for a person"],
            Self::Recovered => ["A run recovered", "runs recovered"],
        }
    }
}

impl FromStr for Kind {
    type Err = UnknownKindError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or(UnknownKindError)
    }
}

/// A name that no kind has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownKindError;

impl Say for UnknownKindError {
    fn say(&self, text: &mut String) {
        text.push_str("there is no such kind of notice");
    }
}

display!(UnknownKindError);

impl core::error::Error for UnknownKindError {}
