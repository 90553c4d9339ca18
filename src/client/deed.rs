//! One thing done once: to an entry, or to entries that one call names.

use core::mem;

use super::exchange::Exchange;
use super::machine::{Ask, Moment};
use super::{Acted, Action, Refused};
use crate::{
    dlq::{
        ApiError, ApiErrorKind, ApiRequest, CallbackState, Created, CreatedMany, DeletedMany, Page,
        Transported, get_entry, list_of, succeeded,
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
// As wide as what else is moved in its place, for WebAssembly.
#[repr(u32)]
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
#[derive(Clone, Debug, Default)]
pub(super) struct Deed {
    /// Those that nothing is settled about.
    pub(super) ids: Vec<DlqId>,
    /// Whether an answer about these was lost before.
    pub(super) was_lost: bool,
    pub(super) exchange: Exchange,
    /// Why it is not known to be done.
    pub(super) error: Option<ApiError>,
    /// Whether the answer counts those that it was done to, and does not name them.
    was_counted: bool,
    at: At,
    /// What is looked at.
    look: Exchange,
    /// Those of the entries that a look has found, and has not.
    left: Vec<DlqId>,
    away: Vec<DlqId>,
    /// Whether there were any of these.
    has_progress: bool,
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
    /// Nothing more can be done about any entry, because of this.
    Stop(Option<ApiError>),
}

/// What a deed waits for: the answer to its call, or to a look at the queue after that has failed.
#[derive(Clone, Copy, Debug, Default)]
enum At {
    #[default]
    Call,
    /// All entries at once, where the service lists entries by id.
    List,
    /// One after the other; this is the one with the index.
    Entry(usize),
    /// The entry of which it is known that it was acted on.
    Witness,
}

impl Deed {
    /// Begins with other entries.
    pub(super) fn begin(&mut self, what: &What, ids: Vec<DlqId>, was_lost: bool) {
        self.exchange.renew(what.request(&ids));
        self.ids = ids;
        self.was_lost = was_lost;
        self.error = None;
        self.at = At::Call;
        self.left.clear();
        self.away.clear();
    }

    /// What is sent at the moment.
    pub(super) const fn request(&self) -> &ApiRequest {
        match self.at {
            At::Call => &self.exchange.request,
            At::List | At::Entry(_) | At::Witness => &self.look.request,
        }
    }

    /// The same, with what was tried with it.
    pub(super) const fn call(&mut self) -> &mut Exchange {
        match self.at {
            At::Call => &mut self.exchange,
            At::List | At::Entry(_) | At::Witness => &mut self.look,
        }
    }

    /// Sends something else, before it begins.
    pub(super) fn prepare(&mut self, request: ApiRequest) {
        self.at = At::Call;
        self.exchange.renew(request);
    }

    pub(super) fn step(&mut self, came: Option<Transported>, on: &mut On<'_>) -> Turn {
        match (self.at, came) {
            (At::Call, None) => self.again(None, on),
            (At::Call, Some(transported)) => self.answered(transported, on),
            (_, None) => self.look_again(None, on),
            (_, Some(transported)) => {
                let mut page = Page::default();
                match self.read(transported, &mut page) {
                    Ok(()) => self.found(Some(&page), on),
                    Err(error) => self.look_again(Some(error), on),
                }
            }
        }
    }

    fn answered(&mut self, transported: Transported, on: &mut On<'_>) -> Turn {
        self.was_counted = false;
        let mut runs = Vec::new();
        let error = match on.what.read(transported, &mut runs) {
            Ok(count) => {
                on.acted.created.append(&mut runs);
                on.acted.counted += count;
                if count >= self.ids.len() {
                    if let (Kind::Revive, Some(witness)) = (on.what.kind(), self.ids.first()) {
                        on.moment.memory.witness.get_or_init(|| witness.clone());
                    }
                    on.acted.done.append(&mut self.ids);
                    return Turn::Over;
                }
                // Some were not acted on, and the answer does not say which.
                self.was_counted = !self.was_lost;
                ApiError::malformed("fewer runs or deletions than DLQ entries were named")
            }
            Err(error) => error,
        };
        self.error = Some(error);
        let is_missing = self.is_missing(on);
        if is_missing && self.ids.len() == 1 {
            let list = if self.was_lost { &mut on.acted.settled } else { &mut on.acted.gone };
            list.append(&mut self.ids);
            return Turn::Over;
        }
        let is_settled_by_looking = match on.what.kind() {
            // Whether a call of which some entries are missing acts on the others is not documented.
            Kind::Revive | Kind::Delete | Kind::RetryCallback => is_missing || self.may_be_done(),
            Kind::CancelCallback => {
                (self.failed_with(ApiErrorKind::BadRequest) || self.failed_with(ApiErrorKind::NotFound))
                    && self.exchange.attempts() > 1
            }
        };
        if !is_settled_by_looking {
            return self.refused(on);
        }
        match on.what {
            What::One(..) => self.look_at_entry(0, on),
            What::Many(_) => self.look_at(At::List, list_of(&self.ids), on),
        }
    }

    fn look_at(&mut self, at: At, request: ApiRequest, on: &mut On<'_>) -> Turn {
        self.at = at;
        self.look.renew(request);
        self.look_again(None, on)
    }

    fn look_at_entry(&mut self, index: usize, on: &mut On<'_>) -> Turn {
        match self.ids.get(index) {
            Some(id) => self.look_at(At::Entry(index), get_entry(id), on),
            None => self.looked(on),
        }
    }

    fn look_again(&mut self, failed: Option<ApiError>, on: &mut On<'_>) -> Turn {
        match self.look.next(failed, on.moment) {
            Ask::Nothing => self.found(None, on),
            ask => Turn::Ask(ask),
        }
    }

    /// What a look shows, be it one entry.
    fn read(&self, transported: Transported, page: &mut Page) -> Result<(), ApiError> {
        let response = succeeded(transported)?;
        let asked = match self.at {
            At::Call | At::List => return page.read(response.body()),
            At::Entry(index) => index,
            // Any id stands in for one that the answer leaves out.
            At::Witness => 0,
        };
        page.read_entry(response.body(), self.ids.get(asked))
    }

    /// A look has ended; without a page where it has failed.
    fn found(&mut self, page: Option<&Page>, on: &mut On<'_>) -> Turn {
        let gone = matches!(&self.look.error, Some(error) if error.kind() == ApiErrorKind::NotFound);
        let next = match (self.at, page) {
            // A service that does not know the parameter lists any entry. Then an id that is not on the page proves
            // nothing, unless the page is the whole queue: no stranger on it and nothing behind it is right either way.
            (At::List, Some(Page { entries, cursor: None }))
                if entries.iter().all(|entry| self.ids.contains(&entry.dlq_id)) =>
            {
                for id in mem::take(&mut self.ids) {
                    let is_listed = entries.iter().any(|entry| entry.dlq_id == id);
                    if is_listed { &mut self.left } else { &mut self.away }.push(id);
                }
                return self.looked(on);
            }
            (At::Call | At::List, _) => 0,
            (At::Entry(index), page) => {
                let Some(is_left) = on.what.is_left(page, gone) else {
                    let unseen = self.look.error.take();
                    let turn = self.ambiguous(on);
                    return if unseen.is_some() { Turn::Stop(unseen) } else { turn };
                };
                if let Some(id) = self.ids.get(index) {
                    if is_left { &mut self.left } else { &mut self.away }.push(id.clone());
                }
                index + 1
            }
            (At::Witness, page) => {
                // Another error rules nothing out.
                if page.is_none() && !gone {
                    return self.ambiguous(on);
                }
                on.moment.memory.keeps_entries.get_or_init(|| !gone);
                return self.still_there(on);
            }
        };
        self.look_at_entry(next, on)
    }

    /// It is known which entries are left.
    fn looked(&mut self, on: &mut On<'_>) -> Turn {
        self.has_progress = !self.away.is_empty();
        let list = if self.is_missing(on) && !self.was_lost {
            &mut on.acted.gone
        } else if self.was_counted {
            &mut on.acted.done
        } else {
            &mut on.acted.settled
        };
        list.append(&mut self.away);
        self.ids = mem::take(&mut self.left);
        if self.ids.is_empty() { Turn::Over } else { self.still_there(on) }
    }

    /// What is still there was not done, as far as entries leave the queue by it.
    fn still_there(&mut self, on: &mut On<'_>) -> Turn {
        if self.may_be_done() {
            if let (Kind::Revive, Some(witness)) = (on.what.kind(), on.moment.memory.witness.get()) {
                match on.moment.memory.keeps_entries.get() {
                    Some(true) => return self.ambiguous(on),
                    Some(false) => {}
                    None => return self.look_at(At::Witness, get_entry(witness), on),
                }
            }
            self.was_lost = true;
        }
        self.at = At::Call;
        if let What::Many(_) = on.what {
            self.exchange.request = on.what.request(&self.ids);
        }
        if self.has_progress && (self.is_missing(on) || self.failed_with(ApiErrorKind::Malformed)) {
            self.exchange.excuse();
            self.error = None;
            return self.again(None, on);
        }
        self.refused(on)
    }

    /// Sends it again where that may help.
    fn refused(&mut self, on: &mut On<'_>) -> Turn {
        let is_at_fault = self.is_missing(on) || self.failed_with(ApiErrorKind::BadRequest);
        if is_at_fault && self.ids.len() > 1 {
            return Turn::Split;
        }
        let error = self.error.take();
        if !is_at_fault {
            return self.again(error, on);
        }
        if let (Some(dlq_id), Some(error)) = (self.ids.pop(), error) {
            on.acted.refused.push(Refused { dlq_id, error });
        }
        Turn::Over
    }

    fn again(&mut self, failed: Option<ApiError>, on: &mut On<'_>) -> Turn {
        match self.exchange.next(failed, on.moment) {
            Ask::Nothing => {
                on.acted.untouched.append(&mut self.ids);
                Turn::Stop(self.exchange.error.take())
            }
            ask => Turn::Ask(ask),
        }
    }

    fn ambiguous(&mut self, on: &mut On<'_>) -> Turn {
        on.acted.ambiguous.append(&mut self.ids);
        Turn::Over
    }

    fn failed_with(&self, kind: ApiErrorKind) -> bool {
        matches!(&self.error, Some(error) if error.kind() == kind)
    }

    fn may_be_done(&self) -> bool {
        self.error.as_ref().is_some_and(ApiError::may_have_been_processed)
    }

    /// Whether the error says that entries are gone.
    fn is_missing(&self, on: &On<'_>) -> bool {
        self.failed_with(ApiErrorKind::NotFound) && matches!(on.what.kind(), Kind::Revive | Kind::Delete)
    }
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
        match self {
            Self::One(_, request) => request.clone(),
            Self::Many(action) => {
                let mut request = action.request();
                request.name_ids(ids);
                request
            }
        }
    }

    /// Reads how many entries an answer says it was done to, and which runs it names.
    fn read(&self, transported: Transported, runs: &mut Vec<Created>) -> Result<usize, ApiError> {
        let response = match (succeeded(transported), self.kind()) {
            // This is the documented answer.
            (Err(error), Kind::CancelCallback) if error.status() == Some(302) => return Ok(1),
            (response, _) => response?,
        };
        let body = response.body();
        match (self, self.kind()) {
            (Self::One(..), Kind::Revive | Kind::RetryCallback) => Created::read(body, runs).map(|()| 1),
            (Self::One(..), Kind::Delete | Kind::CancelCallback) => Ok(1),
            (Self::Many(_), Kind::Delete) => {
                Ok(usize::try_from(DeletedMany::read(body)?.deleted).unwrap_or(usize::MAX))
            }
            (Self::Many(_), _) => CreatedMany::read(body, runs).map(|_| runs.len()),
        }
    }

    /// Whether an entry is as if nothing had been done, by the page of a look at it, or where it is `gone`; `None` where
    /// the look does not say.
    fn is_left(&self, page: Option<&Page>, gone: bool) -> Option<bool> {
        let state = page.and_then(|page| page.entries.first()?.callback_state);
        match (self.kind(), state) {
            (Kind::Revive | Kind::Delete, _) => (page.is_some() || gone).then_some(!gone),
            (Kind::CancelCallback, state) => Some(state != Some(CallbackState::Canceled)),
            (Kind::RetryCallback, Some(CallbackState::Failed)) => Some(true),
            (Kind::RetryCallback, Some(CallbackState::InProgress | CallbackState::Success)) => Some(false),
            (Kind::RetryCallback, _) => None,
        }
    }
}
