//! Many seeds, and what they come to.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::fault::{Counts, Fault};
use crate::plan::{Plan, START};
use crate::promises::{Promise, Violation, check};
use crate::sabotage::Sabotage;
use crate::world::World;

/// What happened in many worlds.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Sum {
    /// Worlds.
    pub seeds: u64,
    /// Hours of virtual time.
    pub hours: u64,
    /// Events that were carried out.
    pub events: u64,
    /// Callbacks that arrived.
    pub callbacks: u64,
    /// Messages that an actor got together with others.
    pub gathered: u64,
    /// Runs that were triggered.
    pub runs: u64,
    /// Runs that failed, those that were resumed before among them.
    pub failures: u64,
    /// Runs that came back, resumed or restarted.
    pub revived: u64,
    /// Runs that came to a good end.
    pub completed: u64,
    /// Faults by kind.
    pub faults: Counts,
    /// The first seeds that broke a promise, and how.
    pub broken: BTreeMap<Promise, Vec<(u64, Violation)>>,
}

/// Failing seeds of one promise that are kept.
const KEPT: usize = 5;

impl Sum {
    fn add(&mut self, world: &World, violations: Vec<Violation>) {
        let history = world.history.borrow();
        self.seeds += 1;
        self.hours += (world.plan.end() - START) / 3_600_000;
        self.events += history.events;
        self.callbacks += history.callbacks;
        self.gathered += history.gathered;
        self.faults.add(&history.faults);
        for event in world.engine.borrow().timeline(0) {
            match event["kind"].as_str().unwrap_or_default() {
                "run_triggered" => self.runs += 1,
                "run_failed" => self.failures += 1,
                "resumed" | "restarted" => self.revived += 1,
                "run_completed" => self.completed += 1,
                "callback_lost" => self.faults.count(Fault::CallbackLost),
                _ => {}
            }
        }
        for violation in violations {
            let seeds = self.broken.entry(violation.promise).or_default();
            if seeds.len() < KEPT && seeds.last().is_none_or(|(seed, _)| *seed != world.plan.seed) {
                seeds.push((world.plan.seed, violation));
            }
        }
    }
}

/// Runs the worlds of `seeds` in `jobs` threads; `progress` hears of every thousandth. Stops soon after a broken promise
/// where `stops` says so.
pub fn run_all(
    seeds: std::ops::Range<u64>,
    jobs: usize,
    sabotage: Option<Sabotage>,
    stops: bool,
    progress: &(dyn Fn(u64) + Sync),
) -> Sum {
    let next = AtomicU64::new(seeds.start);
    let sum = Mutex::new(Sum::default());
    thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let world = World::run(Plan::new(seed), sabotage);
                    let violations = check(&world);
                    if stops && !violations.is_empty() {
                        next.store(seeds.end, Ordering::Relaxed);
                    }
                    let mut sum = sum.lock().unwrap();
                    sum.add(&world, violations);
                    if sum.seeds.is_multiple_of(1000) {
                        progress(sum.seeds);
                    }
                }
            });
        }
    });
    sum.into_inner().unwrap()
}
