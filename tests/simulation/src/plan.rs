//! What one seed stands for: the workload, the world that it meets, and what goes wrong there.

use crate::dice::Dice;
use crate::fault::{Counts, Fault};

pub(crate) const SECOND: u64 = 1000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const HOUR: u64 = 60 * MINUTE;

/// When every world begins.
pub(crate) const START: u64 = 1_700_000_000_000;

/// The workflows of the user.
pub(crate) const TARGETS: [&str; 3] =
    ["https://shop.example/order", "https://shop.example/mail", "http://10.0.0.7:3000/api/report"];

/// How long the deployment goes on with the keys from before a rotation.
pub(crate) const ROTATION_KNOWN_AFTER: u64 = MINUTE;

/// Of so many worlds one has thousands of runs.
const LARGE: u64 = 10_000;

/// Attempts that one of the rules has, whatever the policy allows others.
pub(crate) const STALE_ATTEMPTS: u64 = 2;

/// Faults that the ledger cannot spare a target under.
const SPARES_NOBODY: [Fault; 7] = [
    Fault::Wipe,
    Fault::ClockStep,
    Fault::SlowCall,
    Fault::TellLost,
    Fault::TellAnswerLost,
    Fault::Storage,
    Fault::ActorEviction,
];

/// Runs that try out whether a target is well again.
pub(crate) const PROBES: u64 = 3;

/// A world and what happens in it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Plan {
    /// What it was made from.
    pub seed: u64,
    /// Runs that are triggered.
    pub runs: u64,
    /// The time within which they are, in milliseconds.
    pub triggered_within: u64,
    /// How many targets they have.
    pub targets: usize,
    /// How often each kind of fault comes, of a thousand times.
    pub rates: Counts,
    /// When a target is down: which, from when to when, and the status that it has then.
    pub outages: Vec<(usize, Span, u16)>,
    /// When the API turns requests away, and with which status.
    pub bursts: Vec<(Span, u16)>,
    /// Answers to what is unknown of the real service.
    pub switches: Vec<(&'static str, &'static str)>,
    /// Shards of the ledger; 0 where none is bound.
    pub shards: u32,
    /// How long a message to the ledger takes at most, and its answer, in milliseconds.
    pub ledger_ms: u64,
    /// When a person orders that everything be resumed.
    pub jobs: Vec<u64>,
    /// When the ledger loses its memory.
    pub wipes: Vec<u64>,
    /// How far the Worker's clock is ahead at first, in milliseconds.
    pub skew: i64,
    /// When it jumps, and by how much.
    pub clock_steps: Vec<(u64, i64)>,
    /// When signing keys are rotated; the Worker learns of it some minutes later.
    pub rotations: Vec<u64>,
    /// What the deployment is told.
    pub knobs: Knobs,
    /// From then on nothing goes wrong any more.
    pub calm: u64,
}

/// From one moment to another.
pub(crate) type Span = (u64, u64);

/// Settings of the deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Knobs {
    /// Attempts of a lineage.
    pub max_attempts: u64,
    /// Its time in milliseconds.
    pub max_elapsed: u64,
    /// First and longest back-off in milliseconds.
    pub backoff: (u64, u64),
    /// Whether targets are watched.
    pub breaker: bool,
    /// Lineages that must fail before the breaker opens.
    pub minimum: u64,
    /// How long it stays open at first, in milliseconds.
    pub open: u64,
    /// Resumes a minute of those that were held back.
    pub rate: u64,
    /// When a callback that has not come counts as lost, in milliseconds.
    pub sweep_after: u64,
}

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let dice = Dice::new(seed, "plan");
        let is_large = dice.below(LARGE) == 0;
        let runs = if is_large { dice.between(2000, 4000) } else { dice.between(1, 12) };
        let calm = START + dice.between(15, 45) * MINUTE;
        let moments = |most: u64| -> Vec<u64> {
            let mut moments: Vec<u64> =
                (0..dice.below(most + 1)).map(|_| dice.between(START, calm)).collect();
            moments.sort_unstable();
            moments
        };
        let shards = dice.pick(&[0, 1, 1, 4, 4, 4]);
        let is_calm = dice.happens(100);
        let mut plan = Self {
            seed,
            runs,
            triggered_within: dice.between(1, 15) * MINUTE,
            targets: dice.pick(&[1, 1, 2, 3]),
            rates: if is_calm { Counts::default() } else { rates(&dice, is_large) },
            outages: Vec::new(),
            bursts: Vec::new(),
            switches: switches(&dice),
            shards,
            ledger_ms: 8,
            jobs: if shards > 0 && dice.happens(150) { moments(2) } else { Vec::new() },
            wipes: if dice.happens(150) { moments(2) } else { Vec::new() },
            skew: 0,
            clock_steps: Vec::new(),
            rotations: Vec::new(),
            knobs: Knobs::new(&dice),
            calm,
        };
        if is_large {
            // A queue that only grows, or is searched for every callback, takes minutes.
            plan.switches.retain(|(name, _)| !["entry-on-resume", "callback-dlq-id"].contains(name));
        }
        if dice.happens(200) {
            plan.rotations = moments(2);
            // The deployment learns of the first before the second: two keys are all that it knows.
            plan.rotations.dedup_by(|later, earlier| *later < *earlier + ROTATION_KNOWN_AFTER);
        }
        if dice.happens(50) {
            // Nobody but the ledger protects an entry, from nothing but its own callback.
            plan = plan.doubled();
        }
        if dice.happens(40) {
            plan = plan.stormy(&dice);
        }
        if plan.resumes_kept_entries_again() {
            // Each order would resume all that ever failed once more, and double what is there.
            plan.jobs.clear();
        }
        if plan.outages.is_empty() && dice.happens(500) {
            plan.outages = (0..dice.between(1, 2))
                .map(|_| (dice.pick(&[0, 1, 2]), span(&dice, calm), dice.pick(&[0, 500, 503, 503])))
                .collect();
        }
        if dice.happens(300) {
            let burst = || (span(&dice, calm), dice.pick(&[429, 429, 503]));
            plan.bursts = vec![burst(), burst()];
        }
        if dice.happens(300) {
            // Within the tolerance, QStash's one second of rounding left out.
            plan.skew = i64::try_from(dice.below(8000)).unwrap() - 4000;
        }
        if dice.happens(100) {
            plan.clock_steps = moments(2)
                .into_iter()
                .map(|at| (at, dice.pick(&[-60_000, -2000, 1500, 20_000, 600_000])))
                .collect();
        }
        if dice.happens(200) {
            // What comes meanwhile goes together.
            plan.ledger_ms = 2000;
        }
        plan
    }

    /// Many runs meet a target that is down, and a ledger that works.
    fn stormy(mut self, dice: &Dice) -> Self {
        self.runs = dice.between(60, 120);
        self.triggered_within = 5 * MINUTE;
        self.targets = 1;
        self.shards = self.shards.max(1);
        self.knobs.breaker = true;
        self.knobs.minimum = dice.between(2, 5);
        self.outages = vec![(0, (START, self.calm), 503)];
        self.wipes.clear();
        for fault in SPARES_NOBODY {
            self.rates.set(fault, 0);
        }
        self
    }

    fn doubled(mut self) -> Self {
        self.rates = Counts::default();
        self.rates.set(Fault::CallbackTwice, 300);
        self.rates.set(Fault::Forgery, 100);
        self.wipes.clear();
        self.jobs.clear();
        // All come at once, and their claims go together.
        self.triggered_within = MINUTE;
        self.shards = self.shards.min(1);
        self.ledger_ms = 2000;
        self.switches = vec![("entry-on-resume", "kept"), ("second-resume", "new-run")];
        self
    }

    /// When the world ends: everything that is to come has come.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.calm + self.knobs.max_elapsed + self.knobs.sweep_after + HOUR
    }

    /// How far the Worker's clock is ahead.
    pub(crate) fn skew_at(&self, now: u64) -> i64 {
        let steps = self.clock_steps.iter().filter(|(at, _)| *at <= now).map(|(_, step)| step);
        self.skew + steps.sum::<i64>()
    }

    /// The setting of a switch, where it is not the default.
    #[must_use]
    pub fn switch(&self, name: &str) -> Option<&'static str> {
        self.switches.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// Whether the queue keeps what was resumed, and makes another run of it whenever it is asked to.
    pub(crate) fn resumes_kept_entries_again(&self) -> bool {
        self.switch("entry-on-resume").is_some() && self.switch("second-resume").is_some()
    }

    /// Whether targets are watched by a ledger that can.
    pub(crate) fn is_spared(&self) -> bool {
        let fails = SPARES_NOBODY.into_iter().any(|fault| self.has(fault));
        self.shards > 0 && self.knobs.breaker && self.ledger_ms < SECOND && !fails
    }

    /// Whether a kind of fault can come.
    #[must_use]
    pub fn has(&self, fault: Fault) -> bool {
        match fault {
            Fault::Burst => !self.bursts.is_empty(),
            Fault::Wipe => !self.wipes.is_empty(),
            Fault::ClockStep => !self.clock_steps.is_empty(),
            Fault::Rotation => !self.rotations.is_empty(),
            Fault::Outage => !self.outages.is_empty(),
            _ => self.rates.of(fault) > 0,
        }
    }
}

impl Knobs {
    fn new(dice: &Dice) -> Self {
        Self {
            max_attempts: dice.between(1, 5),
            max_elapsed: dice.pick(&[10 * MINUTE, 30 * MINUTE, HOUR]),
            backoff: (dice.pick(&[SECOND, 10 * SECOND, 30 * SECOND]), dice.pick(&[MINUTE, 10 * MINUTE])),
            breaker: dice.happens(700),
            minimum: dice.pick(&[2, 3, 5, 10]),
            open: dice.pick(&[30 * SECOND, 2 * MINUTE, 5 * MINUTE]),
            rate: dice.pick(&[6, 60, 600]),
            sweep_after: dice.pick(&[5 * MINUTE, 45 * MINUTE]),
        }
    }

    /// The policy as JSON.
    pub(crate) fn policy(&self) -> String {
        let Self { max_attempts, max_elapsed, backoff: (base, cap), breaker, minimum, open, rate, .. } = self;
        serde_json::json!({
            "max_attempts": max_attempts,
            "max_elapsed": format!("{}s", max_elapsed / SECOND),
            "backoff": { "base": format!("{}s", base / SECOND), "cap": format!("{}s", cap / SECOND) },
            "retry_after_cap": "10m",
            "breaker": {
                "enabled": breaker, "minimum": minimum, "probes": PROBES,
                "open": format!("{}s", open / SECOND), "open_cap": "10m",
            },
            "drain": { "rate": rate },
            "rules": [
                { "name": "obsolete", "when": { "status": 410 }, "action": "delete" },
                { "name": "stale", "when": { "status": 409 }, "action": "restart", "max_attempts": STALE_ATTEMPTS },
                { "name": "locked", "when": { "status": 423 }, "action": "defer" },
            ],
        })
        .to_string()
    }
}

fn span(dice: &Dice, calm: u64) -> Span {
    let from = dice.between(START, calm);
    (from, (from + dice.between(1, 40) * MINUTE).min(calm))
}

/// About a third of all kinds, each at a rate of its own.
fn rates(dice: &Dice, is_large: bool) -> Counts {
    let mut rates = Counts::default();
    for fault in Fault::ALL.into_iter().take(Fault::BY_CHANCE) {
        if dice.happens(350) {
            let most = if is_large { [2, 10, 30] } else { [5, 30, 150] };
            rates.set(fault, dice.pick(&most));
        }
    }
    rates
}

/// Mostly the defaults, which are what is most likely of the real service.
fn switches(dice: &Dice) -> Vec<(&'static str, &'static str)> {
    const OTHERS: [(&str, &str); 11] = [
        ("entry-on-resume", "kept"),
        ("second-resume", "new-run"),
        ("callback-dlq-id", "absent"),
        ("failure-callback-override", "dropped"),
        ("label-override", "append"),
        ("callback-run-id-header", "original"),
        ("cursor-end", "empty"),
        ("created-at", "string"),
        ("source-header", "string"),
        ("state-field", "failureCallbackInfo"),
        ("list-order", "latest"),
    ];
    // What drops the lineage of every run is documented otherwise, and its worlds are long.
    let rate = |name: &str| if name == "failure-callback-override" { 30 } else { 200 };
    OTHERS.into_iter().filter(|(name, _)| dice.happens(rate(name))).collect()
}
