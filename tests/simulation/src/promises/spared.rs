//! P8: while a target's breaker is open nothing is resumed; half open, no more than its probes; and what was held back comes
//! back no faster than it may.
//!
//! All of that is the ledger's: where it fails or forgets, targets are not spared, and that is documented.

use super::facts::Facts;
use crate::fault::Fault;
use crate::history::{By, Happening, History};
use crate::plan::{MINUTE, SECOND};
use crate::world::World;

/// What was let go before may still be on its way.
const ON_ITS_WAY: u64 = 20 * SECOND;

/// What makes that targets may not be spared.
const DOUBTS: [Fault; 7] = [
    Fault::Wipe,
    Fault::ClockStep,
    Fault::SlowCall,
    Fault::TellLost,
    Fault::TellAnswerLost,
    Fault::Storage,
    Fault::ActorEviction,
];

pub(super) fn check(world: &World, history: &History, facts: &Facts, broken: &mut dyn FnMut(String)) {
    let plan = &world.plan;
    if plan.shards == 0 || !plan.knobs.breaker {
        return;
    }
    drained(world, history, broken);
    if DOUBTS.into_iter().any(|fault| plan.has(fault)) {
        return;
    }
    for revived in &facts.revived {
        let url = facts.urls.get(&revived.from).map(String::as_str).unwrap_or_default();
        let actor = workflow_redrive::ledger::target(url);
        let before = history.entries.iter().take_while(|entry| entry.at <= revived.at);
        let state = before.filter_map(|entry| match &entry.what {
            Happening::Breaker { actor: of, state } if *of == actor => Some((entry.at, state.as_str())),
            _ => None,
        });
        if let Some((since, "open")) = state.last()
            && since + ON_ITS_WAY < revived.at
        {
            let open = (revived.at - since) / SECOND;
            broken(format!("run {} was resumed though its target was open for {open} s", revived.from));
        }
    }
}

/// No minute has more resumes by one target's actor than the rate.
fn drained(world: &World, history: &History, broken: &mut dyn FnMut(String)) {
    if world.plan.has(Fault::Wipe) || world.plan.has(Fault::ClockStep) {
        return;
    }
    let mut sent: Vec<(&str, u64)> = Vec::new();
    for entry in &history.entries {
        if let Happening::Request { line, by: By::Actor(actor), .. } = &entry.what
            && line.starts_with("POST ")
        {
            sent.push((actor, entry.at));
        }
    }
    for (n, (actor, from)) in sent.iter().enumerate() {
        let within = sent[n..].iter().filter(|(other, at)| other == actor && *at < from + MINUTE).count();
        if within as u64 > world.plan.knobs.rate {
            return broken(format!("{actor} resumed {within} runs within a minute from {from} on"));
        }
    }
}
