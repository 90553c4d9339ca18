//! A target with workflows, QStash, and the recovery with its actors: hours of them in a second.
//!
//! Nothing is left out but the network: runs are triggered and delivered by the engine, callbacks are signed and
//! verified, and every call of the DLQ API goes through the engine's own routes.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use local_qstash::engine::{
    Config, Delivery, Engine, Headers, Outcome, Request, Response, Timestamp as Moment,
};
use serde_json::{Value, json};
use workflow_redrive::breaker::{self, Target};
use workflow_redrive::callback::{CallbackHeaders, FailureReader};
use workflow_redrive::dlq::{ApiRequest, ApiResponse, Transported};
use workflow_redrive::durable::{Actor, Errand, MemoryRecords, Office, outbox, wakes};
use workflow_redrive::ledger::{self, Claimant, Shard};
use workflow_redrive::recovery::{self, Admission, Admitted, Arrival, Case, Claim, Conclusion, Host, Reply};
use workflow_redrive::settings::{Account, Settings};
use workflow_redrive::signature::BodyDigest;
use workflow_redrive::time::Timestamp;

const URL: &str = "https://shop.example/order";
const HOOK: &str = "https://redrive.example/";
pub(crate) const START: u64 = 1_700_000_000_000;
const MINUTE: u64 = 60_000;

/// How long the target takes for a step, and how long nobody answers while it is down.
const STEP_MS: u64 = 300;
const DOWN_MS: u64 = 2_000;

/// An outage, and the runs that meet it.
#[derive(Clone, Copy)]
pub(crate) struct Outage {
    pub(crate) runs: u64,
    /// All runs are triggered within so many minutes, evenly.
    pub(crate) triggered_within: u64,
    /// How long the target is down, in minutes.
    pub(crate) lasts: u64,
    /// What the runs ask QStash for.
    pub(crate) retries: u32,
}

pub(crate) struct World {
    engine: RefCell<Engine>,
    settings: Settings,
    token: String,
    outage: Outage,
    /// Whether targets are asked before they are called.
    is_guarded: bool,
    actors: RefCell<BTreeMap<String, MemoryRecords>>,
    /// When each of them wants to be woken.
    alarms: RefCell<BTreeMap<String, u64>>,
    now: Cell<u64>,
    random: Cell<u64>,
    /// When entries were resumed by the drain.
    drained: RefCell<Vec<u64>>,
    pub(crate) notices: RefCell<Vec<String>>,
}

impl World {
    pub(crate) fn new(outage: Outage, is_guarded: bool) -> Self {
        let config = Config::default();
        let credentials = config.credentials.clone();
        let settings = Settings::read(|name| match name {
            "QSTASH_TOKEN" => Some(credentials.token.clone()),
            "QSTASH_CURRENT_SIGNING_KEY" => Some(credentials.current_key.clone()),
            "QSTASH_NEXT_SIGNING_KEY" => Some(credentials.next_key.clone()),
            "NOTIFY_SLACK_URL" => Some("https://chat.example/hook".to_owned()),
            "NOTIFY_ON" => Some("gave_up,recovered,breaker_opened,breaker_closed".to_owned()),
            _ => None,
        });
        Self {
            engine: RefCell::new(Engine::new(config)),
            settings: settings.unwrap(),
            token: credentials.token,
            outage,
            is_guarded,
            actors: RefCell::default(),
            alarms: RefCell::default(),
            now: Cell::new(START),
            random: Cell::new(1),
            drained: RefCell::default(),
            notices: RefCell::default(),
        }
    }

    /// Lets everything happen until nothing is on its way any more, for a day at most.
    pub(crate) fn run(&self) {
        let (mut triggered, mut begun, mut answers) = (0, 0, BTreeMap::new());
        let end = START + 24 * 60 * MINUTE;
        while self.now.get() < end {
            while triggered < self.outage.runs && self.trigger_time(triggered) <= self.now.get() {
                self.trigger(triggered);
                triggered += 1;
            }
            self.ring_all();
            let due = self.engine.borrow_mut().due(self.moment());
            for delivery in due {
                let (takes, is_healthy) = self.takes(&delivery);
                begun += 1;
                answers.insert((self.now.get() + takes, begun), (delivery, is_healthy));
            }
            while let Some(entry) = answers.first_entry().filter(|entry| entry.key().0 <= self.now.get()) {
                let (delivery, is_healthy) = entry.remove();
                let outcome = if delivery.url == URL {
                    self.execute(&delivery, is_healthy)
                } else {
                    self.call_back(&delivery)
                };
                self.engine.borrow_mut().delivered(delivery.id, outcome, self.moment());
            }
            let next = [
                (triggered < self.outage.runs).then(|| self.trigger_time(triggered)),
                answers.first_key_value().map(|(key, _)| key.0),
                self.engine.borrow().next_wakeup().map(Moment::millis),
                self.wakes(),
            ];
            let Some(next) = next.into_iter().flatten().min() else { return };
            self.now.set(next.max(self.now.get() + 1));
        }
    }

    fn trigger_time(&self, n: u64) -> u64 {
        START + n * self.outage.triggered_within * MINUTE / self.outage.runs
    }

    fn trigger(&self, n: u64) {
        let (run, retries) = (format!("wfr_{n:04}"), self.outage.retries.to_string());
        let headers = [
            ("Upstash-Workflow-Init", "true"),
            ("Upstash-Workflow-RunId", &run),
            ("Upstash-Workflow-Url", URL),
            ("Upstash-Workflow-Sdk-Version", "1"),
            ("Upstash-Forward-Upstash-Workflow-Sdk-Version", "1"),
            ("Upstash-Feature-Set", "InitialBody,WF_DetectTrigger,WF_TriggerOnConfig"),
            ("Upstash-Retries", &retries),
            ("Upstash-Failure-Callback", HOOK),
        ];
        let response = self.call("POST", &format!("/v2/publish/{URL}"), &headers, b"{}");
        assert_eq!(response.status, 201, "{}", String::from_utf8_lossy(&response.body));
    }

    /// How long a delivery takes, and whether the target is up: a delivery that began while it was down never arrives.
    fn takes(&self, delivery: &Delivery) -> (u64, bool) {
        let is_healthy = self.now.get() >= START + self.outage.lasts * MINUTE;
        match (delivery.url == URL, is_healthy) {
            (false, _) => (50, true),
            (true, true) => (STEP_MS, true),
            (true, false) => (DOWN_MS, false),
        }
    }

    /// A workflow of one step: the first delivery executes it, the second one ends the run.
    fn execute(&self, delivery: &Delivery, is_healthy: bool) -> Outcome {
        if !is_healthy {
            return Outcome::Unreachable;
        }
        let run = delivery.headers.value("Upstash-Workflow-RunId").unwrap();
        let entries: Vec<Value> = serde_json::from_slice(&delivery.body).unwrap();
        let response = if entries.len() == 1 {
            let step = json!({"stepId": 1, "stepName": "a", "stepType": "Run", "out": "1", "concurrent": 1});
            let headers = [("Upstash-Workflow-Init", "false"), ("Upstash-Workflow-RunId", run)];
            self.call("POST", &format!("/v2/publish/{URL}"), &headers, step.to_string().as_bytes())
        } else {
            self.call("DELETE", &format!("/v2/workflows/runs/{run}?cancel=false"), &[], b"")
        };
        assert!(response.status < 300, "{}", String::from_utf8_lossy(&response.body));
        let headers = [("Upstash-Workflow-Sdk-Version", "1")].into_iter().collect();
        Outcome::Answered { status: 200, headers, body: Vec::new() }
    }

    /// A failure callback, as the Worker deals with it.
    fn call_back(&self, delivery: &Delivery) -> Outcome {
        let header = |name: &str| delivery.headers.value(name).map(str::to_owned);
        let arrival =
            Arrival { url: delivery.url.clone(), signature: header("Upstash-Signature"), region: None };
        let admission = Admission::check(&self.settings, &arrival, self.now()).unwrap();
        let mut reader = FailureReader::new(CallbackHeaders::read(header));
        reader.push(&delivery.body);
        let failure = reader.finish(self.now());
        let digest = BodyDigest::of(&delivery.body);
        let conclusion = block_on(admission.recover(&self.settings.policy, digest, failure, &self));
        let reply = Reply::from(&conclusion);
        Outcome::Answered { status: reply.status, headers: Headers::new(), body: reply.body.into_bytes() }
    }

    fn call(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        let request =
            Request::authorized(&self.token, method, target, headers.iter().copied().collect(), body);
        self.engine.borrow_mut().handle(&request, self.moment())
    }

    fn api(&self, request: &ApiRequest) -> ApiResponse {
        let headers: Vec<(&str, &str)> =
            request.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = self.call(request.method.as_str(), &request.path_and_query, &headers, b"");
        ApiResponse::new(answer.status, answer.body, |name| answer.headers.value(name).map(str::to_owned))
    }

    fn tell(&self, actor: &str, message: &str) -> String {
        if actor == "notices" {
            let notice: Value = serde_json::from_str(message).unwrap();
            self.notices.borrow_mut().push(notice["kind"].as_str().unwrap().to_owned());
            return "{}".to_owned();
        }
        self.with(actor, |role, office| role.hear(office, message).unwrap())
    }

    fn with<T>(&self, actor: &str, work: impl FnOnce(&dyn Actor, &mut Office<'_>) -> T) -> T {
        let role: &dyn Actor = if actor.starts_with("target-") { &Target } else { &Shard };
        let mut records = self.actors.borrow_mut().remove(actor).unwrap_or_default();
        let moment = recovery::Moment { now: self.now(), entropy: self.entropy() };
        let mut office = Office { records: &mut records, settings: &self.settings, moment };
        let done = work(role, &mut office);
        let alarm = wakes(role, &office).map_or(u64::MAX, Timestamp::as_millis);
        self.alarms.borrow_mut().insert(actor.to_owned(), alarm);
        self.actors.borrow_mut().insert(actor.to_owned(), records);
        done
    }

    fn wakes(&self) -> Option<u64> {
        // What a shard forgets after a month is of no interest.
        let soon = self.now.get() + 2 * 24 * 60 * MINUTE;
        self.alarms.borrow().values().copied().filter(|at| *at < soon).min()
    }

    /// Wakes every actor that wants to be, until none has anything to do.
    fn ring_all(&self) {
        loop {
            let alarms = self.alarms.borrow();
            let due = alarms.iter().find(|(_, at)| **at <= self.now.get()).map(|(name, _)| name.clone());
            drop(alarms);
            let Some(name) = due else { return };
            self.tell_others(&name);
            while let Some(errand) = self.with(&name, |role, office| role.errand(office)) {
                let answer = self.execute_errand(errand);
                self.with(&name, |role, office| role.returned(office, answer));
            }
        }
    }

    /// Tells what an actor owes to others.
    fn tell_others(&self, name: &str) {
        let now = self.now();
        for post in self.with(name, |_, office| outbox::due(office.records, now)) {
            let answers: Vec<_> = post.messages.iter().map(|message| self.tell(&post.to, message)).collect();
            self.with(name, |_, office| outbox::returned(office.records, &post, &answers, now));
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "as a shell has it")]
    fn execute_errand(&self, errand: Errand) -> Transported {
        match errand {
            Errand::Tell { actor, message } => {
                Ok(ApiResponse::new(200, self.tell(&actor, &message), |_| None))
            }
            Errand::Api { request, .. } => {
                if request.path_and_query.contains("/dlq/resume/") {
                    self.drained.borrow_mut().push(self.now.get());
                }
                Ok(self.api(&request))
            }
            Errand::Post { .. } => panic!("nothing is posted"),
        }
    }

    fn moment(&self) -> Moment {
        Moment::from_millis(self.now.get())
    }

    pub(crate) fn events(&self) -> Vec<Value> {
        self.engine.borrow().timeline(0).to_vec()
    }

    pub(crate) fn drained(&self) -> Vec<u64> {
        self.drained.borrow().clone()
    }

    /// What the watched target tells operators.
    pub(crate) fn target(&self) -> Value {
        serde_json::from_str(&self.tell(&ledger::target(URL), r#"{"do":"state"}"#)).unwrap()
    }

    fn shard(&self, case: &Case) -> String {
        ledger::shard_of(case.lineage.root_run(), self.settings.ledger_shards)
    }
}

impl Host for &World {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now.get())
    }

    /// The next number of a `SplitMix64` generator.
    fn entropy(&self) -> u64 {
        let state = self.random.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.random.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    async fn send(&self, _: &Account, request: ApiRequest) -> Transported {
        Ok(self.api(&request))
    }

    async fn claim(&self, case: &Case) -> Claim {
        ledger::read_claim(&self.tell(&self.shard(case), &ledger::claim(case, Claimant::Callback)))
    }

    async fn admit(&self, case: &Case) -> Admitted {
        if !self.is_guarded {
            return Admitted::Go;
        }
        breaker::read_admission(&self.tell(&ledger::target(&case.target), &breaker::admit(case)))
    }

    async fn settle(&self, case: &Case, conclusion: &Conclusion) -> bool {
        self.tell(&self.shard(case), &ledger::settle(case, conclusion));
        true
    }
}

/// Runs a future that never has to wait.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("nothing here is pending"),
    }
}
