//! One failure callback, from arrival to reply.
//!
//! 1. [`Admission`]: the token is checked before a byte of the body is read.
//! 2. The shell reads the body once, through its native SHA-256 and a
//!    [`FailureReader`](crate::callback::FailureReader) side by side.
//! 3. [`Admission::recover`]: body hash, lineage, policy, claim, the DLQ call, and what its answer means.
//! 4. [`Reply`] for QStash and a log line for the operator, both from one [`Conclusion`].
//!
//! What the outside world does (clock, randomness, calls, claims) is a [`Host`]'s business. No policy lives here:
//! this room knows in which order things happen and what a lost answer means.

mod admission;
mod begin;
mod case;
mod conclusion;
mod data_point;
#[cfg(any(feature = "worker", feature = "npm"))]
mod delivery;
mod drive;
mod host;
#[cfg(feature = "worker")]
mod journal;
mod ledger;
mod log;
mod recall;
mod recover;
mod refusal;
mod relay;
mod reply;
mod summary;

pub use admission::{Admission, Arrival};
pub use case::Case;
pub use conclusion::{Conclusion, Outcome, Revival, Subject};
pub use data_point::DataPoint;
#[cfg(any(feature = "worker", feature = "npm"))]
pub(crate) use delivery::{BodyEnd, Delivery, Stage};
pub use host::{Admitted, Claim, Host};
#[cfg(feature = "worker")]
pub(crate) use journal::Journal;
pub use ledger::MemoryLedger;
#[cfg(all(test, feature = "npm"))]
pub(crate) use log::Line;
#[cfg(feature = "npm")]
pub(crate) use log::closing;
pub use log::{LogLine, Timings};
pub(crate) use recall::known_reason;
#[cfg(any(feature = "worker", feature = "npm"))]
pub(crate) use recover::Ask;
pub use recover::Moment;
pub(crate) use recover::Recovery;
pub use refusal::Refusal;
pub use relay::{MAX_RELAYED_BYTES, Relayed, relayed_headers};
#[cfg(any(feature = "worker", feature = "npm"))]
pub(crate) use relay::{is_relayed, relay_marks};
pub use reply::Reply;
#[cfg(all(test, feature = "npm"))]
pub(crate) use summary::Summary;
