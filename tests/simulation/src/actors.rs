//! The ledger's actors, as a Worker's Durable Objects run them: one message at a time, errands by alarm, restarted at will.

use std::cell::Cell;
use std::rc::Rc;

use serde_json::Value;
use workflow_redrive::breaker::Target;
use workflow_redrive::dlq::{ApiResponse, TransportError, Transported};
use workflow_redrive::durable::{Actor, Errand, MemoryRecords, Office, Records as _, outbox, told, wakes};
use workflow_redrive::job::{INDEX, Job, Jobs};
use workflow_redrive::ledger::Shard;
use workflow_redrive::notice::{NOTICES, Notices};
use workflow_redrive::recovery::Moment;
use workflow_redrive::sweep::{KEEPER, Keeper};
use workflow_redrive::time::Timestamp;

use crate::canary;
use crate::fault::Fault;
use crate::history::{By, Happening};
use crate::plan::SECOND;
use crate::sabotage::Sabotage;
use crate::world::World;

/// What others hear of happens a little later, and of much at once.
const GATHERING: u64 = 200;

/// Errands of one alarm: the next one goes on.
const MAX_ERRANDS: u32 = 200;

/// After this a runtime rings an alarm again whose handler did not come to its end.
const RING_AGAIN: u64 = 2 * SECOND;

/// How long an actor's answer may take.
const PATIENCE: u64 = 5 * SECOND;

/// One actor.
#[derive(Default)]
pub(crate) struct Desk {
    pub(crate) records: MemoryRecords,
    alarm: Option<u64>,
    is_ringing: bool,
    /// Counted on with each restart: what comes back to an earlier life is not heard.
    life: u64,
    /// The breaker's state as it was recorded last.
    breaker: String,
}

impl World {
    /// Tells an actor something. `done` gets an answer to each message, an empty one where the actor could make nothing of it,
    /// or that nobody can say whether they were heard.
    pub(crate) fn tell_actor(
        self: &Rc<Self>,
        actor: &str,
        messages: Vec<String>,
        done: impl FnOnce(&Rc<Self>, Option<Vec<String>>) + 'static,
    ) {
        let actor = actor.to_owned();
        if messages.len() > 1 {
            self.history.borrow_mut().gathered += messages.len() as u64;
        }
        if self.strikes(Fault::TellLost) {
            self.note(Fault::TellLost, actor);
            return self.after(PATIENCE, move |world| done(world, None));
        }
        self.after(self.way_to_actors(), move |world| {
            let hear =
                |messages: &[String]| world.within(&actor, |role, office| told(role, office, messages));
            let heard = match hear(&messages) {
                // What cannot be kept together is kept one by one, or not.
                None if messages.len() > 1 => {
                    Some(messages.chunks(1).map(|one| hear(one).unwrap_or_default().concat()).collect())
                }
                heard => heard,
            };
            world.set_alarm(&actor);
            if world.strikes(Fault::TellAnswerLost) {
                world.note(Fault::TellAnswerLost, actor);
                return world.after(PATIENCE, move |world| done(world, None));
            }
            world.after(world.way_to_actors(), move |world| done(world, heard));
        });
    }

    fn way_to_actors(&self) -> u64 {
        self.dice.between(1, self.plan.ledger_ms)
    }

    /// Lets an actor work on its records: all that it writes is kept, or nothing, which is `None`.
    pub(crate) fn within<T>(
        self: &Rc<Self>,
        actor: &str,
        work: impl FnOnce(&'static dyn Actor, &mut Office<'_>) -> T,
    ) -> Option<T> {
        if self.strikes(Fault::Storage) {
            self.note(Fault::Storage, actor.to_owned());
            return None;
        }
        let settings = Rc::clone(&self.settings.borrow());
        let mut desk = self.actors.borrow_mut().remove(actor).unwrap_or_default();
        let moment = Moment { now: self.worker_time(), entropy: self.dice.number() };
        if self.sabotage == Some(Sabotage::DrainsAtOnce) {
            desk.records.delete("pace");
        }
        let mut office = Office { records: &mut desk.records, settings: &settings, moment };
        let done = work(role(actor), &mut office);
        if self.plan.is_spared() && actor.starts_with("target-") {
            let told = role(actor).hear(&mut office, r#"{"do":"state"}"#).unwrap();
            let state = told.split(r#""breaker":""#).nth(1).and_then(|rest| rest.split('"').next()).unwrap();
            if desk.breaker != state {
                state.clone_into(&mut desk.breaker);
                self.record(Happening::Breaker { actor: actor.to_owned(), state: state.to_owned() });
            }
        }
        self.actors.borrow_mut().insert(actor.to_owned(), desk);
        Some(done)
    }

    /// Asks an actor something that changes nothing.
    pub(crate) fn ask_actor(&self, actor: &str, message: &Value) -> Value {
        let mut records =
            self.actors.borrow().get(actor).map(|desk| desk.records.clone()).unwrap_or_default();
        let moment = Moment { now: self.worker_time(), entropy: 0 };
        let settings = self.settings.borrow();
        let mut office = Office { records: &mut records, settings: &settings, moment };
        let answer = role(actor).hear(&mut office, &message.to_string()).unwrap();
        serde_json::from_str(&answer).unwrap()
    }

    /// Lets an actor be woken when it wants to be.
    fn set_alarm(self: &Rc<Self>, actor: &str) {
        let Some((is_ringing, set)) =
            self.actors.borrow().get(actor).map(|desk| (desk.is_ringing, desk.alarm))
        else {
            return;
        };
        if is_ringing || self.sabotage == Some(Sabotage::NeverDrains) && actor.starts_with("target-") {
            return;
        }
        let Some(wakes) = self.within(actor, |role, office| wakes(role, office)) else {
            return self.ring_at(actor, self.now() + RING_AGAIN);
        };
        let Some(at) = wakes.map(|at| self.world_time(at).max(self.now() + GATHERING)) else { return };
        if set.is_none_or(|set| at < set) {
            self.ring_at(actor, at);
        }
    }

    /// The moment of the world that the Worker's clock will call `at`, if it does not jump.
    fn world_time(&self, at: Timestamp) -> u64 {
        at.as_millis().saturating_add_signed(-self.plan.skew_at(self.now()))
    }

    fn ring_at(self: &Rc<Self>, actor: &str, at: u64) {
        if let Some(desk) = self.actors.borrow_mut().get_mut(actor) {
            desk.alarm = Some(at);
        }
        let actor = actor.to_owned();
        self.at(at, move |world| {
            let mut actors = world.actors.borrow_mut();
            let Some(desk) = actors.get_mut(&actor).filter(|desk| desk.alarm == Some(at) && !desk.is_ringing)
            else {
                return;
            };
            (desk.alarm, desk.is_ringing) = (None, true);
            let life = desk.life;
            drop(actors);
            world.tell_others(actor, life, MAX_ERRANDS);
        });
    }

    /// Tells what is due to all whom it concerns, then goes on with errands.
    fn tell_others(self: &Rc<Self>, actor: String, life: u64, left: u32) {
        let Some(due) = self.within(&actor, |_, office| outbox::due(office.records, office.moment.now))
        else {
            return self.break_off(&actor);
        };
        let is_full = due.iter().map(|post| post.messages.len()).sum::<usize>() >= outbox::MOST;
        let waits = Rc::new(Cell::new(due.len() + 1));
        let came_back = move |world: &Rc<Self>, actor: String| {
            waits.set(waits.get() - 1);
            match (waits.get(), is_full) {
                (0, true) => world.tell_others(actor, life, left),
                (0, false) => world.run_errands(actor, life, left),
                _ => {}
            }
        };
        for post in due {
            let (actor, came_back) = (actor.clone(), came_back.clone());
            self.tell_actor(&post.to.clone(), post.messages.clone(), move |world, answers| {
                if !world.lives(&actor, life) {
                    return;
                }
                let answers = answers.unwrap_or_default();
                let kept = world.within(&actor, |_, office| {
                    outbox::returned(office.records, &post, &answers, office.moment.now);
                });
                match kept {
                    Some(()) => came_back(world, actor),
                    None => world.break_off(&actor),
                }
            });
        }
        came_back(self, actor);
    }

    fn lives(&self, actor: &str, life: u64) -> bool {
        self.actors.borrow().get(actor).is_some_and(|desk| desk.life == life && desk.is_ringing)
    }

    /// Runs errands one after the other until there are none.
    fn run_errands(self: &Rc<Self>, actor: String, life: u64, left: u32) {
        let Some(errand) = self.within(&actor, Actor::errand) else {
            return self.break_off(&actor);
        };
        let Some(errand) = errand.filter(|_| left > 0) else {
            if let Some(desk) = self.actors.borrow_mut().get_mut(&actor) {
                desk.is_ringing = false;
            }
            return self.set_alarm(&actor);
        };
        if self.strikes(Fault::ActorEviction) {
            let actor = actor.clone();
            self.after(self.dice.below(100), move |world| {
                world.note(Fault::ActorEviction, actor.clone());
                world.break_off(&actor);
            });
        }
        self.run_errand(&actor.clone(), errand, move |world, answer| {
            if !world.lives(&actor, life) {
                return;
            }
            match world.within(&actor, |role, office| role.returned(office, answer)) {
                Some(()) => world.tell_others(actor, life, left - 1),
                None => world.break_off(&actor),
            }
        });
    }

    /// An actor ends in the middle; its alarm, if it was ringing, rings again.
    fn break_off(self: &Rc<Self>, actor: &str) {
        let mut actors = self.actors.borrow_mut();
        let Some(desk) = actors.get_mut(actor) else { return };
        desk.life = self.next_number();
        let was_ringing = std::mem::take(&mut desk.is_ringing);
        drop(actors);
        if was_ringing {
            self.ring_at(actor, self.now() + RING_AGAIN);
        }
    }

    fn run_errand(
        self: &Rc<Self>,
        actor: &str,
        errand: Errand,
        done: impl FnOnce(&Rc<Self>, Transported) + 'static,
    ) {
        match errand {
            Errand::Api { region, request } => {
                assert_eq!(region, None, "there is one account");
                self.send_to_api(canary::API, request, By::Actor(actor.to_owned()), done);
            }
            Errand::Tell { actor, message } => self.tell_actor(&actor, vec![message], |world, answers| {
                let lost = || TransportError::interrupted("no answer");
                let answer =
                    answers.and_then(|mut answers| answers.pop()).filter(|answer| !answer.is_empty());
                done(world, answer.map(|answer| ApiResponse::new(200, answer, |_| None)).ok_or_else(lost));
            }),
            Errand::Post { url, body, .. } => {
                self.record(Happening::Post { url: url.as_str().to_owned(), body });
                let answer = if self.strikes(Fault::ServerError) { 500 } else { 200 };
                self.after(30, move |world| done(world, Ok(ApiResponse::new(answer, "", |_| None))));
            }
        }
    }
}

fn role(actor: &str) -> &'static dyn Actor {
    match actor.split('-').next().unwrap_or_default() {
        "shard" => &Shard,
        "target" => &Target,
        "job" => &Job,
        INDEX => &Jobs,
        NOTICES => &Notices,
        KEEPER => &Keeper,
        _ => panic!("nobody is called {actor}"),
    }
}
