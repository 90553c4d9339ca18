//! A job, as an actor.

use super::desk::{Desk, announce};
use super::order::Order;
use super::state::{Out, Phase, Rest, State};
use super::{MAX_LISTED, transcript, view};
use crate::{
    dlq::{MAX_PER_PAGE, Transported},
    durable::{Actor, Errand, Office, Records, UnheardError},
    json::{Field, Fields, Object, Over},
    text::said,
    time::{Timestamp, decimal},
};

/// Records that are forgotten at one go.
const BATCH: usize = 1000;

/// One bulk job.
///
/// | message | what it does |
/// |---|---|
/// | `start`: `id`, `order` | begins; an id that was used before is refused with 409 |
/// | `look`: `cursor`?, `limit`? | shows the job with a page of its entries |
/// | `pause`, `resume`, `cancel` | does so, at the latest when it is known what came of the present call |
///
/// Each is answered with `status`, an HTTP status, and `reply`, a JSON object. A job is forgotten the time after its
/// last change that the ledger remembers entries for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Job;

impl Actor for Job {
    fn hear(&self, office: &mut Office<'_>, message: &str) -> Result<String, UnheardError> {
        let mut fields = Fields::of(message.as_bytes(), MESSAGE).map_err(|_| UnheardError)?;
        let word = fields.word("do").ok_or(UnheardError)?;
        let (status, reply) = match word.as_str() {
            "start" => {
                let (id, order) = (fields.word("id"), fields.raw("order"));
                let order = order.and_then(|order| String::from_utf8(order).ok());
                start(office, &id.ok_or(UnheardError)?, order.ok_or(UnheardError)?)
            }
            "look" => {
                let limit = fields.text("limit").and_then(|limit| decimal(&limit));
                let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(MAX_LISTED);
                look(office, &fields.word("cursor").unwrap_or_default(), limit.min(MAX_LISTED))
            }
            "pause" => steer(office, Some(Rest::Paused)),
            "resume" => steer(office, None),
            "cancel" => steer(office, Some(Rest::Cancelled)),
            _ => return Err(UnheardError),
        };
        let mut answer = Object::new();
        answer.number("status", status).raw("reply", &reply.end());
        Ok(answer.end())
    }

    fn errand(&self, office: &mut Office<'_>) -> Option<Errand> {
        let now = office.moment.now;
        let state = State::load(office.records)?;
        if state.rest.is_some() {
            if forgotten_at(&state, office) <= now {
                forget(office.records);
            }
            return None;
        }
        let mut desk = Desk::open(office)?;
        let errand = desk.errand();
        desk.close();
        errand
    }

    fn returned(&self, office: &mut Office<'_>, answer: Transported) {
        let Some(mut desk) = Desk::open(office) else { return };
        if desk.state.out != Out::None {
            desk.returned(&answer);
            desk.close();
        }
    }

    fn wakes(&self, office: &Office<'_>) -> Option<Timestamp> {
        let state = State::load(office.records)?;
        Some(match state.rest {
            Some(_) => forgotten_at(&state, office),
            None => Timestamp::from_millis(state.due),
        })
    }
}

fn start(office: &mut Office<'_>, id: &str, json: String) -> (u64, Object) {
    if let Some(state) = State::load(office.records) {
        return refuse(&state, "a job of this id was started before; accepted is an id that no job has");
    }
    let now = office.moment.now;
    let order = match Order::read(&json) {
        Ok(order) => order,
        Err(message) => return (400, error(&message)),
    };
    if let Err(message) = order.region_in(office.settings) {
        return (400, error(message));
    }
    if let Err(message) = order.filter(now) {
        return (400, error(&said(&message)));
    }
    let (started, count) = (now.as_millis(), MAX_PER_PAGE as u64);
    let (id, changed, due) = (id.to_owned(), started, started);
    let state = State { id, order: json, started, changed, due, count, ..State::default() };
    announce(office.records, &state, &order, now);
    let reply = shown(&state);
    state.store(office.records);
    (201, reply)
}

fn look(office: &Office<'_>, cursor: &str, limit: usize) -> (u64, Object) {
    let Some(state) = State::load(office.records) else { return unknown() };
    let mut reply = shown(&state);
    view::write_items(office.records, cursor, limit, &mut reply);
    (200, reply)
}

/// Makes a job rest, or go on.
fn steer(office: &mut Office<'_>, to: Option<Rest>) -> (u64, Object) {
    let Some(mut desk) = Desk::open(office) else { return unknown() };
    let now = desk.now();
    let state = &mut desk.state;
    match (state.rest, to) {
        (rest, Some(to)) if rest == Some(to) => {}
        (Some(rest), _) if rest.is_final() => {
            return refuse(state, "the job has ended; accepted are jobs that have not");
        }
        // It is cancelled once all is settled that was sent.
        (Some(_), Some(Rest::Cancelled)) | (None, Some(_)) => {
            state.rest = None;
            state.asked = to;
        }
        (Some(_), Some(_)) => {
            return refuse(state, "the job does nothing; accepted is to resume or to cancel it");
        }
        (Some(rest), None) => {
            if rest == Rest::Failed && !state.phase.acts() {
                transcript::clear(desk.records);
            }
            state.rest = None;
            state.reason.clear();
            // The pause was for whoever stopped it.
            if state.phase != Phase::Waiting {
                state.due = now;
            }
        }
        (None, None) => state.asked = state.asked.filter(|asked| *asked != Rest::Paused),
    }
    desk.obey();
    if desk.state.asked.is_some() {
        desk.state.due = desk.state.due.min(now);
    }
    let reply = shown(&desk.state);
    desk.close();
    (200, reply)
}

fn shown(state: &State) -> Object {
    let mut reply = Object::new();
    view::write(state, Order::read(&state.order).ok().as_ref(), &mut reply);
    reply
}

fn refuse(state: &State, message: &str) -> (u64, Object) {
    let mut reply = error(message);
    reply.raw("job", &shown(state).end());
    (409, reply)
}

fn unknown() -> (u64, Object) {
    (404, error("no job of this id; it may be forgotten"))
}

fn error(message: &str) -> Object {
    let mut reply = Object::new();
    reply.text("error", message);
    reply
}

fn forgotten_at(state: &State, office: &Office<'_>) -> Timestamp {
    Timestamp::from_millis(state.changed).after(office.settings.ledger_retention)
}

fn forget(records: &mut dyn Records) {
    loop {
        let batch = records.scan("", "", BATCH);
        if batch.is_empty() {
            return;
        }
        for (key, _) in batch {
            records.delete(&key);
        }
    }
}

const fn field(name: &'static str) -> Field {
    Field { name, limit: 512 * 1024, over: Over::Drop }
}

const MESSAGE: &[Field] = &[field("do"), field("id"), field("order"), field("cursor"), field("limit")];
