//! P3: no lineage has more attempts or more time than it may, whatever was forgotten.

use std::collections::BTreeSet;

use super::facts::Facts;
use crate::fault::Fault;
use crate::plan::{MINUTE, SECOND, STALE_ATTEMPTS};
use crate::world::World;

/// From the decision to the call, and the roundings of the times that travel.
const SLACK: u64 = 2 * MINUTE;

pub(super) fn check(world: &World, facts: &Facts, broken: &mut dyn FnMut(String)) {
    let knobs = &world.plan.knobs;
    let most = knobs.max_attempts.max(STALE_ATTEMPTS);
    if !carries_lineages(world) {
        return;
    }
    let redriven: BTreeSet<&str> = facts.redriven().map(|revived| revived.run.as_str()).collect();
    for revived in facts.redriven() {
        let ancestry: Vec<&str> = facts.ancestry(&revived.run).collect();
        let attempts = ancestry.iter().filter(|run| redriven.contains(*run)).count();
        if attempts as u64 > most {
            broken(format!("run {} is attempt {attempts} of {most}", revived.run));
        }
        // A lineage begins where we came in: a person may have brought the run back before.
        let first = ancestry.iter().rev().find(|run| redriven.contains(*run));
        let root = first.and_then(|run| facts.parents.get(*run)).map(String::as_str).unwrap_or_default();
        let first = facts.entry_of(root).map(|entry| facts.failed[entry].at);
        let starts = revived.at + revived.delay;
        let latest = first.unwrap_or_default() + knobs.max_elapsed + SLACK + drift(world) + unknown(world);
        if starts > latest {
            let late = (starts - latest) / SECOND;
            broken(format!("run {} starts {late} s after the time of its lineage is over", revived.run));
        }
    }
}

/// What keeps the ids of runs that were brought back from a ledger which would watch them.
const HIDES_RUNS: [Fault; 4] =
    [Fault::AnswerLost, Fault::AnswerCut, Fault::Eviction, Fault::ServerErrorAfter];

/// A service that drops the address which the lineage travels in leaves nothing to count by, but to a ledger that watches
/// the runs which were brought back, and knows them all. Those that a person brings back it does not watch.
fn carries_lineages(world: &World) -> bool {
    let plan = &world.plan;
    let knows_all = plan.jobs.is_empty() && !HIDES_RUNS.into_iter().any(|fault| plan.has(fault));
    plan.switch("failure-callback-override").is_none() || plan.is_spared() && knows_all
}

/// A callback that does not name its entry does not tell when the run failed. It may have been delivered again for that
/// long before it was dealt with.
fn unknown(world: &World) -> u64 {
    if world.plan.switch("callback-dlq-id").is_some() { 45 * MINUTE } else { 0 }
}

/// How far the clock that counts the time may be off.
fn drift(world: &World) -> u64 {
    let steps: u64 = world.plan.clock_steps.iter().map(|(_, step)| step.unsigned_abs()).sum();
    steps + world.plan.skew.unsigned_abs()
}
