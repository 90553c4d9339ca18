//! The Worker: isolates that deal with callbacks and sweeps, as its shell does it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use local_qstash::engine::{Delivery, Headers, Outcome};
use workflow_redrive::breaker::{admit, read_admission};
use workflow_redrive::callback::{CallbackHeaders, FailureReader};
use workflow_redrive::dlq::{ApiRequest, Transported};
use workflow_redrive::ledger::{Claimant, claim, read_claim, settle, shard_of, target};
use workflow_redrive::recovery::{
    Admission, Admitted, Arrival, Case, Claim, Conclusion, Host, LogLine, MemoryLedger, Refusal,
    Reply as Answer, Timings,
};
use workflow_redrive::settings::{Account, Settings};
use workflow_redrive::signature::BodyDigest;
use workflow_redrive::sweep::{Orders, Sweeper, sweep};
use workflow_redrive::time::Timestamp;

use crate::app::answer;
use crate::fault::Fault;
use crate::gathered::Gathered;
use crate::history::{By, Happening, Reply};
use crate::plan::SECOND;
use crate::sabotage::Sabotage;
use crate::world::World;

/// Milliseconds between two looks at a claim of somebody else.
const PAUSES: [u64; 6] = [50, 100, 200, 400, 800, 1600];

/// What one isolate remembers.
#[derive(Default)]
pub(crate) struct Isolate {
    pub(crate) claims: Rc<RefCell<MemoryLedger>>,
    pub(crate) gathered: Rc<Gathered>,
}

/// A request as it comes to the Worker.
#[derive(Clone)]
pub(crate) struct Letter {
    pub(crate) url: String,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
    /// Whether QStash sent it, unchanged.
    pub(crate) is_genuine: bool,
}

impl World {
    /// A failure callback is on its way: once, twice, in part, and with what strangers make of it.
    pub(crate) fn deliver_callback(self: &Rc<Self>, delivery: Delivery) {
        let (id, limit) = (delivery.id, delivery.timeout_ms);
        let letter =
            Letter { url: delivery.url, headers: delivery.headers, body: delivery.body, is_genuine: true };
        let is_answered = Rc::new(Cell::new(false));
        let land = {
            let is_answered = Rc::clone(&is_answered);
            move |world: &Rc<Self>, outcome: Outcome| {
                if !is_answered.replace(true) {
                    world.engine.borrow_mut().delivered(id, outcome, world.moment());
                    world.stir();
                }
            }
        };
        let late = land.clone();
        self.after(limit, move |world| late(world, Outcome::TimedOut));
        if self.strikes(Fault::CallbackTwice) {
            self.note(Fault::CallbackTwice, letter.url.clone());
            let again = letter.clone();
            let within = self.dice.pick(&[SECOND, 40 * SECOND]);
            self.after(self.dice.below(within), move |world| world.receive(again, |_, _| {}));
        }
        if self.strikes(Fault::Forgery) {
            self.forge(&letter);
        }
        let way = self.dice.between(2, 50);
        self.after(way, move |world| {
            world.receive(letter, move |world, outcome| {
                if world.strikes(Fault::CallbackAnswerLost) {
                    world.note(Fault::CallbackAnswerLost, String::new());
                    return land(world, Outcome::Unreachable);
                }
                world.after(way, move |world| land(world, outcome));
            });
        });
    }

    /// A request arrives in one of the isolates.
    pub(crate) fn receive(
        self: &Rc<Self>,
        letter: Letter,
        done: impl FnOnce(&Rc<Self>, Outcome) + Clone + 'static,
    ) {
        let isolate = usize::try_from(self.dice.below(self.isolates.borrow().len() as u64)).unwrap();
        let callback = self.next_number();
        self.history.borrow_mut().callbacks += 1;
        let runtime = Runtime::new(self, isolate, By::Callback(callback));
        let cut = done.clone();
        let future = async move {
            let is_genuine = letter.is_genuine;
            let conclusion = runtime.recover(&letter).await;
            let world = &runtime.world;
            runtime.log(&LogLine::new(&conclusion, Timings::default()).json, &letter);
            let mut reply = Answer::from(&conclusion);
            if world.sabotage == Some(Sabotage::AnswersBeforeItIsDone) && reply.status == 503 {
                reply.status = 200;
            }
            world.record(Happening::Reply(Reply {
                callback,
                is_genuine,
                status: reply.status,
                body: reply.body.clone(),
                asked: runtime.asked.get(),
            }));
            let mut headers = Headers::new();
            if let Some(seconds) = reply.retry_after {
                headers.insert("Retry-After", seconds.to_string());
            }
            if reply.non_retryable {
                headers.insert("Upstash-NonRetryable-Error", "true");
            }
            done(world, answer(reply.status, headers, reply.body.into_bytes()));
        };
        self.spawn(isolate, future, move |world| cut(world, Outcome::Unreachable));
    }

    /// The cron trigger.
    pub(crate) fn sweep(self: &Rc<Self>) {
        if self.sabotage == Some(Sabotage::NeverSweeps) {
            return;
        }
        let isolate = usize::try_from(self.dice.below(self.isolates.borrow().len() as u64)).unwrap();
        let runtime = Runtime::new(self, isolate, By::Sweep);
        let future = async move {
            let own = runtime.settings.public_url.as_ref();
            let started = runtime.now();
            for report in sweep(&runtime.settings, own, &Orders::of_the_clock(), &runtime).await {
                runtime.world.record(Happening::Log(report.log_line(started, runtime.now())));
            }
        };
        self.spawn(isolate, future, |_| {});
    }
}

/// The world around one recovery or sweep.
struct Runtime {
    world: Rc<World>,
    settings: Rc<Settings>,
    claims: Rc<RefCell<MemoryLedger>>,
    gathered: Rc<Gathered>,
    by: By,
    /// How often it asked somebody for something.
    asked: Cell<u32>,
}

impl Runtime {
    fn new(world: &Rc<World>, isolate: usize, by: By) -> Self {
        Self {
            world: Rc::clone(world),
            settings: Rc::clone(&world.settings.borrow()),
            claims: Rc::clone(&world.isolates.borrow()[isolate].claims),
            gathered: Rc::clone(&world.isolates.borrow()[isolate].gathered),
            by,
            asked: Cell::default(),
        }
    }

    /// The token, before a byte of the body; the body, hashed and read side by side; everything else.
    async fn recover(&self, letter: &Letter) -> Conclusion {
        let header = |name: &str| letter.headers.value(name).map(str::to_owned);
        let started = self.now();
        let mut arrival = Arrival {
            url: letter.url.clone(),
            signature: header("Upstash-Signature"),
            region: header("Upstash-Region"),
        };
        let mut digest = BodyDigest::of(&letter.body);
        if self.world.sabotage == Some(Sabotage::BelievesEverything)
            && let Some(original) = header("X-Original-Body")
        {
            arrival.url = header("X-Original-Url").unwrap_or_default();
            arrival.signature = header("X-Original-Signature");
            digest = BodyDigest::of(original.as_bytes());
        }
        let admission = match Admission::check(&self.settings, &arrival, started) {
            Ok(admission) => admission,
            Err(refusal) => return Conclusion::refused(refusal),
        };
        let mut reader = FailureReader::new(CallbackHeaders::read(header));
        if !self.read_body(&letter.body, &mut reader).await {
            return Conclusion::refused(Refusal::body_unreadable());
        }
        let failure = reader.finish(started);
        admission.recover(&self.settings.policy, digest, failure, self).await
    }

    /// Reads a body as it comes; whether it came to its end.
    async fn read_body(&self, body: &[u8], reader: &mut FailureReader) -> bool {
        let world = &self.world;
        if world.strikes(Fault::CallbackCut) {
            world.note(Fault::CallbackCut, format!("{} bytes", body.len()));
            reader.push(&body[..body.len() / 2]);
            world.sleep(40).await;
            return false;
        }
        let chunk = usize::try_from(world.dice.between(1, 4096)).unwrap();
        let is_slow = world.strikes(Fault::CallbackSlow);
        if is_slow {
            world.note(Fault::CallbackSlow, format!("{} bytes", body.len()));
        }
        let pauses = u64::try_from(body.len() / chunk + 1).unwrap();
        for chunk in body.chunks(chunk) {
            if is_slow {
                world.sleep((20 * SECOND / pauses).max(1)).await;
            }
            reader.push(chunk);
        }
        true
    }

    async fn tell_actor(&self, actor: &str, message: &str) -> Option<String> {
        self.asked.set(self.asked.get() + 1);
        Rc::clone(&self.gathered).tell(&self.world, actor, message).await
    }

    fn shard(&self, case: &Case) -> String {
        shard_of(case.lineage.root_run(), self.settings.ledger_shards)
    }

    fn log(&self, line: &str, letter: &Letter) {
        let mut line = line.to_owned();
        if self.world.sabotage == Some(Sabotage::LogsPayloads) {
            line.push_str(&String::from_utf8_lossy(&letter.body));
        }
        self.world.record(Happening::Log(line));
    }
}

impl Host for Runtime {
    fn now(&self) -> Timestamp {
        self.world.worker_time()
    }

    fn entropy(&self) -> u64 {
        self.world.dice.number()
    }

    async fn send(&self, account: &Account, request: ApiRequest) -> Transported {
        self.asked.set(self.asked.get() + 1);
        let host = account.base_url.as_str().to_owned();
        let by = self.by.clone();
        self.world.wait_for(|world, done| world.send_to_api(&host, request, by, done)).await
    }

    async fn claim(&self, case: &Case) -> Claim {
        if self.world.sabotage == Some(Sabotage::GrantsEveryClaim) {
            return Claim::Granted;
        }
        if !self.has_ledger() {
            self.asked.set(self.asked.get() + 1);
            return self.claims.borrow_mut().claim(&case.dlq_id, self.now());
        }
        let by = if self.by == By::Sweep { Claimant::Sweep } else { Claimant::Callback };
        let mut pauses = PAUSES.into_iter();
        loop {
            let answer = self.tell_actor(&self.shard(case), &claim(case, by)).await;
            let claim = answer.map_or(Claim::Unavailable, |answer| read_claim(&answer));
            match pauses.next().filter(|_| claim == Claim::Pending && by == Claimant::Callback) {
                Some(pause) => self.world.sleep(pause).await,
                None => return claim,
            }
        }
    }

    async fn admit(&self, case: &Case) -> Admitted {
        let is_watched = self.has_ledger() && self.settings.policy.breaker.enabled;
        if !is_watched || self.world.sabotage == Some(Sabotage::NeverAsksTheBreaker) {
            return Admitted::Go;
        }
        let answer = self.tell_actor(&target(&case.target), &admit(case)).await;
        answer.map_or(Admitted::Unavailable, |answer| read_admission(&answer))
    }

    async fn settle(&self, case: &Case, conclusion: &Conclusion) -> bool {
        if self.has_ledger() {
            return self.tell_actor(&self.shard(case), &settle(case, conclusion)).await.is_some();
        }
        self.claims.borrow_mut().settle(&case.dlq_id, conclusion);
        true
    }
}

impl Sweeper for Runtime {
    fn has_ledger(&self) -> bool {
        self.world.plan.shards > 0
    }

    async fn tell(&self, actor: &str, message: &str) -> Option<String> {
        self.tell_actor(actor, message).await
    }
}
