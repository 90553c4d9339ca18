//! P8: while a target is down resumes are few; while its breaker is open there are none; and what was held back comes back
//! no faster than it may, but does not stay back.
//!
//! All of that is the ledger's: where it fails or forgets, targets are not spared, and that is documented.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Facts, recoveries};
use crate::fault::Fault;
use crate::history::{By, Happening, History};
use crate::plan::{MINUTE, PROBES, SECOND, START, TARGETS};
use crate::world::World;

/// What was let go before may still be on its way.
const ON_ITS_WAY: u64 = 20 * SECOND;

/// The minute of the rate, without the moment that lies between a decision and its call.
const PERIOD: u64 = MINUTE - SECOND;

/// How far back failures count: the default, which no plan changes.
const WINDOW: u64 = 5 * MINUTE;

pub(super) fn check(world: &World, history: &History, facts: &Facts, broken: &mut dyn FnMut(String)) {
    let plan = &world.plan;
    if plan.shards > 0 {
        drained(world, history, broken);
    }
    if !plan.is_spared() {
        return;
    }
    stormed(world, facts, broken);
    released(world, facts, broken);
    let mut states: BTreeMap<&str, Vec<(u64, &str)>> = BTreeMap::new();
    for entry in &history.entries {
        if let Happening::Breaker { actor, state } = &entry.what {
            states.entry(actor).or_default().push((entry.at, state));
        }
    }
    for revived in facts.redriven() {
        let url = facts.urls.get(&revived.from).map(String::as_str).unwrap_or_default();
        let states = states.get(workflow_redrive::ledger::target(url).as_str()).map(Vec::as_slice);
        let state = states.unwrap_or_default().iter().take_while(|(at, _)| *at <= revived.at).last();
        if let Some((since, "open")) = state
            && since + ON_ITS_WAY < revived.at
        {
            let open = (revived.at - since) / SECOND;
            broken(format!("run {} was resumed though its target was open for {open} s", revived.from));
        }
    }
}

/// While a target is down, no more lineages are resumed than it takes to notice, and those that try it out.
///
/// This asks the breaker nothing: it knows when the target was down.
fn stormed(world: &World, facts: &Facts, broken: &mut dyn FnMut(String)) {
    let knobs = &world.plan.knobs;
    let rounds = 1 + WINDOW.div_ceil(knobs.open);
    let most = knobs.minimum + PROBES * rounds;
    for (target, (from, to), _) in &world.plan.outages {
        let Some(url) = TARGETS.get(*target) else { continue };
        // What went well before it went down, if anything did, is forgotten by then.
        let down = if *from == START { *from } else { from + WINDOW }..*to;
        let meant: Vec<(u64, &str)> = facts
            .redriven()
            .filter(|revived| down.contains(&revived.at))
            .filter(|revived| facts.urls.get(&revived.from).is_some_and(|of| of == url))
            .map(|revived| (revived.at, facts.ancestry(&revived.run).last().unwrap_or_default()))
            .collect();
        for (n, (at, _)) in meant.iter().enumerate() {
            let within = meant[n..].iter().take_while(|(other, _)| *other < at + WINDOW);
            let lineages: BTreeSet<&str> = within.map(|(_, root)| *root).collect();
            if lineages.len() as u64 > most {
                return broken(format!(
                    "{} lineages were resumed within 5 minutes though {url} was down",
                    lineages.len()
                ));
            }
        }
    }
}

/// In the end, an hour after the last lineage has had its time, nothing is held back: it was taken up, or left to a person.
fn released(world: &World, facts: &Facts, broken: &mut dyn FnMut(String)) {
    // Where all runs of a large world were held back, the rate may want more than that hour.
    if world.plan.runs / world.plan.knobs.rate > 30 {
        return;
    }
    for recovery in recoveries(world) {
        let reason = recovery["conclusion"]["reason"].as_str().unwrap_or_default();
        let entry = recovery["dlqId"].as_str().unwrap_or_default();
        if ["breaker_open", "draining", "backlog_full"].contains(&reason) && !facts.is_acted_on(entry) {
            broken(format!("entry {entry} is held back for ever: {reason}"));
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
            && actor.starts_with("target-")
        {
            sent.push((actor, entry.at));
        }
    }
    for (n, (actor, from)) in sent.iter().enumerate() {
        let within = sent[n..].iter().filter(|(other, at)| other == actor && *at < from + PERIOD).count();
        if within as u64 > world.plan.knobs.rate {
            return broken(format!("{actor} resumed {within} runs within a minute from {from} on"));
        }
    }
}
