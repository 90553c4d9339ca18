//! A thousand runs fail against a target that is down for two hours: what resuming on each callback spends on it, and what
//! the breaker does.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking"
)]
#![expect(clippy::print_stdout, reason = "the table is what the test shows")]

mod world;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use world::{Outage, START, World};

const MINUTE: u64 = 60_000;

/// What came of an outage.
#[derive(Debug)]
struct Column {
    resumes: usize,
    /// Resumed runs that failed again.
    wasted: usize,
    recovered: usize,
    /// Runs that are left in the queue.
    left: usize,
    /// Runs that were resumed more than once.
    again: usize,
    /// The most resumes that one run and its descendants had.
    most_attempts: usize,
    /// Minutes from the end of the outage until the last run was through.
    minutes: u64,
    /// The most resumes within a minute.
    burst: usize,
    /// The same of those that the drain sent.
    drain_burst: usize,
}

fn suffer(outage: Outage, is_guarded: bool) -> (Column, World) {
    let world = World::new(outage, is_guarded);
    world.run();
    let events = world.events();
    let of = |kind: &'static str| events.iter().filter(move |event| event["kind"] == kind);
    let run = |event: &Value, name: &str| event[name].as_str().unwrap().to_owned();
    let parents: BTreeMap<String, String> =
        of("resumed").map(|event| (run(event, "runId"), run(event, "fromRunId"))).collect();
    let failed: BTreeSet<String> = of("run_failed").map(|event| run(event, "runId")).collect();
    let root = |mut run: String| {
        while let Some(parent) = parents.get(&run) {
            run.clone_from(parent);
        }
        run
    };
    let ended: Vec<(String, u64)> =
        of("run_completed").map(|event| (run(event, "runId"), event["at"].as_u64().unwrap())).collect();
    let recovered: BTreeSet<String> =
        ended.iter().filter(|(run, _)| parents.contains_key(run)).map(|(run, _)| root(run.clone())).collect();
    let mut attempts: BTreeMap<String, usize> = BTreeMap::new();
    for new in parents.keys() {
        *attempts.entry(root(new.clone())).or_default() += 1;
    }
    let times: Vec<u64> = of("resumed").map(|event| event["at"].as_u64().unwrap()).collect();
    let roots: BTreeSet<String> = failed.iter().map(|run| root(run.clone())).collect();
    let last = ended.iter().map(|(_, at)| *at).max().unwrap_or_default();
    let column = Column {
        resumes: times.len(),
        wasted: parents.keys().filter(|run| failed.contains(*run)).count(),
        recovered: recovered.len(),
        left: roots.len() - recovered.len(),
        again: attempts.values().filter(|count| **count > 1).count(),
        most_attempts: attempts.into_values().max().unwrap_or_default(),
        minutes: last.saturating_sub(START + outage.lasts * MINUTE).div_ceil(MINUTE),
        burst: burst(&times),
        drain_burst: burst(&world.drained()),
    };
    (column, world)
}

/// The most of these within any minute.
fn burst(times: &[u64]) -> usize {
    let within = |from: usize| times[from..].iter().take_while(|at| **at < times[from] + MINUTE).count();
    (0..times.len()).map(within).max().unwrap_or_default()
}

fn show(title: &str, naive: &Column, guarded: &Column) {
    println!("\n{title:<44} {:>14} {:>14}", "every callback", "with breaker");
    let rows = [
        ("resumes", naive.resumes, guarded.resumes),
        ("of these wasted: the run failed again", naive.wasted, guarded.wasted),
        ("runs recovered", naive.recovered, guarded.recovered),
        ("runs left in the queue for a person", naive.left, guarded.left),
        ("runs that took more than one attempt", naive.again, guarded.again),
        ("most attempts of one run, of 5", naive.most_attempts, guarded.most_attempts),
        ("most resumes within a minute", naive.burst, guarded.burst),
        ("most of them by the drain", naive.drain_burst, guarded.drain_burst),
    ];
    for (name, one, other) in rows {
        println!("{name:<44} {one:>14} {other:>14}");
    }
    println!("{:<44} {:>14} {:>14}", "minutes until the last was through", naive.minutes, guarded.minutes);
}

fn compare(title: &str, outage: Outage) {
    let (naive, _) = suffer(outage, false);
    let (guarded, world) = suffer(outage, true);
    show(title, &naive, &guarded);

    // Every run recovers, none is parked.
    assert_eq!((guarded.recovered, guarded.left), (1000, 0));
    // Wasted resumes: at most 3 percent of the others.
    assert!(guarded.wasted * 100 <= naive.wasted * 3, "{} of {}", guarded.wasted, naive.wasted);
    // Attempts are not burned: hardly any run needs a second one, and none needs all.
    assert!(guarded.again < 60 && guarded.most_attempts < 5, "{guarded:?}");
    // The drain keeps to its rate, 60 a minute.
    assert!((50..=60).contains(&guarded.drain_burst), "{}", guarded.drain_burst);

    let state = world.target();
    assert_eq!((&state["breaker"], &state["backlog"]), (&"closed".into(), &0.into()));
    assert_eq!((&state["recovered"], &state["followed"]), (&1000.into(), &0.into()));
    assert_eq!(state["failedAgain"], guarded.wasted);
    let notices = world.notices.borrow();
    let told = |kind: &str| notices.iter().filter(|known| *known == kind).count();
    assert_eq!((told("breaker_opened"), told("breaker_closed")), (1, 1));
    assert_eq!((told("recovered"), told("gave_up")), (1000, 0));
}

#[test]
fn the_breaker_spares_a_target_that_is_down_for_two_hours() {
    let outage = Outage { runs: 1000, triggered_within: 100, lasts: 120, retries: 0 };
    compare("1,000 runs without retries, 2 h of outage", outage);
}

#[test]
fn the_same_where_each_run_fails_only_after_its_retries() {
    let outage = Outage { runs: 1000, triggered_within: 60, lasts: 120, retries: 3 };
    compare("1,000 runs with 3 retries, 2 h of outage", outage);
}
