//! What one may ask for, and settings.

use serde_json::{Value, json};
use workflow_redrive::sweep::Orders;

use crate::world::{OWN, World, entry, mins, with};

#[test]
fn a_dry_run_decides_and_neither_claims_nor_sends() {
    let malformed = json!("https://redrive.example/?redrive=x");
    let world = World::new(vec![
        entry(mins(50), 1),
        with(entry(mins(50), 2), "responseStatus", json!(404)),
        with(entry(mins(50), 3), "failureCallback", malformed),
    ]);
    let reports = world.sweeps(&Orders::read("dry_run=true").unwrap());
    let report = &reports[0];
    assert_eq!(report["dryRun"], true);
    assert_eq!(report["outcomes"], json!({"resume": 1, "park": 1, "parked": 1}));
    let entries = report["entries"].as_array().unwrap();
    assert_eq!((&entries[0]["decision"], &entries[0]["runId"]), (&json!("resume"), &json!("wfr_1")));
    assert_eq!(entries[2]["reason"], "malformed_lineage");
    assert!(world.is_untouched());
    assert_eq!(world.queued(), 3);
    // The same where there is no ledger.
    world.has_ledger.set(false);
    world.told.borrow_mut().clear();
    assert_eq!(world.sweeps(&Orders::read("dry_run=true").unwrap())[0]["outcomes"], report["outcomes"]);
    assert!(world.told.borrow().is_empty());
}

#[test]
fn a_filter_is_sent_and_held_to_and_states_that_are_named_are_meant() {
    let state = |n, state: &str| with(entry(mins(1), n), "failureFunctionState", json!(state));
    let world = World::new(vec![
        with(entry(mins(1), 1), "label", json!("orders")),
        with(with(entry(mins(1), 2), "labels", json!(["carts", "x"])), "label", Value::Null),
        with(state(3, "CALLBACK_INPROGRESS"), "label", json!("orders")),
        with(state(4, "CALLBACK_SUCCESS"), "label", json!("orders")),
    ]);
    let ask = |query: &str| world.sweeps(&Orders::read(query).unwrap()).remove(0);
    // This queue does not know filters.
    let report = ask("label=orders");
    assert_eq!(report["outcomes"], json!({"resumed": 1}));
    assert_eq!(report["left"], json!({"other": 1, "waiting": 1, "delivered": 1}));
    assert!(world.lines()[0].starts_with("GET /v2/workflows/dlq?label=orders&"), "{}", world.lines()[0]);
    let report = ask("failureFunctionState=CALLBACK_INPROGRESS&failureFunctionState=CALLBACK_SUCCESS");
    assert_eq!(report["outcomes"], json!({"resumed": 2}));
    assert_eq!(report["left"], json!({"other": 1}));
}

#[test]
fn what_is_asked_wrongly_is_refused_with_what_is_accepted() {
    for (query, words) in [
        ("lable=a", "`lable`: no criterion; accepted are failureFunctionState callerIp"),
        ("dry_run=yes", "`dry_run`: accepted: true, false"),
        ("region=MOON-1", "`region`: accepted: EU-CENTRAL-1, US-EAST-1, default"),
        ("failureFunctionState=FAIL", "`failureFunctionState`: accepted are CALLBACK_INPROGRESS"),
        ("workflowUrl=app", "`workflowUrl`: URL is not absolute"),
        ("fromDate=9&toDate=1", "begins after its end"),
        ("label=%zz", "bad escape"),
        ("fromDate=x", "`fromDate`: accepted are a Date or epoch milliseconds"),
    ] {
        let error = Orders::read(query).unwrap_err();
        assert!(error.contains(words), "{query}: {error}");
    }
    let long = Orders::read(&"x".repeat(10_000)).unwrap_err();
    assert!(long.len() < 400, "{}", long.len());
}

#[test]
fn without_address_or_ledger_there_is_no_sweep_and_it_says_so() {
    let clock = Orders::of_the_clock();
    let stopped = |world: &World, own, orders: &Orders| world.sweeps_of(own, orders)[0]["stopped"].clone();
    let world = World::new(vec![entry(mins(50), 1)]);
    assert_eq!(stopped(&world, None, &clock), "no_public_url");
    world.has_ledger.set(false);
    assert_eq!(stopped(&world, Some(OWN), &clock), "no_ledger");
    assert_eq!(stopped(&world, Some(OWN), &Orders::read("").unwrap()), "no_ledger");
    let world = World::with(&[("SWEEP", "off")], vec![entry(mins(50), 1)]);
    assert_eq!(stopped(&world, Some(OWN), &clock), "off");
    assert!(world.sent.borrow().is_empty() && world.told.borrow().is_empty());
    // Who asks for it gets it.
    assert_eq!(world.sweeps(&Orders::read("").unwrap())[0]["outcomes"], json!({"resumed": 1}));
}

#[test]
fn a_policy_that_is_a_dry_run_changes_nothing() {
    let world = World::with(&[("POLICY", r#"{"dry_run": true}"#)], vec![entry(mins(50), 1)]);
    let report = world.sweep();
    assert_eq!((&report["dryRun"], &report["outcomes"]), (&json!(true), &json!({"resume": 1})));
    assert_eq!(world.queued(), 1);
    assert!(world.recorded("wfr_1").is_empty());
}
