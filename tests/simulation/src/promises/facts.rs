//! What happened according to QStash, which knows best.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use workflow_redrive::dlq::GoDuration;

use crate::world::World;

/// A failed run's entry in the dead letter queue.
pub(super) struct Failed {
    pub(super) run: String,
    pub(super) at: u64,
}

/// A run that came back as another one.
pub(super) struct Revived {
    pub(super) at: u64,
    pub(super) entry: String,
    pub(super) from: String,
    pub(super) run: String,
    /// What QStash was asked to wait, in milliseconds.
    pub(super) delay: u64,
    /// Whether a person ordered it: then neither attempts nor settling nor breaker count.
    pub(super) is_ordered: bool,
}

pub(super) struct Facts {
    /// Entries by their ids.
    pub(super) failed: BTreeMap<String, Failed>,
    pub(super) revived: Vec<Revived>,
    /// Entries that were resumed, restarted or deleted.
    acted_on: BTreeSet<String>,
    /// Entries by the runs that failed.
    entries: BTreeMap<String, String>,
    /// Workflow URLs by runs.
    pub(super) urls: BTreeMap<String, String>,
    /// The run that each revived run came from.
    pub(super) parents: BTreeMap<String, String>,
}

impl Facts {
    pub(super) fn of(world: &World) -> Self {
        let mut facts = Self {
            failed: BTreeMap::new(),
            revived: Vec::new(),
            acted_on: BTreeSet::new(),
            entries: BTreeMap::new(),
            urls: BTreeMap::new(),
            parents: BTreeMap::new(),
        };
        for event in world.engine.borrow().timeline(0) {
            let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
            let at = event["at"].as_u64().unwrap();
            match event["kind"].as_str().unwrap() {
                "run_triggered" => drop(facts.urls.insert(text("runId"), text("url"))),
                "dlq_entry" => {
                    let (run, entry) = (text("runId"), text("dlqId"));
                    facts.entries.insert(run.clone(), entry.clone());
                    facts.failed.insert(entry, Failed { run, at });
                }
                "dlq_deleted" => {
                    facts.acted_on.insert(text("dlqId"));
                }
                "resumed" | "restarted" => {
                    let (from, run) = (text("fromRunId"), text("runId"));
                    if let Some(url) = facts.urls.get(&from).cloned() {
                        facts.urls.insert(run.clone(), url);
                    }
                    facts.parents.insert(run.clone(), from.clone());
                    facts.acted_on.insert(text("dlqId"));
                    facts.revived.push(Revived {
                        at,
                        entry: text("dlqId"),
                        from,
                        run,
                        delay: delay(&event["headers"]),
                        is_ordered: header(&event["headers"], "Upstash-Failure-Callback").is_none(),
                    });
                }
                _ => {}
            }
        }
        facts
    }

    /// Whether an entry was resumed, restarted or deleted.
    pub(super) fn is_acted_on(&self, entry: &str) -> bool {
        self.acted_on.contains(entry)
    }

    /// The entry of a run, which fails once at most.
    pub(super) fn entry_of(&self, run: &str) -> Option<&str> {
        self.entries.get(run).map(String::as_str)
    }

    /// What the Worker brought back by itself.
    pub(super) fn redriven(&self) -> impl Iterator<Item = &Revived> {
        self.revived.iter().filter(|revived| !revived.is_ordered)
    }

    /// A run and those that it came from, up to the one that was triggered.
    pub(super) fn ancestry<'a>(&'a self, run: &'a str) -> impl Iterator<Item = &'a str> {
        std::iter::successors(Some(run), |run| self.parents.get(*run).map(String::as_str))
    }
}

fn header<'a>(headers: &'a Value, name: &str) -> Option<&'a str> {
    let headers = headers.as_object()?;
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).and_then(|(_, value)| value.as_str())
}

fn delay(headers: &Value) -> u64 {
    header(headers, "Upstash-Delay").map_or(0, |delay| GoDuration::parse(delay).unwrap().as_millis())
}

/// What the ledger's shards remember in the end.
pub(super) fn recoveries(world: &World) -> Vec<Value> {
    let mut all = Vec::new();
    for shard in 0..world.plan.shards {
        let mut cursor = String::new();
        loop {
            let page = world.ask_actor(
                &workflow_redrive::ledger::shard(shard),
                &json!({ "do": "recoveries", "cursor": cursor }),
            );
            all.extend(page["recoveries"].as_array().unwrap().iter().cloned());
            match page["cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
    }
    all
}
