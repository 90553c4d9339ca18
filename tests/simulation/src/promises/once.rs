//! P2: no entry is resumed twice.
//!
//! Where QStash keeps an entry that was resumed, and makes another run of a second resume, the queue does not protect it.
//! Then the ledger alone does, and only against what it knows of: a call whose answer was lost cannot be told from one
//! that never arrived.

use std::collections::BTreeMap;

use super::facts::Facts;
use crate::fault::Fault;
use crate::world::World;

/// What makes that nobody knows whether an entry was resumed.
const DOUBTS: [Fault; 16] = [
    Fault::RequestLost,
    Fault::AnswerLost,
    Fault::SlowCall,
    Fault::ServerError,
    Fault::ServerErrorAfter,
    Fault::AnswerCut,
    Fault::TellLost,
    Fault::TellAnswerLost,
    Fault::Storage,
    Fault::Eviction,
    Fault::ActorEviction,
    Fault::CallbackSlow,
    Fault::CallbackAnswerLost,
    Fault::CallbackTwice,
    Fault::Wipe,
    Fault::ClockStep,
];

pub(super) fn check(world: &World, facts: &Facts, broken: &mut dyn FnMut(String)) {
    if !is_protected(world) {
        return;
    }
    let mut times: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for revived in &facts.revived {
        times.entry(&revived.entry).or_default().push(&revived.run);
    }
    for (entry, runs) in times.iter().filter(|(_, runs)| runs.len() > 1) {
        broken(format!("entry {entry} came back {} times, as {runs:?}", runs.len()));
    }
}

fn is_protected(world: &World) -> bool {
    let plan = &world.plan;
    let by_queue = !plan.resumes_kept_entries_again();
    let forgetful = plan.shards == 0;
    let doubts = DOUBTS.into_iter().filter(|fault| *fault != Fault::CallbackTwice || forgetful);
    by_queue || !doubts.into_iter().any(|fault| plan.has(fault))
}
