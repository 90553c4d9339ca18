//! Bulk jobs: what an operator does to everything that a filter selects, over minutes or hours.
//!
//! A [`Job`] first lists what matches, once and for all, then resumes or restarts it in calls of up to 50 at the rate
//! that was asked for. It begins with a few as a canary where that is wanted, and can be paused, resumed and cancelled.
//! It is an [actor](crate::durable): all that it knows is in its records, so that it goes on where it was after a
//! restart. An answer that never came is settled by looking into the queue, by the machine that the [client](crate::client)
//! has for it.
//!
//! A job is a person's deed. It asks neither policy nor breaker, and changes nothing about where the failures of a run are
//! reported: the new run has the failure callback of the old one, lineage included, unless the overrides name another.
//! That nothing is resumed twice beside live callbacks is decided by the queue, where an entry is there but once.
//!
//! What may live here: orders, jobs and their index. What may not: how a call is spelled or a lost answer settled.

mod actor;
mod canary;
mod chunk;
mod desk;
mod index;
mod listing;
mod order;
mod pace;
mod state;
mod transcript;
mod view;

pub use actor::Job;
pub use index::Jobs;
pub use order::{InvalidJobIdError, JobId, Order};

/// The most entries that one job is about; what matches beyond is left for another.
pub const MAX_ENTRIES: u32 = 50_000;

/// The most entries or jobs that one answer lists.
pub const MAX_LISTED: usize = 100;

/// The name of the actor that knows which jobs there are.
pub const INDEX: &str = "jobs";

/// The name of a job's actor.
#[must_use]
pub fn actor_of(id: &JobId) -> String {
    ["job-", id.as_str()].concat()
}
