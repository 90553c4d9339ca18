//! The sweep: finds failed runs whose failure callback failed or never came, and feeds them to the same decision.
//!
//! 1. It lists the dead letter queue page by page and picks the entries that nobody was told of in time (`suspect`).
//! 2. It asks the ledger which of them nobody is at and nothing was decided about.
//! 3. It deals with the oldest first, which have the least of their retention left: claim, policy, the DLQ call, as for a
//!    callback. So it is safe beside live callbacks, whoever comes first.
//!
//! One sweep is bounded by calls and time; the [`Keeper`], an actor of the ledger, remembers where the next one goes on
//! and lets one run at a time. What may not live here: what to do with a failed run, which is the policy's business.

mod checkpoint;
mod found;
mod keeper;
mod machine;
mod orders;
mod request;
mod run;
mod suspect;
mod tally;

pub use keeper::{KEEPER, Keeper};
pub use orders::Orders;
pub use request::{Wish, reply};
pub use run::{Sweeper, sweep};
pub use tally::Report;
