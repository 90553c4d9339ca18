//! A deployment with a ledger of four shards, and targets, in memory.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use workflow_redrive::breaker::Target;
use workflow_redrive::console::{Ask, Console, Step};
use workflow_redrive::durable::{Actor, MemoryRecords, Office};
use workflow_redrive::job::{Job, Jobs};
use workflow_redrive::ledger::Shard;
use workflow_redrive::operator::{Asked, OperatorReply};
use workflow_redrive::recovery::Moment;
use workflow_redrive::settings::Settings;
use workflow_redrive::time::Timestamp;

const TOKEN: &str = "operators-only";

pub(crate) struct World {
    settings: Settings,
    actors: RefCell<BTreeMap<String, MemoryRecords>>,
    silent: BTreeSet<String>,
    now: Timestamp,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::of(&[("ADMIN_TOKEN", TOKEN)])
    }

    pub(crate) fn without_token() -> Self {
        Self::of(&[])
    }

    fn of(more: &[(&str, &str)]) -> Self {
        let account = [
            ("QSTASH_TOKEN", "token"),
            ("QSTASH_CURRENT_SIGNING_KEY", "sig_a"),
            ("QSTASH_NEXT_SIGNING_KEY", "sig_b"),
        ];
        let find = |name: &str| more.iter().chain(&account).find(|(known, _)| *known == name);
        Self {
            settings: Settings::read(|name| find(name).map(|(_, value)| (*value).to_owned())).unwrap(),
            actors: RefCell::default(),
            silent: BTreeSet::new(),
            now: Timestamp::from_millis(1_748_527_971_000),
        }
    }

    pub(crate) fn pass(&mut self, span: Duration) {
        self.now = self.now.after(span);
    }

    /// From now on an actor does not answer.
    pub(crate) fn silence(&mut self, actor: &str) {
        self.silent.insert(actor.to_owned());
    }

    /// What an actor answers.
    pub(crate) fn tell(&self, actor: &str, message: &str) -> Option<String> {
        let mut actors = self.actors.borrow_mut();
        let records = actors.entry(actor.to_owned()).or_default();
        let moment = Moment { now: self.now, entropy: 0 };
        let mut office = Office { records, settings: &self.settings, moment };
        let role: &dyn Actor = match actor.split('-').next() {
            Some("job") => &Job,
            Some("jobs") => &Jobs,
            Some("target") => &Target,
            _ => &Shard,
        };
        let heard = role.hear(&mut office, message).ok()?;
        (!self.silent.contains(actor)).then_some(heard)
    }

    pub(crate) fn is_closed(&self) -> bool {
        Console::of(&self.settings).is_none()
    }

    pub(crate) fn ask(&self, method: &str, path: &str) -> (u16, Value) {
        self.ask_with(method, path, &format!("Bearer {TOKEN}"))
    }

    pub(crate) fn ask_with(&self, method: &str, path: &str, authorization: &str) -> (u16, Value) {
        self.send(method, path, authorization, "")
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> (u16, Value) {
        self.send("POST", path, &format!("Bearer {TOKEN}"), body)
    }

    fn send(&self, method: &str, path: &str, authorization: &str, body: &str) -> (u16, Value) {
        let url = format!("https://redrive.example{path}");
        let headers = [("authorization".to_owned(), authorization.to_owned())];
        let asked = Asked { method, url: &url, headers: &headers };
        let console = Console::of(&self.settings).unwrap();
        let reply = match console.authorize(&asked).and_then(|()| console.begin(&asked, body, self.now)) {
            Ok(mut inquiry) => self.inquire(&mut |heard| inquiry.next(heard)),
            Err(reply) => reply,
        };
        (reply.status, serde_json::from_slice(&reply.body).unwrap())
    }

    fn inquire(&self, next: &mut dyn FnMut(Vec<Option<String>>) -> Step) -> OperatorReply {
        let mut heard = Vec::new();
        loop {
            match next(heard) {
                Step::Reply(reply) => return reply,
                Step::Ask(asks) => {
                    let answer = |Ask { actor, message }: Ask| self.tell(&actor, &message);
                    heard = asks.into_iter().map(answer).collect();
                }
            }
        }
    }
}

pub(crate) fn get(world: &World, path: &str) -> (u16, Value) {
    world.ask("GET", path)
}
