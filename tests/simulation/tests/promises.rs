//! What `make test` holds: a fixed set of worlds, fresh ones, and Workers that break each promise.

#![expect(clippy::print_stdout, clippy::panic, reason = "tests tell what they saw, and fail")]
#![expect(clippy::disallowed_methods, reason = "never built for WebAssembly")]

use std::thread::available_parallelism;
use std::time::{SystemTime, UNIX_EPOCH};

use simulation::{Fault, Plan, Promise, Sabotage, Sum, World, check, run_all, shrink, story};

/// The fixed set.
const FIXED: u64 = 1500;

/// Fresh ones of each run.
const FRESH: u64 = 300;

/// Where a broken Worker must be caught.
const WITHIN: u64 = 300;

fn jobs() -> usize {
    available_parallelism().map_or(1, Into::into)
}

/// Runs seeds; the first that breaks a promise is made small and its story told.
fn hold(seeds: std::ops::Range<u64>) -> Sum {
    let sum = run_all(seeds, jobs(), None, true, &|_| {});
    if let Some((seed, violation)) = sum.broken.values().flatten().next() {
        let plan = shrink(&Plan::new(*seed), violation.promise, None);
        let world = World::run(plan.clone(), None);
        println!("{}\n{plan:#?}\n{:#?}", story(&world), check(&world));
        panic!("seed {seed} breaks {}: {}", violation.promise, violation.what);
    }
    sum
}

#[test]
fn the_fixed_worlds_keep_every_promise() {
    let sum = hold(0..FIXED);
    println!(
        "{} worlds, {} hours, {} callbacks, {} came back",
        sum.seeds, sum.hours, sum.callbacks, sum.revived
    );
    assert!(sum.revived > 1000 && sum.completed > 1000, "nothing happens there: {sum:?}");
    for fault in Fault::ALL {
        assert!(sum.faults.of(fault) > 0, "{fault:?} never came");
    }
}

#[test]
fn fresh_worlds_keep_every_promise() {
    let from = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() * 1000;
    println!("seeds from {from}");
    hold(from..from + FRESH);
}

#[test]
fn the_same_seed_gives_the_same_story() {
    for seed in 0..20 {
        let tell = || story(&World::run(Plan::new(seed), None));
        assert_eq!(tell(), tell(), "seed {seed}");
    }
    assert_ne!(story(&World::run(Plan::new(0), None)), story(&World::run(Plan::new(1), None)));
}

#[test]
fn every_broken_promise_is_caught() {
    println!("{:<26} {:<24} seed", "promise", "broken on purpose");
    for sabotage in Sabotage::ALL {
        let promise = sabotage.breaks();
        let seed = (0..WITHIN).find(|seed| breaks(*seed, Some(sabotage), promise));
        let Some(seed) = seed else { panic!("nobody notices {sabotage:?}, which breaks {promise}") };
        assert!(!breaks(seed, None, promise), "seed {seed} breaks {promise} by itself");
        println!("{:<26} {:<24} {seed}", promise.to_string(), format!("{sabotage:?}"));
    }
    let broken: Vec<Promise> = Sabotage::ALL.map(Sabotage::breaks).to_vec();
    assert!(Promise::ALL.iter().all(|promise| broken.contains(promise)));
}

fn breaks(seed: u64, sabotage: Option<Sabotage>, promise: Promise) -> bool {
    let plan = Plan::new(seed);
    // Small worlds tell as much, and sooner.
    plan.runs <= 120
        && check(&World::run(plan, sabotage)).iter().any(|violation| violation.promise == promise)
}
