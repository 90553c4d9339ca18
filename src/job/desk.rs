//! A job at work: its state, its order, and what it has at hand.

use core::time::Duration;

use super::order::Order;
use super::state::{Out, Phase, Rest, State};
use super::{INDEX, transcript};
use crate::{
    client::{Ask, Exchange, Machine, Memory, Moment as MachineMoment, Patience},
    dlq::{ApiError, ApiRequest, Method, Transported, succeeded},
    durable::{Errand, Office, Records, outbox},
    json::Object,
    recovery::Moment,
    settings::{Account, Region, Settings},
    text::said,
    time::Timestamp,
};

/// A job during one errand.
pub(super) struct Desk<'d> {
    pub(super) records: &'d mut dyn Records,
    pub(super) settings: &'d Settings,
    pub(super) moment: Moment,
    pub(super) state: State,
    pub(super) order: Order,
    pub(super) region: Option<Region>,
    /// The state that the index knows of.
    shown: &'static str,
}

/// What follows.
pub(super) enum Turn {
    Send(ApiRequest),
    /// Nothing before this moment.
    Wait(Timestamp),
    /// Something else is next.
    On,
}

impl<'d> Desk<'d> {
    /// `None` where there is no such job.
    pub(super) fn open(office: &'d mut Office<'_>) -> Option<Self> {
        let mut state = State::load(office.records)?;
        let shown = state.shown();
        let mut region = None;
        // What was accepted once may have been written for other settings.
        let order = match Order::read(&state.order) {
            Ok(order) => {
                match order.region_in(office.settings) {
                    Ok(found) => region = found,
                    Err(reason) => fail(&mut state, reason),
                }
                order
            }
            Err(reason) => {
                fail(&mut state, &reason);
                Order::default()
            }
        };
        let Office { records, settings, moment } = office;
        Some(Self { records: &mut **records, settings, moment: *moment, state, order, region, shown })
    }

    /// Keeps what has become of the job, and has the index told.
    pub(super) fn close(self) {
        let Self { records, moment, mut state, shown, .. } = self;
        state.changed = moment.now.as_millis();
        if state.shown() != shown {
            announce(records, &state, &self.order, moment.now);
        }
        state.store(records);
    }

    /// What to do next.
    pub(super) fn errand(&mut self) -> Option<Errand> {
        if self.state.out != Out::None {
            // It never returned, as after a lost answer.
            let is_look = self.state.out == Out::Look;
            self.state.out = Out::None;
            let lost = Err(crate::dlq::TransportError::interrupted("restarted"));
            let token = self.account().map(|account| &account.token);
            transcript::push(self.records, self.moment, Some(&lost), is_look, token);
        }
        loop {
            self.obey();
            if self.state.rest.is_some() || self.now() < self.state.due {
                return None;
            }
            let turn = match self.state.phase {
                Phase::Listing => self.list(),
                Phase::Waiting => {
                    self.state.phase = Phase::Judging;
                    Turn::On
                }
                Phase::Judging => self.judge(),
                Phase::Canary | Phase::Running => self.act(),
            };
            match turn {
                Turn::On => {}
                Turn::Wait(until) => {
                    self.state.due = until.as_millis();
                    return None;
                }
                Turn::Send(request) => {
                    self.state.out = if request.method == Method::Get { Out::Look } else { Out::Call };
                    return Some(Errand::Api { region: self.region, request });
                }
            }
        }
    }

    /// Takes in what became of it.
    pub(super) fn returned(&mut self, answer: &Transported) {
        let is_look = self.state.out == Out::Look;
        self.state.out = Out::None;
        let is_taken = match self.state.phase {
            Phase::Listing => self.listed(answer),
            Phase::Judging => self.judged(answer),
            Phase::Canary | Phase::Running | Phase::Waiting => false,
        };
        if !is_taken {
            let token = self.account().map(|account| &account.token);
            transcript::push(self.records, self.moment, Some(answer), is_look, token);
        }
        if self.state.phase.acts() {
            self.settle();
        }
        self.obey();
    }

    /// Does what was asked for meanwhile, as far as it can be done now.
    pub(super) fn obey(&mut self) {
        // What a call has done must be known before a job ends.
        let is_settled = !self.state.phase.acts() || transcript::is_empty(self.records);
        match self.state.asked {
            Some(Rest::Cancelled) if !is_settled => return,
            Some(_) if self.state.out == Out::Call => return,
            Some(rest) if self.state.rest.is_none() => self.state.rest = Some(rest),
            _ => {}
        }
        self.state.asked = None;
    }

    /// Brings a machine to where it was, and on.
    pub(super) fn play(&mut self, machine: &mut dyn Machine, memory: &Memory) -> Turn {
        self.replay(machine, memory, true)
    }

    /// Brings a machine to where it was, and on where that is only a matter of time and `goes_on`.
    pub(super) fn replay(&mut self, machine: &mut dyn Machine, memory: &Memory, goes_on: bool) -> Turn {
        let patience = PATIENCE.with_timeout(self.settings.api_timeout);
        let mut step = |moment: Moment, came| {
            let Moment { now, entropy } = moment;
            machine.step(came, &MachineMoment { now, entropy, patience: &patience, memory })
        };
        let mut last = self.moment.now;
        let mut ask = Ask::Wait(Duration::ZERO);
        for past in transcript::read(self.records, self.settings.api_timeout) {
            last = past.moment.now;
            ask = step(past.moment, past.came);
        }
        if let Ask::Wait(span) = ask {
            let until = last.after(span);
            if until > self.moment.now || !goes_on {
                return Turn::Wait(until);
            }
            transcript::push(self.records, self.moment, None, false, None);
            ask = step(self.moment, None);
        }
        match ask {
            Ask::Send(_) => Turn::Send(machine.request().clone()),
            Ask::Wait(span) => Turn::Wait(self.moment.now.after(span)),
            Ask::Nothing => Turn::On,
        }
    }

    /// Stops for a reason that somebody has to see to.
    pub(super) fn fail(&mut self, reason: &str) {
        let reason = self.clean(reason);
        fail(&mut self.state, &reason);
    }

    /// What the service says, without the token in it.
    pub(super) fn clean(&self, words: &str) -> String {
        self.account().map_or_else(String::new, |account| account.token.redact(words))
    }

    fn account(&self) -> Option<&'d Account> {
        let region = self.region.and_then(|region| self.settings.account_of(region));
        region.or_else(|| self.settings.default_account())
    }

    pub(super) const fn now(&self) -> u64 {
        self.moment.now.as_millis()
    }
}

/// As long as it takes, but not for ever: pauses grow to minutes, and a rate limit is waited for.
const PATIENCE: Patience = Patience::DEFAULT
    .with_bounds(12, Duration::from_hours(90 * 24))
    .with_backoff(Duration::from_secs(1), Duration::from_mins(5));

fn fail(state: &mut State, reason: &str) {
    if state.rest.is_none_or(|rest| !rest.is_final()) {
        state.rest = Some(Rest::Failed);
        reason.clone_into(&mut state.reason);
    }
}

/// Has the index told how a job goes.
pub(super) fn announce(records: &mut dyn Records, state: &State, order: &Order, now: Timestamp) {
    let mut message = Object::new();
    message
        .text("do", "job")
        .text("id", &state.id)
        .text("action", order.verb())
        .text("state", state.shown())
        .number("startedAt", state.started)
        .number("changedAt", now.as_millis());
    outbox::push(records, INDEX, &message.end(), now);
}

/// A request that changes nothing, until it is answered well.
pub(super) struct Get {
    exchange: Exchange,
    /// What the answer should have been.
    what: &'static str,
}

impl Get {
    pub(super) const fn new(request: ApiRequest, what: &'static str) -> Self {
        Self { exchange: Exchange::new(request), what }
    }

    /// Why it has ended.
    pub(super) fn failure(&mut self) -> String {
        self.exchange.failure().map(|error| said(&error)).unwrap_or_default()
    }
}

impl Machine for Get {
    fn step(&mut self, came: Option<Transported>, moment: &MachineMoment<'_>) -> Ask {
        // A good answer is taken where it comes: only others are written down.
        let failed = came.map(|came| succeeded(came).err().unwrap_or_else(|| ApiError::malformed(self.what)));
        self.exchange.next_blindly(failed, moment)
    }

    fn request(&self) -> &ApiRequest {
        &self.exchange.request
    }
}
