//! Actors in memory in front of the engine, under its virtual clock; restarted as often as a test wants.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use workflow_redrive::client::World;
use workflow_redrive::dlq::{ApiResponse, Transported};
use workflow_redrive::durable::{Actor, Errand, MemoryRecords, Office, outbox, wakes};
use workflow_redrive::job::{Job, Jobs};
use workflow_redrive::recovery::Moment;
use workflow_redrive::settings::Settings;
use workflow_redrive::time::Timestamp;

use crate::world::{Service, block_on};

/// More errands than any test needs.
const MAX_ERRANDS: u32 = 50_000;

pub(crate) struct Actors<'a> {
    service: &'a Service,
    settings: Settings,
    records: RefCell<BTreeMap<String, MemoryRecords>>,
    /// Of a thousand errands so many never return, because the actor is restarted: half of them before they are run.
    pub(crate) restarts: Cell<u64>,
    /// Every request that was sent, and when.
    pub(crate) sent: RefCell<Vec<(Timestamp, String)>>,
}

impl<'a> Actors<'a> {
    pub(crate) fn new(service: &'a Service) -> Self {
        let settings = Settings::read(|name| match name {
            "QSTASH_TOKEN" => Some("secret-token".to_owned()),
            "QSTASH_CURRENT_SIGNING_KEY" => Some("sig_a".to_owned()),
            "QSTASH_NEXT_SIGNING_KEY" => Some("sig_b".to_owned()),
            _ => None,
        });
        Self {
            service,
            settings: settings.unwrap(),
            records: RefCell::default(),
            restarts: Cell::default(),
            sent: RefCell::default(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.service.now()
    }

    /// Tells an actor something; its status and reply.
    pub(crate) fn tell(&self, actor: &str, message: &Value) -> (u64, Value) {
        let heard = self.within(actor, |office, role| role.hear(office, &message.to_string()).unwrap());
        let heard: Value = serde_json::from_str(&heard).unwrap();
        (heard["status"].as_u64().unwrap_or_default(), heard["reply"].clone())
    }

    pub(crate) fn start(&self, id: &str, order: &Value) -> (u64, Value) {
        self.tell(&format!("job-{id}"), &json!({ "do": "start", "id": id, "order": order }))
    }

    pub(crate) fn ask(&self, id: &str, what: &str) -> (u64, Value) {
        self.tell(&format!("job-{id}"), &json!({ "do": what }))
    }

    pub(crate) fn look(&self, id: &str) -> Value {
        let (status, job) = self.tell(&format!("job-{id}"), &json!({ "do": "look", "limit": 1 }));
        assert_eq!(status, 200, "{job}");
        let count = |name: &str| job["counts"][name].as_u64().unwrap();
        let parts = ["resumed", "gone", "refused", "failed", "left"].map(count).iter().sum::<u64>();
        assert_eq!(count("found"), parts, "{job}");
        job
    }

    /// All entries of a job, page by page.
    pub(crate) fn items(&self, id: &str) -> Vec<Value> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let (_, page) =
                self.tell(&format!("job-{id}"), &json!({ "do": "look", "cursor": cursor, "limit": 70 }));
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => return items,
            }
        }
    }

    /// Lets an actor work until it rests, or `until` says so of the job.
    pub(crate) fn work(&self, id: &str, until: impl Fn(&Value) -> bool) -> Value {
        let actor = format!("job-{id}");
        for _ in 0..MAX_ERRANDS {
            let job = self.look(id);
            if until(&job) || is_at_rest(&job) {
                return job;
            }
            if !self.one_errand(&actor) {
                let wakes = self.within(&actor, |office, role| wakes(role, office)).unwrap();
                self.service.pass_time(u64::try_from(wakes.since(self.now()).as_millis()).unwrap().max(1));
            }
        }
        panic!("it does not end: {}", self.look(id));
    }

    /// `false` where there is none.
    pub(crate) fn one_errand(&self, actor: &str) -> bool {
        let roll = self.service.entropy();
        let is_lost = roll % 1000 < self.restarts.get();
        let is_lost_before = is_lost && (roll / 1000).is_multiple_of(2);
        let now = self.now();
        if let Some(post) = self.within(actor, |office, _| outbox::due(office.records, now)).pop() {
            if is_lost_before {
                return true;
            }
            let tell =
                |message: &String| self.within(&post.to, |office, role| role.hear(office, message).unwrap());
            let answers: Vec<_> = post.messages.iter().map(tell).collect();
            if !is_lost {
                self.within(actor, |office, _| outbox::returned(office.records, &post, &answers, now));
            }
            return true;
        }
        let Some(errand) = self.within(actor, |office, role| role.errand(office)) else { return false };
        if is_lost_before {
            return true;
        }
        let answer = self.run(errand);
        if !is_lost {
            self.within(actor, |office, role| role.returned(office, answer.clone()));
        }
        true
    }

    /// Runs an errand, and tells its actor nothing.
    pub(crate) fn run(&self, errand: Errand) -> Transported {
        match errand {
            Errand::Api { request, .. } => {
                self.sent.borrow_mut().push((self.now(), format!("{request:?}")));
                let service = self.service;
                block_on(World::send(&service, request, Duration::from_secs(10)))
            }
            Errand::Tell { actor, message } => {
                let heard = self.within(&actor, |office, role| role.hear(office, &message).unwrap());
                Ok(ApiResponse::new(200, heard, |_| None))
            }
            Errand::Post { .. } => panic!("a job posts nothing"),
        }
    }

    pub(crate) fn within<T>(
        &self,
        actor: &str,
        work: impl FnOnce(&mut Office<'_>, &'static dyn Actor) -> T,
    ) -> T {
        let role: &'static dyn Actor = if actor == "jobs" { &Jobs } else { &Job };
        let mut records = self.records.borrow_mut().remove(actor).unwrap_or_default();
        let moment = Moment { now: self.now(), entropy: self.service.entropy() };
        let mut office = Office { records: &mut records, settings: &self.settings, moment };
        let done = work(&mut office, role);
        self.records.borrow_mut().insert(actor.to_owned(), records);
        done
    }
}

fn is_at_rest(job: &Value) -> bool {
    ["paused", "halted", "failed", "cancelled", "done"].contains(&job["state"].as_str().unwrap())
}
