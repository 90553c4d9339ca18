//! The same done to many certain entries, to each once.

use std::collections::VecDeque;

use super::patience::Budget;
use super::settle::present;
use super::{Client, World};
use crate::{
    dlq::{
        ApiError, Call, Created, CreatedMany, DeleteMany, DeletedMany, Ids, Overrides, RestartMany,
        ResumeMany,
    },
    ids::DlqId,
};

/// What is done to entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Their runs go on from the failed step.
    Resume(Overrides),
    /// Their runs begin anew.
    Restart(Overrides),
    /// They are removed for good.
    Delete,
}

/// What came of acting on entries. Every entry is in exactly one of the lists of ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Acted {
    /// The runs that answers named. Nothing says which belongs to which entry.
    pub created: Vec<Created>,
    /// Done, and answered. Where an answer counts fewer than were named and does not say which, all that have left the
    /// queue are here.
    pub done: Vec<DlqId>,
    /// How many the answers counted.
    pub counted: usize,
    /// Sent, and no longer in the queue: done, though no answer says so.
    pub settled: Vec<DlqId>,
    /// Not found in the queue, by an answer that was not lost: resumed, restarted or deleted by somebody else, or
    /// expired.
    pub gone: Vec<DlqId>,
    /// Not done, and still there.
    pub refused: Vec<Refused>,
    /// Sent, and nobody knows whether it was done.
    pub ambiguous: Vec<DlqId>,
    /// Not done, because nothing more could be.
    pub untouched: Vec<DlqId>,
    /// What stopped it, where not every entry was dealt with.
    pub stopped: Option<ApiError>,
}

/// An entry that the service does not act on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// The entry.
    pub dlq_id: DlqId,
    /// Why.
    pub error: ApiError,
}

impl<W: World> Client<W> {
    /// Acts on each of these entries once, up to 50 a call.
    ///
    /// A lost answer is settled by looking which of its entries are left; only those are sent again. An entry that the
    /// service refuses is told apart from the others of its call by halves.
    pub async fn act(&self, action: &Action, ids: &Ids) -> Acted {
        let mut acted = Acted::default();
        let mut queue: VecDeque<Group> = ids.chunks().map(|ids| Group { ids, was_lost: false }).collect();
        while let Some(group) = queue.pop_front() {
            match self.act_on(action, group, &mut acted).await {
                Next::Go => {}
                Next::Split(halves) => {
                    for half in halves.into_iter().rev() {
                        queue.push_front(half);
                    }
                }
                Next::Stop(error) => {
                    acted.untouched.extend(queue.iter().flat_map(|group| group.ids.as_slice()).cloned());
                    acted.stopped = Some(error);
                    break;
                }
            }
        }
        acted
    }

    async fn act_on(&self, action: &Action, group: Group, acted: &mut Acted) -> Next {
        let mut budget = Budget::new(&self.world, &self.patience);
        let Group { mut ids, mut was_lost } = group;
        loop {
            let many = ids.as_slice().len();
            let mut was_counted = false;
            let error = match action.send(self, &ids, &budget).await {
                Ok(Answer { runs, count }) => {
                    acted.created.extend(runs);
                    acted.counted += count;
                    was_counted = !was_lost;
                    if count >= many {
                        if let (Some(witness), true) = (ids.as_slice().first(), action.may_leave_entries()) {
                            self.testify(witness);
                        }
                        acted.done.extend(ids.as_slice().iter().cloned());
                        return Next::Go;
                    }
                    // Some were not acted on, and the answer does not say which.
                    ApiError::Malformed { what: "fewer runs or deletions than DLQ entries were named" }
                }
                Err(error) => error,
            };
            let is_missing = matches!(error, ApiError::NotFound { .. });
            if is_missing && many == 1 {
                let list = if was_lost { &mut acted.settled } else { &mut acted.gone };
                list.extend(ids.as_slice().iter().cloned());
                return Next::Go;
            }
            if is_missing || error.may_have_been_processed() {
                // Whether a call of which some entries are missing acts on the others is not documented.
                let left = match present(self, &ids).await {
                    Ok(left) => left,
                    Err(look) => {
                        acted.ambiguous.extend(ids.as_slice().iter().cloned());
                        return Next::Stop(look);
                    }
                };
                let has_left = |id: &&DlqId| !left.contains(id);
                let list = match (is_missing && !was_lost, was_counted) {
                    (true, _) => &mut acted.gone,
                    (_, true) => &mut acted.done,
                    _ => &mut acted.settled,
                };
                list.extend(ids.as_slice().iter().filter(has_left).cloned());
                let progress = left.len() < many;
                if error.may_have_been_processed() && !left.is_empty() {
                    if action.may_leave_entries() && self.keeps_entries().await {
                        acted.ambiguous.extend(left);
                        return Next::Go;
                    }
                    was_lost = true;
                }
                let Ok(rest) = Ids::new(left) else { return Next::Go };
                ids = rest;
                if progress && (is_missing || matches!(error, ApiError::Malformed { .. })) {
                    continue;
                }
            }
            // One of the entries is at fault: each half for itself.
            if is_missing || matches!(error, ApiError::BadRequest { .. }) {
                return halves(&ids, was_lost).map_or_else(
                    || {
                        acted.refuse(&ids, &error);
                        Next::Go
                    },
                    Next::Split,
                );
            }
            if !budget.wait_after(&error).await {
                acted.untouched.extend(ids.as_slice().iter().cloned());
                return Next::Stop(error);
            }
        }
    }
}

impl Acted {
    fn refuse(&mut self, ids: &Ids, error: &ApiError) {
        let refused = |dlq_id: &DlqId| Refused { dlq_id: dlq_id.clone(), error: error.clone() };
        self.refused.extend(ids.as_slice().iter().map(refused));
    }
}

impl Action {
    /// Whether it is supposed only that entries leave the queue by this.
    const fn may_leave_entries(&self) -> bool {
        !matches!(self, Self::Delete)
    }

    async fn send<W: World>(
        &self,
        client: &Client<W>,
        ids: &Ids,
        budget: &Budget<'_, W>,
    ) -> Result<Answer, ApiError> {
        let ids = ids.clone();
        match self {
            Self::Resume(overrides) => {
                let call = ResumeMany::new(ids, overrides.clone());
                client.send_once(&call, budget).await.map(Answer::from)
            }
            Self::Restart(overrides) => {
                let call = RestartMany::new(ids, overrides.clone());
                client.send_once(&call, budget).await.map(Answer::from)
            }
            Self::Delete => client.send_once(&DeleteMany::new(ids), budget).await.map(Answer::from),
        }
    }
}

impl<W: World> Client<W> {
    async fn send_once<C: Call>(&self, call: &C, budget: &Budget<'_, W>) -> Result<C::Output, ApiError> {
        call.finish(self.world.send(call.request(), budget.timeout()).await)
    }
}

/// Entries that one call acts on.
struct Group {
    ids: Ids,
    /// Whether an answer about them was lost before.
    was_lost: bool,
}

enum Next {
    Go,
    Split([Group; 2]),
    Stop(ApiError),
}

struct Answer {
    runs: Vec<Created>,
    count: usize,
}

impl From<CreatedMany> for Answer {
    fn from(created: CreatedMany) -> Self {
        Self { count: created.runs.len(), runs: created.runs }
    }
}

impl From<DeletedMany> for Answer {
    fn from(deleted: DeletedMany) -> Self {
        Self { runs: Vec::new(), count: usize::try_from(deleted.deleted).unwrap_or(usize::MAX) }
    }
}

/// Two groups of what cannot be done together; `None` for a single entry.
fn halves(ids: &Ids, was_lost: bool) -> Option<[Group; 2]> {
    let ids = ids.as_slice();
    let (first, second) = ids.split_at_checked(ids.len() / 2)?;
    let group = |ids: &[DlqId]| Some(Group { ids: Ids::new(ids.iter().cloned()).ok()?, was_lost });
    Some([group(first)?, group(second)?])
}
