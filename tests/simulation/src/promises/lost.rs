//! P1: no failed run is lost.
//!
//! - What a 200 says is so: the run came back, its entry was deleted or is gone, or it is in the queue and a log line says
//!   why.
//! - In the end, where there is a ledger and therefore a sweep, no entry is left that nothing was decided about: it is
//!   recorded as parked or deferred, or a log line says that it was parked.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::facts::{Facts, recoveries};
use crate::history::History;
use crate::plan::MINUTE;
use crate::world::World;

pub(super) fn check(world: &World, history: &History, facts: &Facts, broken: &mut dyn FnMut(String)) {
    let logged = logged(history);
    let is_logged = |run: &str, outcome: &str| logged.contains(&(run.to_owned(), outcome.to_owned()));
    for (at, reply) in history.replies().filter(|(_, reply)| reply.status == 200) {
        let told: Value = serde_json::from_str(&reply.body).unwrap_or_default();
        let text = |name: &str| told[name].as_str().unwrap_or_default();
        // Without an id of an entry there is that of the run.
        let entry = told["dlqId"].as_str().or_else(|| facts.entry_of(text("runId"))).unwrap_or_default();
        let holds = match text("outcome") {
            "resumed" | "restarted" | "deleted" | "gone" => facts.is_acted_on(entry),
            outcome @ ("parked" | "deferred") => {
                is_in_queue(world, facts, entry) && is_logged(text("runId"), outcome)
            }
            _ => false,
        };
        if !holds {
            broken(format!("at {at} a callback was told {}, which is not so", reply.body));
        }
    }
    if world.plan.shards == 0 || may_be_forgotten(world) {
        return;
    }
    let known = known(world);
    for (entry, failed) in &facts.failed {
        if facts.is_acted_on(entry) || failed.at + world.plan.knobs.sweep_after + 50 * MINUTE > world.now() {
            continue;
        }
        match known.get(entry).map(String::as_str) {
            Some("parked" | "deferred") => {}
            // Whoever keeps an eye on the log knows.
            None if is_logged(&failed.run, "parked") => {}
            other => {
                broken(format!("entry {entry} of run {} was left: the ledger has {other:?}", failed.run));
            }
        }
    }
}

/// Runs, and what log lines say came of them.
fn logged(history: &History) -> BTreeSet<(String, String)> {
    let mut logged = BTreeSet::new();
    for line in history.logs().filter(|line| line.contains("failure_callback")) {
        // A Worker that breaks its promises may write what is no JSON.
        let line: Value = serde_json::from_str(line).unwrap_or_default();
        let text = |name: &str| line["result"][name].as_str().unwrap_or_default().to_owned();
        logged.insert((text("runId"), text("outcome")));
    }
    logged
}

/// A wiped ledger has forgotten what it decided: entries whose callbacks were answered are not looked at again.
fn may_be_forgotten(world: &World) -> bool {
    !world.plan.wipes.is_empty()
}

fn is_in_queue(world: &World, facts: &Facts, entry: &str) -> bool {
    facts.failed.contains_key(entry) && (facts.is_acted_on(entry) || world.has_entry(entry))
}

/// What the ledger's shards say came of each entry.
fn known(world: &World) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let outcome = |recovery: &Value| text(&recovery["conclusion"]["outcome"]);
    recoveries(world).iter().map(|recovery| (text(&recovery["dlqId"]), outcome(recovery))).collect()
}
