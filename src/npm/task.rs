//! A call of the DLQ API that is under way.

use std::rc::Rc;

use super::error::error;
use super::request::{sending, waiting};
use super::types::{self, Thrown};
use crate::{
    client::{Act, Ask, BulkError, BulkJob, Endpoint, Exchange, Machine, Memory, Moment, Patience},
    dlq::{ApiError, ApiRequest, CreatedMany, DeletedMany, Page, Transported, succeeded},
    ids::DlqId,
    js_host::{entropy, now},
    json::Object,
    text::said,
};

/// An account, and what its calls have shown.
pub(super) struct Account {
    pub(super) endpoint: Endpoint,
    pub(super) patience: Patience,
    pub(super) memory: Memory,
}

/// A call, or many of them.
pub(super) struct Task {
    pub(super) account: Rc<Account>,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    Act(Box<Act>),
    /// About the failure callback of one entry.
    Callback(Box<Act>),
    /// A page a turn.
    Job(Box<BulkJob>),
    Verbatim(Box<Verbatim>),
}

impl Kind {
    pub(super) fn verbatim(request: ApiRequest, check: Check) -> Self {
        Self::Verbatim(Box::new(Verbatim { exchange: Exchange::new(request), check }))
    }
}

impl Task {
    /// What to do next, as JSON; see [`Work::step`](super::Work::step).
    pub(super) fn step(&mut self, lane: usize, came: Option<Transported>) -> Result<String, String> {
        let Account { endpoint, patience, memory } = &*self.account;
        let moment = Moment { now: now(), entropy: entropy(), patience, memory };
        let machine: &mut dyn Machine = match &mut self.kind {
            Kind::Act(act) | Kind::Callback(act) => &mut **act,
            Kind::Job(job) => job.on(lane),
            Kind::Verbatim(call) => &mut **call,
        };
        match machine.step(came, &moment) {
            Ask::Send(timeout) => {
                Ok(sending(endpoint.base_url(), endpoint.token(), machine.request(), timeout))
            }
            Ask::Wait(span) => Ok(waiting(span)),
            Ask::Nothing => self.outcome(),
        }
    }

    fn outcome(&mut self) -> Result<String, String> {
        let token = self.account.endpoint.token();
        let mut step = Object::new();
        let failure = match &mut self.kind {
            Kind::Act(act) => {
                step.open("done", '{');
                types::acted(&mut step, &act.acted, token);
                step.close('}');
                None
            }
            Kind::Callback(act) => {
                if let Some(created) = act.acted.created.first() {
                    step.open("done", '{');
                    types::created_run(&mut step, created);
                    step.close('}');
                }
                act.failure()
            }
            Kind::Job(job) => match job.take_outcome() {
                None => None,
                Some(Ok(page)) => {
                    step.open("done", '{');
                    types::acted(&mut step, &page.acted, token);
                    step.open("totals", '{');
                    types::totals(&mut step, &page.totals);
                    step.close('}');
                    step.close('}');
                    None
                }
                Some(Err(BulkError::List(error))) => Some(error),
                Some(Err(error)) => return Err(self::error("malformed", &said(&error)).end()),
            },
            Kind::Verbatim(call) => {
                step.flag("verbatim", true);
                call.exchange.failure()
            }
        };
        if let Some(error) = failure {
            return Err(Thrown::call(&error, token).to_json());
        }
        step.flag("ended", true);
        Ok(step.end())
    }
}

/// A call whose answer is checked, and handed on as the service sent it.
pub(super) struct Verbatim {
    exchange: Exchange,
    check: Check,
}

/// What a call is to be answered with.
pub(super) enum Check {
    /// An entry, which may leave its id out.
    Entry(DlqId),
    Page,
    Created,
    Deleted,
}

impl Check {
    fn read(&self, transported: Transported) -> Result<(), ApiError> {
        let response = succeeded(transported)?;
        let body = response.body();
        let mut page = Page::default();
        match self {
            Self::Entry(id) => page.read_entry(body, Some(id)),
            Self::Page => page.read(body),
            Self::Created => CreatedMany::read(body, &mut Vec::new()).map(drop),
            Self::Deleted => DeletedMany::read(body).map(drop),
        }
    }
}

impl Machine for Verbatim {
    fn step(&mut self, came: Option<Transported>, moment: &Moment<'_>) -> Ask {
        let failed = match came.map(|transported| self.check.read(transported)) {
            Some(Ok(())) => return Ask::Nothing,
            Some(Err(error)) => Some(error),
            None => None,
        };
        self.exchange.next_blindly(failed, moment)
    }

    fn request(&self) -> &ApiRequest {
        &self.exchange.request
    }
}
