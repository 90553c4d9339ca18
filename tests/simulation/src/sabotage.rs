//! Workers that break a promise on purpose, to see that each is checked.
//!
//! Every one is a Worker whose shell betrays the core in one place: the core itself has no switch for it.

use crate::promises::Promise;

/// One way to break a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sabotage {
    /// A callback that could not be dealt with is answered as if it had been resumed.
    AnswersBeforeItIsDone,
    /// What the sweep would do for runs whose callback never came is not done.
    NeverSweeps,
    /// Every claim is granted, whoever is at the entry.
    GrantsEveryClaim,
    /// Resumed runs call back without their lineage.
    ForgetsTheLineage,
    /// Whatever comes is taken for QStash's.
    BelievesEverything,
    /// Ids are put into paths as they are.
    ClimbsPaths,
    /// The callback's body is written to the log.
    LogsPayloads,
    /// Runs go on at once.
    DoesNotSettle,
    /// Nobody asks whether the target can be called.
    NeverAsksTheBreaker,
    /// The breaker's pause between resumes is not kept: what was held back goes out at once.
    DrainsAtOnce,
    /// Nobody wakes the actors of targets, so that what they hold back waits for ever.
    NeverDrains,
    /// All messages that went together get the answer to the first.
    AnswersAllAlike,
}

impl Sabotage {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::AnswersBeforeItIsDone,
        Self::NeverSweeps,
        Self::GrantsEveryClaim,
        Self::ForgetsTheLineage,
        Self::BelievesEverything,
        Self::ClimbsPaths,
        Self::LogsPayloads,
        Self::DoesNotSettle,
        Self::NeverAsksTheBreaker,
        Self::DrainsAtOnce,
        Self::NeverDrains,
        Self::AnswersAllAlike,
    ];

    /// The promise that it breaks.
    #[must_use]
    pub const fn breaks(self) -> Promise {
        match self {
            Self::AnswersBeforeItIsDone | Self::NeverSweeps => Promise::NothingIsLost,
            Self::GrantsEveryClaim | Self::AnswersAllAlike => Promise::ResumedOnce,
            Self::ForgetsTheLineage => Promise::Bounded,
            Self::BelievesEverything => Promise::ForgeriesDoNothing,
            Self::ClimbsPaths => Promise::OnlyToQStash,
            Self::LogsPayloads => Promise::NoSecretLeaves,
            Self::DoesNotSettle => Promise::Settles,
            Self::NeverAsksTheBreaker | Self::DrainsAtOnce | Self::NeverDrains => Promise::Spares,
        }
    }
}
