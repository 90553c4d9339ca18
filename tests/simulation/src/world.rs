//! One world: virtual time, an agenda, and everything that lives in it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use local_qstash::Credentials;
use local_qstash::engine::{Config, Engine, Loss, Request, Response, Switches, Timestamp as Moment};
use serde_json::Value;
use workflow_redrive::settings::Settings;
use workflow_redrive::time::Timestamp;

use crate::actors::Desk;
use crate::app::App;
use crate::canary;
use crate::dice::Dice;
use crate::fault::Fault;
use crate::history::{Happening, History};
use crate::plan::{MINUTE, Plan, ROTATION_KNOWN_AFTER, START};
use crate::sabotage::Sabotage;
use crate::task::Task;
use crate::worker::Isolate;

/// Isolates that requests are spread over.
const ISOLATES: usize = 2;

/// How often the cron trigger comes.
const SWEEP_EVERY: u64 = 15 * MINUTE;

/// Something that happens at its time.
pub(crate) type Event = Box<dyn FnOnce(&Rc<World>)>;

/// A world in the middle of what happens in it.
pub struct World {
    /// What it was made from.
    pub plan: Plan,
    /// The promise that its Worker breaks on purpose, if it does.
    pub(crate) sabotage: Option<Sabotage>,
    pub(crate) engine: RefCell<Engine>,
    pub(crate) settings: RefCell<Rc<Settings>>,
    pub(crate) app: App,
    pub(crate) tasks: RefCell<BTreeMap<u64, Task>>,
    /// The task that runs at the moment, and its isolate.
    pub(crate) running: Cell<Option<(u64, usize)>>,
    pub(crate) isolates: RefCell<Vec<Isolate>>,
    pub(crate) actors: RefCell<BTreeMap<String, Desk>>,
    pub(crate) history: RefCell<History>,
    /// Chance of everything that is no fault.
    pub(crate) dice: Dice,
    faults: Vec<Dice>,
    now: Cell<u64>,
    number: Cell<u64>,
    agenda: RefCell<BTreeMap<(u64, u64), Event>>,
    /// When the engine is asked next for what is due.
    engine_alarm: Cell<u64>,
}

impl World {
    /// Lets a plan happen, from its beginning to its end.
    #[must_use]
    pub fn run(plan: Plan, sabotage: Option<Sabotage>) -> Rc<Self> {
        let world = Rc::new(Self::new(plan, sabotage));
        world.begin();
        let end = world.plan.end();
        loop {
            let next = world.agenda.borrow_mut().pop_first();
            let Some(((at, _), event)) = next.filter(|((at, _), _)| *at <= end) else { break };
            world.now.set(at);
            world.history.borrow_mut().events += 1;
            event(&world);
        }
        // Events that are left hold the world, and it holds them.
        world.agenda.borrow_mut().clear();
        world.tasks.borrow_mut().clear();
        world
    }

    fn new(plan: Plan, sabotage: Option<Sabotage>) -> Self {
        let mut config = Config {
            credentials: Credentials::new(canary::TOKEN, canary::CURRENT_KEY, canary::NEXT_KEY),
            seed: plan.seed,
            switches: Switches::default(),
            ..Config::default()
        };
        for (name, value) in &plan.switches {
            config.switches.set(name, value).unwrap();
        }
        let settings = settings(&plan, canary::CURRENT_KEY, canary::NEXT_KEY);
        let faults =
            Fault::ALL.map(|fault| Dice::new(plan.seed, &format!("{fault:?}"))).into_iter().collect();
        Self {
            engine: RefCell::new(Engine::new(config)),
            settings: RefCell::new(Rc::new(settings)),
            app: App::new(&plan),
            tasks: RefCell::default(),
            running: Cell::default(),
            isolates: RefCell::new((0..ISOLATES).map(|_| Isolate::default()).collect()),
            actors: RefCell::default(),
            history: RefCell::default(),
            dice: Dice::new(plan.seed, "world"),
            faults,
            now: Cell::new(START),
            number: Cell::default(),
            agenda: RefCell::default(),
            engine_alarm: Cell::new(u64::MAX),
            plan,
            sabotage,
        }
    }

    /// Writes down all that has its time in the plan.
    fn begin(self: &Rc<Self>) {
        for n in 0..self.plan.runs {
            self.at(START + n * self.plan.triggered_within / self.plan.runs, move |world| world.trigger(n));
        }
        for ms in (START..self.plan.end()).step_by(usize::try_from(SWEEP_EVERY).unwrap()).skip(1) {
            self.at(ms, Self::sweep);
        }
        for (span, status) in self.plan.bursts.clone() {
            self.at(span.0, move |world| world.note(Fault::Burst, format!("{status} until {}", span.1)));
        }
        for outage in self.plan.outages.clone() {
            self.at(outage.1.0, move |world| world.note(Fault::Outage, format!("{outage:?}")));
        }
        for (at, step) in self.plan.clock_steps.clone() {
            self.at(at, move |world| world.note(Fault::ClockStep, format!("{step} ms")));
        }
        for at in self.plan.wipes.clone() {
            self.at(at, |world| {
                world.note(Fault::Wipe, String::new());
                world.actors.borrow_mut().clear();
            });
        }
        for (number, at) in self.plan.jobs.clone().into_iter().enumerate() {
            self.at(at, move |world| world.order(number));
        }
        for at in self.plan.rotations.clone() {
            self.at(at, Self::rotate_keys);
        }
        let lost = u8::try_from(self.plan.rates.of(Fault::CallbackLost) / 10).unwrap();
        self.engine.borrow_mut().lose(&loss(lost)).unwrap();
        self.at(self.plan.calm, |world| world.engine.borrow_mut().lose(&loss(0)).unwrap());
    }

    /// The keys move on; the deployment learns of it later, but before they move again.
    fn rotate_keys(self: &Rc<Self>) {
        self.note(Fault::Rotation, String::new());
        self.call("POST", "/v2/keys/rotate", &[], b"");
        self.after(ROTATION_KNOWN_AFTER, |world| {
            let keys = world.call("GET", "/v2/keys", &[], b"");
            let keys: Value = serde_json::from_slice(&keys.body).unwrap();
            let key = |name: &str| keys[name].as_str().unwrap().to_owned();
            let settings = settings(&world.plan, &key("current"), &key("next"));
            *world.settings.borrow_mut() = Rc::new(settings);
        });
    }

    /// The present of the world; the Worker's clock may differ.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.now.get()
    }

    /// The present as the Worker has it.
    pub(crate) fn worker_time(&self) -> Timestamp {
        Timestamp::from_millis(self.now().saturating_add_signed(self.plan.skew_at(self.now())))
    }

    pub(crate) fn moment(&self) -> Moment {
        Moment::from_millis(self.now())
    }

    pub(crate) fn next_number(&self) -> u64 {
        self.number.set(self.number.get() + 1);
        self.number.get()
    }

    /// Lets something happen at a moment.
    pub(crate) fn at(&self, at: u64, event: impl FnOnce(&Rc<Self>) + 'static) {
        self.agenda.borrow_mut().insert((at.max(self.now()), self.next_number()), Box::new(event));
    }

    /// Lets something happen later.
    pub(crate) fn after(&self, ms: u64, event: impl FnOnce(&Rc<Self>) + 'static) {
        self.at(self.now() + ms, event);
    }

    /// Whether a fault comes now: as often as the plan says, and never once it is calm.
    pub(crate) fn strikes(&self, fault: Fault) -> bool {
        let rate = self.plan.rates.of(fault);
        if rate == 0 || self.now() >= self.plan.calm {
            return false;
        }
        self.faults[fault.index()].happens(rate)
    }

    /// Writes down that something went wrong.
    pub(crate) fn note(&self, fault: Fault, detail: String) {
        self.record(Happening::Fault(fault, detail));
    }

    pub(crate) fn record(&self, what: Happening) {
        self.history.borrow_mut().record(self.now(), what);
    }

    pub(crate) fn maybe_evict(self: &Rc<Self>, isolate: usize) {
        if self.strikes(Fault::Eviction) {
            self.after(self.dice.below(60), move |world| {
                world.note(Fault::Eviction, format!("isolate {isolate}"));
                world.evict(isolate);
            });
        }
    }

    /// Asks the engine's API, at once and without a network.
    pub(crate) fn call(
        self: &Rc<Self>,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response {
        let response = self.ask(method, target, headers, body);
        self.stir();
        response
    }

    /// Looks when the engine has something to deliver.
    pub(crate) fn stir(self: &Rc<Self>) {
        let wakes = self.engine.borrow().next_wakeup().map(Moment::millis);
        let Some(at) = wakes.map(|at| at.max(self.now())).filter(|at| *at < self.engine_alarm.get()) else {
            return;
        };
        self.engine_alarm.set(at);
        self.at(at, move |world| {
            if world.engine_alarm.get() == at {
                world.engine_alarm.set(u64::MAX);
                world.deliver_due();
            }
        });
    }

    fn deliver_due(self: &Rc<Self>) {
        let due = self.engine.borrow_mut().due(self.moment());
        for delivery in due {
            if delivery.url.starts_with(canary::HOOK) {
                self.deliver_callback(delivery);
            } else {
                self.deliver_step(&delivery);
            }
        }
        self.stir();
    }

    /// Whether an entry is in the queue.
    pub(crate) fn has_entry(&self, entry: &str) -> bool {
        self.ask("GET", &format!("/v2/workflows/dlq/{entry}"), &[], b"").status == 200
    }

    fn ask(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        let request =
            Request::authorized(canary::TOKEN, method, target, headers.iter().copied().collect(), body);
        self.engine.borrow_mut().handle(&request, self.moment())
    }

    /// The engine's own record.
    #[must_use]
    pub fn timeline(&self) -> Vec<Value> {
        self.engine.borrow().timeline(0).to_vec()
    }
}

fn settings(plan: &Plan, current: &str, next: &str) -> Settings {
    let policy = plan.knobs.policy();
    let read = Settings::read(|name| match name {
        "QSTASH_TOKEN" => Some(canary::TOKEN.to_owned()),
        "QSTASH_URL" => Some(canary::API.to_owned()),
        "QSTASH_CURRENT_SIGNING_KEY" => Some(current.to_owned()),
        "QSTASH_NEXT_SIGNING_KEY" => Some(next.to_owned()),
        "PUBLIC_URL" => Some(canary::HOOK.to_owned()),
        "POLICY" => Some(policy.clone()),
        "LEDGER_SHARDS" if plan.shards > 0 => Some(plan.shards.to_string()),
        // A sweep with the default calls would take days for thousands of entries.
        "SWEEP_CALLS" => Some((plan.runs * 20).clamp(40, 10_000).to_string()),
        "SWEEP_AFTER" => Some(format!("{}s", plan.knobs.sweep_after / 1000)),
        "NOTIFY_SLACK_URL" if plan.shards > 0 => Some(canary::CHAT.to_owned()),
        "NOTIFY_ON" if plan.shards > 0 => {
            Some("first_failure,gave_up,recovered,breaker_opened,breaker_closed".to_owned())
        }
        _ => None,
    });
    read.unwrap()
}

fn loss(percent: u8) -> Loss {
    serde_json::from_value(serde_json::json!({ "percent": percent })).unwrap()
}
