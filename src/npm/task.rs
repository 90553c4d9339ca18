//! A call of the DLQ API that is under way.

use std::rc::Rc;

use wasm_bindgen::JsValue;

use super::error::js_error;
use super::json::Object;
use super::request::{sending, waiting};
use super::types::{self, Thrown};
use crate::{
    client::{
        Act, Ask, BulkError, BulkJob, CallError, Endpoint, Exchange, Machine, Memory, Moment, Once, Patience,
    },
    dlq::{ApiError, ApiRequest, Call, CreatedMany, DeletedMany, GetEntry, List, Transported},
    js_host::{entropy, now},
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

#[expect(clippy::large_enum_variant, reason = "a task has one")]
pub(super) enum Kind {
    Act(Act),
    /// About the failure callback of one entry.
    Callback(Act),
    /// A page a turn.
    Job(BulkJob),
    Verbatim(Verbatim),
}

impl Task {
    /// What to do next, as JSON; see [`Work::step`](super::Work::step).
    pub(super) fn step(&mut self, came: Option<Transported>) -> Result<String, JsValue> {
        let Account { endpoint, patience, memory } = &*self.account;
        let moment = Moment { now: now(), entropy: entropy(), patience, memory };
        let machine: &mut dyn Machine = match &mut self.kind {
            Kind::Act(act) | Kind::Callback(act) => act,
            Kind::Job(job) => job,
            Kind::Verbatim(call) => call,
        };
        match machine.step(came, &moment) {
            Ask::Send { request, timeout } => {
                Ok(sending(endpoint.base_url(), endpoint.token(), &request, timeout))
            }
            Ask::Wait(span) => Ok(waiting(span)),
            Ask::Nothing => self.outcome(),
        }
    }

    fn outcome(&mut self) -> Result<String, JsValue> {
        let token = self.account.endpoint.token();
        let failed = |error: &CallError| Thrown::call(error, token);
        let mut step = Object::new();
        match &mut self.kind {
            Kind::Act(act) => {
                step.raw("done", &types::acted(&act.acted, token).end());
            }
            Kind::Callback(act) => {
                if let Once::Answered(Some(created)) = act.take_once().map_err(|error| failed(&error))? {
                    step.raw("done", &types::created_run(&created).end());
                }
            }
            Kind::Job(job) => match job.take_outcome() {
                None => {}
                Some(Ok(page)) => {
                    let mut done = types::acted(&page.acted, token);
                    done.value("totals", &types::totals(&page.totals));
                    step.raw("done", &done.end());
                }
                Some(Err(BulkError::List(error))) => return Err(failed(&error).into()),
                Some(Err(error)) => return Err(js_error("malformed", &error.to_string())),
            },
            Kind::Verbatim(call) => {
                if let Some(error) = &call.error {
                    return Err(failed(error).into());
                }
                step.flag("verbatim", true);
            }
        }
        step.flag("ended", true);
        Ok(step.end())
    }
}

/// A call whose answer is checked, and handed on as the service sent it.
pub(super) struct Verbatim {
    exchange: Exchange,
    check: Check,
    error: Option<CallError>,
}

/// What a call is to be answered with.
pub(super) enum Check {
    Entry(GetEntry),
    Page(List),
    Created,
    Deleted,
}

impl Verbatim {
    pub(super) const fn new(request: ApiRequest, check: Check) -> Self {
        Self { exchange: Exchange::new(request), check, error: None }
    }
}

impl Check {
    fn read(&self, transported: Transported) -> Result<(), ApiError> {
        match self {
            Self::Entry(entry) => entry.finish(transported).map(drop),
            Self::Page(list) => list.finish(transported).map(drop),
            Self::Created => CreatedMany::parse(&transported?).map(drop),
            Self::Deleted => DeletedMany::parse(&transported?).map(drop),
        }
    }
}

impl Machine for Verbatim {
    fn step(&mut self, came: Option<Transported>, moment: &Moment<'_>) -> Ask {
        let failed = match came.map(|transported| self.check.read(transported)) {
            Some(Ok(())) => return Ask::Nothing,
            Some(Err(error)) if self.exchange.is_ambiguous_after(&error) => {
                self.error = Some(CallError::Ambiguous { error, attempts: self.exchange.attempts() });
                return Ask::Nothing;
            }
            failed => failed.and_then(Result::err),
        };
        self.exchange.next(failed, moment).unwrap_or_else(|error| {
            self.error = Some(CallError::Failed { error, attempts: self.exchange.attempts() });
            Ask::Nothing
        })
    }
}
