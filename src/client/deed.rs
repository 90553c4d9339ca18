//! One thing done once: to an entry, or to entries that one call names.

use super::exchange::Exchange;
use super::machine::{Ask, Moment};
use super::{Acted, Action, Refused};
use crate::{
    dlq::{
        ApiError, ApiErrorKind, ApiRequest, Call, CallbackState, CancelCallback, Created, CreatedMany,
        DeleteEntry, DeleteMany, DeletedMany, Entry, GetEntry, Ids, List, Page, RestartMany, ResumeMany,
        Transported,
    },
    ids::DlqId,
};

/// What is done, and by which call.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// This, to one entry.
    One(Kind, ApiRequest),
    /// This, to as many as a call names.
    Many(Action),
}

/// What a deed has to do with its entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A new run; it is supposed only that the entry leaves the queue by it.
    Revive,
    /// The entry leaves the queue.
    Delete,
    /// The state of the entry's callback tells.
    RetryCallback,
    /// The same, once the service says that there is nothing to cancel.
    CancelCallback,
}

/// Something on its way to being done.
#[derive(Clone, Debug)]
pub(super) struct Deed {
    pub(super) ids: Vec<DlqId>,
    /// Whether an answer about these was lost before.
    pub(super) was_lost: bool,
    pub(super) exchange: Exchange,
    /// Why it is not known to be done.
    pub(super) error: Option<ApiError>,
    look: Option<Look>,
}

/// What a deed is part of.
pub(super) struct On<'a> {
    pub(super) what: &'a What,
    pub(super) acted: &'a mut Acted,
    pub(super) moment: &'a Moment<'a>,
}

/// Where a deed stands.
pub(super) enum Turn {
    Ask(Ask),
    /// There is nothing more to do about these entries.
    Over,
    /// One of the entries is at fault: each half for itself.
    Split,
    /// Nothing more can be done about any entry.
    Stop(ApiError),
}

/// A look at the queue after a call that has failed with `error`.
#[derive(Clone, Debug)]
struct Look {
    error: ApiError,
    /// Whether the answer counts those that it was done to, and does not name them.
    was_counted: bool,
    at: At,
    exchange: Exchange,
    /// The entries that are still there.
    left: Vec<DlqId>,
}

#[derive(Clone, Debug)]
enum At {
    /// All at once, where the service lists entries by id.
    List(List),
    /// One after the other; this is the one with the index.
    Entry(usize, GetEntry),
    /// The entry of which it is known that it was acted on.
    Witness(GetEntry),
}

enum Found {
    Page(Page),
    Entry(Entry),
}

impl Deed {
    pub(super) fn new(what: &What, ids: Vec<DlqId>, was_lost: bool) -> Self {
        let exchange = Exchange::new(what.request(&ids));
        Self { ids, was_lost, exchange, error: None, look: None }
    }

    pub(super) fn step(&mut self, came: Option<Transported>, on: &mut On<'_>) -> Turn {
        if let Some(look) = self.look.take() {
            return self.look(look, came, on);
        }
        let Some(transported) = came else { return self.again(None, on) };
        let mut was_counted = false;
        let error = match on.what.read(transported) {
            Ok(answer) => {
                on.acted.created.extend(answer.runs);
                on.acted.counted += answer.count;
                was_counted = !self.was_lost;
                if answer.count >= self.ids.len() {
                    if let (Kind::Revive, Some(witness)) = (on.what.kind(), self.ids.first()) {
                        on.moment.memory.witness.get_or_init(|| witness.clone());
                    }
                    on.acted.done.append(&mut self.ids);
                    return Turn::Over;
                }
                // Some were not acted on, and the answer does not say which.
                ApiError::malformed("fewer runs or deletions than DLQ entries were named")
            }
            Err(error) => error,
        };
        let is_missing = on.what.is_missing(&error);
        if is_missing && self.ids.len() == 1 {
            let list = if self.was_lost { &mut on.acted.settled } else { &mut on.acted.gone };
            list.append(&mut self.ids);
            self.error = Some(error);
            return Turn::Over;
        }
        let is_settled_by_looking = match on.what.kind() {
            // Whether a call of which some entries are missing acts on the others is not documented.
            Kind::Revive | Kind::Delete | Kind::RetryCallback => {
                is_missing || error.may_have_been_processed()
            }
            Kind::CancelCallback => {
                matches!(error.kind(), ApiErrorKind::BadRequest | ApiErrorKind::NotFound)
                    && self.exchange.attempts() > 1
            }
        };
        if !is_settled_by_looking {
            return self.refused(error, on);
        }
        let at = match (on.what, self.ids.first()) {
            (What::One(..), Some(id)) => At::Entry(0, GetEntry::new(id.clone())),
            _ => At::List(List::of_ids(Ids(self.ids.clone()))),
        };
        self.look(Look { error, was_counted, exchange: at.exchange(), at, left: Vec::new() }, None, on)
    }

    fn look(&mut self, mut look: Look, came: Option<Transported>, on: &mut On<'_>) -> Turn {
        let failed = match came.map(|transported| look.at.read(transported)).transpose() {
            Ok(Some(found)) => return self.found(look, Ok(found), on),
            Ok(None) => None,
            Err(error) => Some(error),
        };
        match look.exchange.next(failed, on.moment) {
            Ok(ask) => {
                self.look = Some(look);
                Turn::Ask(ask)
            }
            Err(error) => self.found(look, Err(error), on),
        }
    }

    /// A look has ended.
    fn found(&mut self, mut look: Look, found: Result<Found, ApiError>, on: &mut On<'_>) -> Turn {
        let next = match (&look.at, found) {
            // A service that does not know the parameter lists any entry. Then an id that is not on the page proves
            // nothing, unless the page is the whole queue: no stranger on it and nothing behind it is right either way.
            (At::List(_), Ok(Found::Page(Page { entries, cursor: None })))
                if entries.iter().all(|entry| self.ids.contains(&entry.dlq_id)) =>
            {
                let is_listed = |id: &&DlqId| entries.iter().any(|entry| entry.dlq_id == **id);
                look.left.extend(self.ids.iter().filter(is_listed).cloned());
                return self.looked(look, on);
            }
            (At::List(_), _) => 0,
            (At::Entry(index, _), found) => {
                let index = *index;
                match (on.what.is_left(found), self.ids.get(index)) {
                    (Ok(true), Some(id)) => look.left.push(id.clone()),
                    (Ok(_), _) => {}
                    (Err(unseen), _) => {
                        on.acted.ambiguous.append(&mut self.ids);
                        self.error = Some(look.error);
                        return unseen.map_or(Turn::Over, Turn::Stop);
                    }
                }
                index + 1
            }
            (At::Witness(_), found) => {
                let keeps = match found {
                    Ok(_) => true,
                    Err(error) if error.kind() == ApiErrorKind::NotFound => false,
                    // It cannot be ruled out.
                    Err(_) => return self.ambiguous(look, on),
                };
                on.moment.memory.keeps_entries.get_or_init(|| keeps);
                return self.still_there(look, on);
            }
        };
        match self.ids.get(next) {
            Some(id) => self.look(look.at(At::Entry(next, GetEntry::new(id.clone()))), None, on),
            None => self.looked(look, on),
        }
    }

    /// It is known which entries are left.
    fn looked(&mut self, look: Look, on: &mut On<'_>) -> Turn {
        let list = if on.what.is_missing(&look.error) && !self.was_lost {
            &mut on.acted.gone
        } else if look.was_counted {
            &mut on.acted.done
        } else {
            &mut on.acted.settled
        };
        list.extend(self.ids.iter().filter(|id| !look.left.contains(id)).cloned());
        if look.left.is_empty() {
            return Turn::Over;
        }
        self.still_there(look, on)
    }

    /// What is still there was not done, as far as entries leave the queue by it.
    fn still_there(&mut self, look: Look, on: &mut On<'_>) -> Turn {
        if look.error.may_have_been_processed() {
            if let (Kind::Revive, Some(witness)) = (on.what.kind(), on.moment.memory.witness.get()) {
                match on.moment.memory.keeps_entries.get() {
                    Some(true) => return self.ambiguous(look, on),
                    Some(false) => {}
                    None => return self.look(look.at(At::Witness(GetEntry::new(witness.clone()))), None, on),
                }
            }
            self.was_lost = true;
        }
        let Look { error, left, .. } = look;
        let has_progress = left.len() < self.ids.len();
        self.ids = left;
        if let What::Many(_) = on.what {
            self.exchange.replace(on.what.request(&self.ids));
        }
        if has_progress && (on.what.is_missing(&error) || error.kind() == ApiErrorKind::Malformed) {
            self.exchange.excuse();
            return self.again(None, on);
        }
        self.refused(error, on)
    }

    /// Sends it again where that may help.
    fn refused(&mut self, error: ApiError, on: &mut On<'_>) -> Turn {
        if !on.what.is_missing(&error) && error.kind() != ApiErrorKind::BadRequest {
            return self.again(Some(error), on);
        }
        if self.ids.len() > 1 {
            return Turn::Split;
        }
        on.acted.refused.extend(self.ids.pop().map(|dlq_id| Refused { dlq_id, error }));
        Turn::Over
    }

    fn again(&mut self, error: Option<ApiError>, on: &mut On<'_>) -> Turn {
        match self.exchange.next(error, on.moment) {
            Ok(ask) => Turn::Ask(ask),
            Err(error) => {
                on.acted.untouched.append(&mut self.ids);
                Turn::Stop(error)
            }
        }
    }

    fn ambiguous(&mut self, mut look: Look, on: &mut On<'_>) -> Turn {
        on.acted.ambiguous.append(&mut look.left);
        self.error = Some(look.error);
        Turn::Over
    }
}

impl Look {
    /// The same, at something else.
    fn at(mut self, at: At) -> Self {
        self.exchange = at.exchange();
        self.at = at;
        self
    }
}

impl At {
    fn exchange(&self) -> Exchange {
        Exchange::new(match self {
            Self::List(list) => list.request(),
            Self::Entry(_, entry) | Self::Witness(entry) => entry.request(),
        })
    }

    fn read(&self, transported: Transported) -> Result<Found, ApiError> {
        match self {
            Self::List(list) => list.finish(transported).map(Found::Page),
            Self::Entry(_, entry) | Self::Witness(entry) => entry.finish(transported).map(Found::Entry),
        }
    }
}

struct Answer {
    runs: Vec<Created>,
    count: usize,
}

impl What {
    fn kind(&self) -> Kind {
        match self {
            Self::One(kind, _) => *kind,
            Self::Many(Action::Delete) => Kind::Delete,
            Self::Many(_) => Kind::Revive,
        }
    }

    fn request(&self, ids: &[DlqId]) -> ApiRequest {
        let ids = || Ids(ids.to_vec());
        match self {
            Self::One(_, request) => request.clone(),
            Self::Many(Action::Resume(overrides)) => ResumeMany::new(ids(), overrides.clone()).request(),
            Self::Many(Action::Restart(overrides)) => RestartMany::new(ids(), overrides.clone()).request(),
            Self::Many(Action::Delete) => DeleteMany::new(ids()).request(),
        }
    }

    fn read(&self, transported: Transported) -> Result<Answer, ApiError> {
        let response = transported?;
        let mut runs = Vec::new();
        let mut count = 1;
        match (self, self.kind()) {
            (Self::One(..), Kind::Revive | Kind::RetryCallback) => runs.push(Created::parse(&response)?),
            (Self::One(..), Kind::CancelCallback) => CancelCallback::read(&response)?,
            (Self::One(..), Kind::Delete) => DeleteEntry::read(&response)?,
            (Self::Many(_), Kind::Delete) => {
                count = usize::try_from(DeletedMany::parse(&response)?.deleted).unwrap_or(usize::MAX);
            }
            (Self::Many(_), Kind::Revive | Kind::RetryCallback | Kind::CancelCallback) => {
                runs = CreatedMany::parse(&response)?.runs;
                count = runs.len();
            }
        }
        Ok(Answer { runs, count })
    }

    /// Whether an error says that entries are gone.
    fn is_missing(&self, error: &ApiError) -> bool {
        error.kind() == ApiErrorKind::NotFound && matches!(self.kind(), Kind::Revive | Kind::Delete)
    }

    /// Whether an entry is as if nothing had been done, by a look at it; an error where the look does not say.
    fn is_left(&self, found: Result<Found, ApiError>) -> Result<bool, Option<ApiError>> {
        let found = match found {
            Ok(Found::Entry(entry)) => Ok(entry.callback_state),
            Ok(Found::Page(_)) => Ok(None),
            Err(error) => Err(error),
        };
        let is_left = match (self.kind(), &found) {
            (Kind::Revive | Kind::Delete, Ok(_)) => true,
            (Kind::Revive | Kind::Delete, Err(error)) if self.is_missing(error) => false,
            (Kind::CancelCallback, found) => !matches!(found, Ok(Some(CallbackState::Canceled))),
            (
                Kind::RetryCallback,
                Ok(Some(
                    state @ (CallbackState::Failed | CallbackState::InProgress | CallbackState::Success),
                )),
            ) => *state == CallbackState::Failed,
            _ => return Err(found.err()),
        };
        Ok(is_left)
    }
}
