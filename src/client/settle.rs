//! What a lost answer means: look at the queue.

use super::Wire;
use crate::{
    dlq::{ApiError, GetEntry, Ids, List},
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
        Err(ApiError::NotFound { .. }) => Settlement::Done,
        Ok(_) => Settlement::NotDone,
        Err(_) => Settlement::Unknown,
    }
}

/// Those of `ids` that are in the queue. One request where the service lists entries by id, else one for each.
pub(super) async fn present(wire: &impl Wire, ids: &Ids) -> Result<Vec<DlqId>, ApiError> {
    if let Ok(page) = wire.look(&List::of_ids(ids.clone())).await {
        let found: Vec<DlqId> = page.entries.into_iter().map(|entry| entry.dlq_id).collect();
        // A service that does not know the parameter lists any entry. Then an id that is not on the page proves
        // nothing, unless the page is the whole queue: no stranger on it and nothing behind it is right either way.
        if page.cursor.is_none() && found.iter().all(|id| ids.as_slice().contains(id)) {
            return Ok(ids.as_slice().iter().filter(|id| found.contains(id)).cloned().collect());
        }
    }
    let mut found = Vec::new();
    for id in ids.as_slice() {
        match wire.look(&GetEntry::new(id.clone())).await {
            Ok(_) => found.push(id.clone()),
            Err(ApiError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}
