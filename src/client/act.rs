//! The same done to certain entries, to each once.

use core::mem;

use super::deed::{Deed, Kind, On, Turn, What};
use super::exchange::Exchange;
use super::machine::{Ask, Machine, Moment};
use super::{CallError, Client, World};
use crate::{
    dlq::{
        ApiError, ApiRequest, Created, Ids, MAX_PER_CALL, Overrides, Transported, delete_many, restart_many,
        resume_many,
    },
    ids::DlqId,
    time::Timestamp,
};

/// How much the clocks may differ by which the service dates runs and entries.
const SKEW_MILLIS: u64 = 1000;

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

impl Action {
    /// The call for many, without those that it is about.
    pub(crate) fn request(&self) -> ApiRequest {
        match self {
            Self::Resume(overrides) => resume_many(overrides),
            Self::Restart(overrides) => restart_many(overrides),
            Self::Delete => delete_many(),
        }
    }
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
        let mut act = Act::many(action.clone(), ids.clone());
        self.drive(&mut *act).await;
        *act.acted
    }
}

/// Deeds, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    what: What,
    /// Those that have not begun, the next one last.
    groups: Vec<Group>,
    /// The present one, or the last.
    deed: Deed,
    is_over: bool,
    pub(crate) acted: Box<Acted>,
}

/// Entries that one call acts on.
#[derive(Clone, Debug)]
struct Group {
    ids: Vec<DlqId>,
    /// Whether an answer about them was lost before.
    was_lost: bool,
}

impl Act {
    /// Does something to entries, as many in a call as one takes.
    pub(crate) fn many(action: Action, ids: Ids) -> Box<Self> {
        let mut act = Self::idle(What::Many(action));
        act.start(ids.0);
        act
    }

    /// Does something to one entry, by this request.
    pub(crate) fn one(kind: Kind, request: ApiRequest, dlq_id: DlqId) -> Box<Self> {
        let mut act = Self::idle(What::One(kind, request));
        act.start(vec![dlq_id]);
        act
    }

    /// Does nothing until it is started.
    pub(super) fn idle(what: What) -> Box<Self> {
        let (deed, acted) = (Deed::default(), Box::default());
        Box::new(Self { what, groups: Vec::new(), deed, is_over: true, acted })
    }

    /// Does it to these. What came of others must have been taken before.
    pub(super) fn start(&mut self, ids: Vec<DlqId>) {
        self.groups.push(Group { ids, was_lost: false });
        self.is_over = false;
        self.begin();
    }

    /// Its present call, or the last one.
    pub(super) const fn call(&mut self) -> &mut Exchange {
        self.deed.call()
    }

    /// Lends its call to something else, before it is started.
    pub(super) fn lend(&mut self, request: ApiRequest) {
        self.deed.prepare(request);
    }

    /// What failed up to here, in epoch milliseconds, is not of its making: runs fail after they were created.
    pub(super) fn horizon(&self) -> Option<u64> {
        if let What::Many(Action::Delete) = self.what {
            return Some(u64::MAX);
        }
        Some(self.acted.created.first()?.created_at?.as_millis().saturating_sub(SKEW_MILLIS))
    }

    /// What came of [`one`](Self::one).
    pub(super) fn take_once(&mut self) -> Result<Once, CallError> {
        match self.failure() {
            Some(error) => Err(error),
            None if self.acted.settled.is_empty() => Ok(Once::Answered(self.acted.created.pop())),
            None => Ok(Once::Settled { since: self.deed.exchange.started() }),
        }
    }

    /// Why [`one`](Self::one) has failed, if it has.
    pub(crate) fn failure(&mut self) -> Option<CallError> {
        let acted = &mut self.acted;
        if !acted.done.is_empty() || !acted.settled.is_empty() {
            return None;
        }
        let refused = acted.refused.pop().map(|refused| refused.error);
        let error = self.deed.error.take().or(refused).or(acted.stopped.take())?;
        let attempts = self.deed.exchange.attempts();
        Some(if acted.ambiguous.is_empty() {
            CallError::Failed { error, attempts }
        } else {
            CallError::Ambiguous { error, attempts }
        })
    }

    /// Begins with the next group, as far as one call takes it.
    fn begin(&mut self) {
        let Some(mut group) = self.groups.pop() else {
            self.is_over = true;
            return;
        };
        if group.ids.len() > MAX_PER_CALL {
            let ids = group.ids.split_off(MAX_PER_CALL);
            self.groups.push(Group { ids, was_lost: group.was_lost });
        }
        self.deed.begin(&self.what, group.ids, group.was_lost);
    }
}

impl Machine for Act {
    fn step(&mut self, mut came: Option<Transported>, moment: &Moment<'_>) -> Ask {
        while !self.is_over {
            let mut on = On { what: &self.what, acted: &mut self.acted, moment };
            match self.deed.step(came.take(), &mut on) {
                Turn::Ask(ask) => return ask,
                Turn::Over => {}
                Turn::Split => {
                    let was_lost = self.deed.was_lost;
                    let ids = self.deed.ids.split_off(self.deed.ids.len() / 2);
                    self.groups.push(Group { ids, was_lost });
                    self.groups.push(Group { ids: mem::take(&mut self.deed.ids), was_lost });
                }
                Turn::Stop(error) => {
                    while let Some(mut group) = self.groups.pop() {
                        self.acted.untouched.append(&mut group.ids);
                    }
                    self.acted.stopped = error;
                }
            }
            self.begin();
        }
        Ask::Nothing
    }

    fn request(&self) -> &ApiRequest {
        self.deed.request()
    }
}

/// How something ends that was done to one entry.
pub(crate) enum Once {
    /// By an answer, with the run that it names.
    Answered(Option<Created>),
    /// By a look at the queue.
    Settled {
        /// When it was sent first.
        since: Timestamp,
    },
}
