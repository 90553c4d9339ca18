//! Bounded by calls and time, one sweep goes on where the last has ended.

use std::time::Duration;

use serde_json::{Value, json};
use workflow_redrive::sweep::Orders;

use crate::world::{World, answer, entry, mins, with};

/// Entries in the order of a queue, the oldest first.
fn entries(count: usize) -> Vec<Value> {
    (0..count).map(|n| entry(Duration::from_secs(40_000 - n as u64), n)).collect()
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

/// Calls of the API and of the ledger so far.
fn calls(world: &World) -> usize {
    world.sent.borrow().len() + world.told.borrow().len()
}

#[test]
fn no_sweep_makes_more_calls_than_it_may_and_in_the_end_all_is_done() {
    for budget in ["20", "40", "333"] {
        let world = World::with(&[("SWEEP_CALLS", budget)], entries(250));
        let mut sweeps = 0;
        while world.queued() > 0 {
            let before = calls(&world);
            let report = world.sweep();
            let made = calls(&world) - before;
            assert!(made <= budget.parse().unwrap(), "{made} of {budget}");
            let counted = number(&report["calls"]);
            assert!((made..=budget.parse().unwrap()).contains(&counted), "{counted} of {budget}");
            assert!(report["outcomes"]["resumed"].as_u64().unwrap() > 0, "{report}");
            sweeps += 1;
            assert!(sweeps < 200);
        }
        // What a sweep has found and not dealt with is the next one's first.
        let oldest_first: Vec<Value> = entries(250).iter().map(|entry| entry["dlqId"].clone()).collect();
        assert_eq!(world.resumed(), oldest_first);
        assert_eq!(world.sweep()["stopped"], Value::Null);
    }
}

#[test]
fn entries_that_wait_for_a_person_do_not_keep_a_small_budget_from_the_others() {
    // 1,000 parked ones before the ones that need help.
    let mut queue: Vec<Value> =
        entries(1000).into_iter().map(|entry| with(entry, "responseStatus", json!(404))).collect();
    let mut world = World::new(queue.clone());
    for _ in 0..20 {
        world.sweep();
    }
    assert_eq!(world.sweep()["outcomes"], json!({}));
    queue.extend((1000..1005).map(|n| entry(Duration::from_secs(30_000 - n as u64), n)));
    world.queues.borrow_mut().values_mut().next().unwrap().clone_from(&queue);
    world.settings.sweep.calls = 40;
    let mut sweeps = 0;
    while world.queued() > 1000 {
        world.sweep();
        sweeps += 1;
        assert!(sweeps <= 4, "{:?}", world.resumed());
    }
    assert_eq!(world.resumed().len(), 5);
}

#[test]
fn the_oldest_of_what_is_found_come_first_whatever_the_order_of_the_queue() {
    let mut queue = entries(150);
    queue.reverse();
    let world = World::with(&[("SWEEP_CALLS", "60")], queue);
    world.sweep();
    let resumed = world.resumed();
    assert!(resumed.len() >= 8, "{resumed:?}");
    let expected: Vec<String> =
        entries(resumed.len()).iter().map(|entry| entry["dlqId"].as_str().unwrap().to_owned()).collect();
    assert_eq!(resumed, expected);
}

#[test]
fn a_sweep_ends_in_time_and_the_next_goes_on() {
    let world = World::new(entries(60));
    world.takes.set(Duration::from_secs(5));
    let started = world.now.get();
    let report = world.sweep();
    assert_eq!(report["stopped"], "time");
    assert!(world.now.get().since(started) < Duration::from_secs(4 * 60 + 40));
    let done = world.resumed().len();
    assert!((5..60).contains(&done), "{done}");
    assert_eq!(number(&report["untried"]), 60 - done);
    while world.queued() > 0 {
        world.sweep();
    }
    assert_eq!(world.resumed().len(), 60);
}

#[test]
fn a_cursor_that_went_stale_begins_anew_and_one_that_repeats_ends_the_sweep() {
    let world = World::new(entries(3));
    let stale = Orders::read("cursor=yesterday").unwrap();
    let report = &world.sweeps(&stale)[0];
    assert_eq!((&report["outcomes"], &report["stopped"]), (&json!({"resumed": 3}), &Value::Null));

    let world = World::new(Vec::new());
    let page = |n: usize| {
        let body =
            json!({"messages": [entry(mins(50), n)], "cursor": if n.is_multiple_of(2) { "a" } else { "b" }});
        Some(answer(200, &body.to_string()))
    };
    world.lists.borrow_mut().extend((0..50).map(page));
    let report = world.sweep();
    assert_eq!((&report["pages"], &report["stopped"]), (&json!(3), &json!("cursor_repeated")));
}

#[test]
fn pages_that_never_end_and_bring_nothing_cost_no_more_than_the_budget() {
    let world = World::with(&[("SWEEP_CALLS", "50")], Vec::new());
    let page = |n: usize| Some(answer(200, &json!({"messages": [], "cursor": format!("c{n}")}).to_string()));
    world.lists.borrow_mut().extend((0..500).map(page));
    let report = world.sweep();
    assert_eq!(report["stopped"], "calls");
    assert!(calls(&world) <= 50);
    assert_eq!(report["cursor"], format!("c{}", report["pages"].as_u64().unwrap() - 1));
    world.sweep();
    assert!(
        world
            .lines()
            .iter()
            .any(|line| line.contains(&format!("cursor={}", report["cursor"].as_str().unwrap())))
    );
}

#[test]
fn pages_that_are_too_large_are_asked_for_in_smaller_ones() {
    let world = World::new(entries(40));
    world.page.set(1000);
    let too_large = || Some(Err(workflow_redrive::dlq::TransportError::too_large(1)));
    world.lists.borrow_mut().extend([too_large(), too_large()]);
    assert_eq!(world.sweep()["outcomes"], json!({"resumed": 40}));
    let counts: Vec<String> = world
        .lines()
        .iter()
        .filter_map(|line| line.split("count=").nth(1)?.split('&').next().map(str::to_owned))
        .collect();
    assert_eq!(counts, ["100", "50", "25", "25"]);
}

#[test]
fn two_sweeps_do_not_overlap() {
    use core::task::{Context, Waker};
    use std::pin::pin;
    use workflow_redrive::http_url::HttpUrl;

    let world = World::new(entries(5));
    let own = HttpUrl::parse(crate::world::OWN).unwrap();
    let orders = Orders::of_the_clock();
    let mut first = pin!(workflow_redrive::sweep::sweep(&world.settings, Some(&own), &orders, &world));
    for _ in 0..4 {
        assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    assert_eq!(world.sweep()["stopped"], "busy");
    while first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {}
    assert_eq!(world.resumed().len(), 5);
    assert_eq!(world.sweep()["stopped"], Value::Null);
}
