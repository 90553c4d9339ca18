//! Lineage: a failed run and all its resumed descendants, carried in the signed callback URL.
//!
//! Each resume gives the new run our own URL as its failure callback, with the lineage in the query. QStash signs
//! the URL that it calls, query included, so the count of attempts cannot be forged and survives the loss of every
//! store. The room holds that one value and its text form; what follows from it is the policy's business.

mod query;

use core::time::Duration;

pub use query::LineageError;

use crate::{ids::RunId, time::Timestamp};

/// Where a failed run stands in its family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lineage {
    root: RunId,
    attempt: u32,
    first_failed_at: Timestamp,
}

impl Lineage {
    /// A run that failed for the first time, with no attempt of ours behind it.
    #[must_use]
    pub const fn root(run: RunId, failed_at: Timestamp) -> Self {
        Self { root: run, attempt: 0, first_failed_at: failed_at }
    }

    /// A run with `attempt` attempts of ours behind it.
    #[must_use]
    pub const fn new(root: RunId, attempt: u32, first_failed_at: Timestamp) -> Self {
        Self { root, attempt, first_failed_at }
    }

    /// The lineage of the run that our next resume or restart creates.
    #[must_use]
    pub fn next(&self) -> Self {
        Self { attempt: self.attempt.saturating_add(1), ..self.clone() }
    }

    /// The run that failed first.
    #[must_use]
    pub const fn root_run(&self) -> &RunId {
        &self.root
    }

    /// How many resumes or restarts of ours led to this run.
    #[must_use]
    pub const fn attempt(&self) -> u32 {
        self.attempt
    }

    /// When the root run failed.
    #[must_use]
    pub const fn first_failed_at(&self) -> Timestamp {
        self.first_failed_at
    }

    /// The time since the root run failed; zero where the clock stepped back.
    #[must_use]
    pub const fn elapsed(&self, now: Timestamp) -> Duration {
        now.since(self.first_failed_at)
    }
}
