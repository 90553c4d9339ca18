//! What outlives a request: small machines over an ordered store, which a shell keeps alive.
//!
//! In the Worker each [`Actor`] is a Durable Object with its own store and alarm; in tests and simulations all of them
//! live in memory, under a clock of their own. No actor sends, waits or reads a clock: it is told things, says which
//! [`Errand`] to run next, and when it wants to be woken.

mod actor;
mod gather;
mod memo;
pub mod outbox;
mod records;
pub(crate) mod tally;

pub use actor::{Actor, Errand, Office, UnheardError, told, wakes};
pub use gather::{Batch, Gather};
pub use memo::{Memo, Remembered};
pub use records::{MemoryRecords, Records};
