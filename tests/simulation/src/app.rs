//! The user's workflows: steps that succeed, fail, hang, and get well again.

use std::cell::Cell;
use std::rc::Rc;

use local_qstash::engine::{Delivery, Headers, Outcome};
use serde_json::{Value, json};

use crate::canary;
use crate::dice::Dice;
use crate::plan::{MINUTE, Plan, SECOND, START, TARGETS};
use crate::world::World;

/// What all runs do.
pub(crate) struct App {
    scripts: Vec<Script>,
    dice: Dice,
}

/// What one run does.
struct Script {
    target: usize,
    steps: usize,
    trouble: Option<Trouble>,
    /// Deliveries that failed so far.
    failed: Cell<u64>,
    retries: u64,
}

/// What is wrong with a run.
struct Trouble {
    /// Steps that succeed before.
    at_step: usize,
    kind: Kind,
    heals: Heals,
}

#[derive(Clone, Copy)]
enum Kind {
    Status(u16),
    /// The step goes on for so long after QStash has given it up.
    Hangs(u64),
    Unreachable,
    /// The route's code is another one than that of the recorded steps.
    Incompatible,
}

#[derive(Clone, Copy)]
enum Heals {
    At(u64),
    AfterTries(u64),
    Never,
}

impl App {
    pub(crate) fn new(plan: &Plan) -> Self {
        let dice = Dice::new(plan.seed, "app");
        let scripts = (0..plan.runs).map(|_| Script::new(&dice, plan)).collect();
        Self { scripts, dice }
    }
}

impl Script {
    fn new(dice: &Dice, plan: &Plan) -> Self {
        const STATUSES: [u16; 13] = [500, 502, 503, 503, 503, 429, 408, 400, 404, 489, 410, 409, 423];
        let kind = match dice.below(10) {
            0 => Kind::Hangs(dice.below(9 * SECOND)),
            1 => Kind::Unreachable,
            2 => Kind::Incompatible,
            _ => Kind::Status(dice.pick(&STATUSES)),
        };
        let heals = match dice.below(3) {
            0 => Heals::At(START + dice.below(60) * MINUTE),
            1 => Heals::AfterTries(dice.between(1, 6)),
            _ => Heals::Never,
        };
        let steps = usize::try_from(dice.between(1, 3)).unwrap();
        let at_step = usize::try_from(dice.below(3)).unwrap().min(steps);
        Self {
            target: usize::try_from(dice.below(plan.targets as u64)).unwrap(),
            steps,
            trouble: dice.happens(800).then_some(Trouble { at_step, kind, heals }),
            failed: Cell::default(),
            retries: dice.pick(&[0, 0, 1, 3]),
        }
    }

    /// What is wrong at this step, if anything is.
    fn trouble(&self, step: usize, now: u64) -> Option<Kind> {
        let trouble = self.trouble.as_ref().filter(|trouble| trouble.at_step == step)?;
        let is_over = match trouble.heals {
            Heals::At(at) => now >= at,
            Heals::AfterTries(tries) => self.failed.get() >= tries,
            Heals::Never => false,
        };
        (!is_over).then_some(trouble.kind)
    }
}

impl World {
    /// Triggers a run.
    pub(crate) fn trigger(self: &Rc<Self>, n: u64) {
        let script = &self.app.scripts[usize::try_from(n).unwrap()];
        let url = TARGETS[script.target];
        // Users name their runs as they like.
        let run = if n % 7 == 3 { format!("wfr_{n}/../../x?y=1&z#a") } else { format!("wfr_{n:04}") };
        let retries = script.retries.to_string();
        let headers = [
            ("Upstash-Workflow-Init", "true"),
            ("Upstash-Workflow-RunId", run.as_str()),
            ("Upstash-Workflow-Url", url),
            ("Upstash-Workflow-Sdk-Version", "1"),
            ("Upstash-Forward-Upstash-Workflow-Sdk-Version", "1"),
            ("Upstash-Forward-Authorization", canary::FORWARDED),
            ("Upstash-Feature-Set", "InitialBody,WF_DetectTrigger,WF_TriggerOnConfig"),
            ("Upstash-Label", "shop"),
            ("Upstash-Retries", &retries),
            ("Upstash-Failure-Callback", canary::HOOK),
        ];
        let body = format!(r#"{{"secret":"{}","n":{n}}}"#, canary::PAYLOAD);
        let response = self.call("POST", &format!("/v2/publish/{url}"), &headers, body.as_bytes());
        assert_eq!(response.status, 201, "{}", String::from_utf8_lossy(&response.body));
    }

    /// A step is to be executed: the target answers, sooner or later.
    pub(crate) fn deliver_step(self: &Rc<Self>, delivery: &Delivery) {
        let run = delivery.headers.value("Upstash-Workflow-RunId").unwrap().to_owned();
        let entries: Vec<Value> = serde_json::from_slice(&delivery.body).unwrap();
        let script = number(&delivery.body, &entries);
        let (step, now) = (entries.len() - 1, self.now());
        let script = &self.app.scripts[script];
        let down = self
            .plan
            .outages
            .iter()
            .find(|(target, (from, to), _)| *target == script.target && (*from..*to).contains(&now));
        let kind =
            down.map(|(.., status)| if *status == 0 { Kind::Unreachable } else { Kind::Status(*status) });
        let (id, limit) = (delivery.id, delivery.timeout_ms);
        let land = move |world: &Rc<Self>, outcome| {
            world.engine.borrow_mut().delivered(id, outcome, world.moment());
            world.stir();
        };
        let takes = self.app.dice.between(20, 400);
        let Some(kind) = kind.or_else(|| script.trouble(step, now)) else {
            let steps = script.steps;
            return self.after(takes, move |world| {
                world.go_on(&run, step, steps);
                land(world, answered(200, &[], ""));
            });
        };
        if down.is_none() {
            script.failed.set(script.failed.get() + 1);
        }
        match kind {
            Kind::Unreachable => self.after(takes, move |world| land(world, Outcome::Unreachable)),
            Kind::Hangs(longer) => {
                let steps = script.steps;
                self.after(limit, move |world| land(world, Outcome::TimedOut));
                self.after(limit + longer, move |world| world.go_on(&run, step, steps));
            }
            Kind::Incompatible => self.after(takes, move |world| {
                land(world, answered(400, &[], r#"{"error":"Error","message":"Incompatible step name"}"#));
            }),
            Kind::Status(status) => {
                let asks = status == 429 && self.app.dice.happens(500);
                self.after(takes, move |world| {
                    let headers = match status {
                        489 => vec![("Upstash-NonRetryable-Error", "true")],
                        _ if asks => vec![("Retry-After", "45")],
                        _ => Vec::new(),
                    };
                    land(world, answered(status, &headers, r#"{"error":"Error","message":"no luck"}"#));
                });
            }
        }
    }

    /// Tells QStash of a step's result, or that the workflow is through. A run that has failed meanwhile is not told.
    fn go_on(self: &Rc<Self>, run: &str, step: usize, steps: usize) {
        if step < steps {
            let url = TARGETS[0];
            let name = format!("step {step}");
            let id = step + 1;
            let result =
                json!({"stepId": id, "stepName": name, "stepType": "Run", "out": "1", "concurrent": 1});
            let headers = [("Upstash-Workflow-Init", "false"), ("Upstash-Workflow-RunId", run)];
            self.call("POST", &format!("/v2/publish/{url}"), &headers, result.to_string().as_bytes());
        } else {
            let run: String = run.bytes().map(escaped).collect();
            self.call("DELETE", &format!("/v2/workflows/runs/{run}?cancel=false"), &[], b"");
        }
    }
}

fn escaped(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

/// Which run it is: its payload says so, and is the same in all its descendants.
fn number(body: &[u8], entries: &[Value]) -> usize {
    let body = String::from_utf8_lossy(body);
    let payload = entries[0]["body"].as_str().unwrap_or_default();
    let plain = decoded(payload);
    let payload: Value = serde_json::from_str(&plain).unwrap_or_else(|_| panic!("no payload in {body}"));
    usize::try_from(payload["n"].as_u64().unwrap()).unwrap()
}

fn decoded(base64: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.decode(base64).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

fn answered(status: u16, headers: &[(&str, &str)], body: &str) -> Outcome {
    let mut all: Headers = headers.iter().copied().collect();
    all.insert("Upstash-Workflow-Sdk-Version", "1");
    answer(status, all, body.as_bytes().to_vec())
}

/// An answer as the engine takes it.
pub(crate) fn answer(status: u16, headers: Headers, body: Vec<u8>) -> Outcome {
    Outcome::Answered { status, headers, body }
}
