//! What a lost answer means: look at the queue.

use super::Wire;
use crate::{
    dlq::{ApiError, ApiErrorKind, GetEntry},
    ids::DlqId,
};

/// Whether a call was done that has ended with an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Settlement {
    /// Its entry has left the queue: it was.
    Done,
    /// Its entry is still there, or the service cannot have acted: it was not.
    NotDone,
    /// The queue does not say.
    Unknown,
}

/// Settles a resume, restart or deletion of `entry` that has ended with `error`. Looks only where the service may have
/// acted; only a clear "no such entry" counts as gone.
pub async fn settle(wire: &impl Wire, error: &ApiError, entry: &DlqId) -> Settlement {
    if !error.may_have_been_processed() {
        return Settlement::NotDone;
    }
    match wire.look(&GetEntry::new(entry.clone())).await {
        Err(error) if error.kind() == ApiErrorKind::NotFound => Settlement::Done,
        Ok(_) => Settlement::NotDone,
        Err(_) => Settlement::Unknown,
    }
}
