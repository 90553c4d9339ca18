//! The API and the ledger when they do not work, and entries that cannot be read.

use std::time::Duration;

use serde_json::{Value, json};
use workflow_redrive::dlq::{ApiResponse, TransportError, Transported};
use workflow_redrive::sweep::Orders;

use crate::common::NOW;
use crate::world::{TOKEN, World, answer, entry, mins, with};

#[expect(clippy::unnecessary_wraps, reason = "stands in lists beside answers that are lost")]
fn limited(wait: &str) -> Transported {
    Ok(ApiResponse::new(429, "", |name| (name == "retry-after").then(|| wait.to_owned())))
}

#[test]
fn a_list_that_fails_half_way_keeps_what_was_done_and_goes_on_there() {
    let world = World::new((0..250).map(|n| entry(mins(300 - n as u64), n)).collect());
    world.lists.borrow_mut().extend([None, Some(answer(502, "bad gateway")), None]);
    let report = world.sweep();
    assert_eq!((&report["stopped"], &report["outcomes"]["resumed"]), (&json!("list_failed"), &json!(100)));
    let cursor = report["cursor"].as_str().unwrap().to_owned();
    world.sent.borrow_mut().clear();
    world.sweep();
    assert!(world.lines()[0].contains(&format!("cursor={cursor}")), "{}", world.lines()[0]);
    while world.queued() > 0 {
        world.sweep();
    }
}

#[test]
fn a_rate_limit_ends_the_sweep_until_its_reset() {
    let world = World::new((0..5).map(|n| entry(mins(50), n)).collect());
    world.lists.borrow_mut().push_back(Some(limited("600")));
    assert_eq!(world.sweep()["stopped"], "api_rate_limited");
    world.pass(Duration::from_secs(599));
    assert_eq!(world.sweep()["stopped"], "paused");
    assert_eq!(world.sent.borrow().len(), 1);
    world.pass(Duration::from_secs(1));
    assert_eq!(world.sweep()["outcomes"], json!({"resumed": 5}));
}

#[test]
fn a_rate_limit_on_an_entry_leaves_it_and_the_others_for_later() {
    let entries: Vec<Value> = (0..5).map(|n| entry(mins(60 - n as u64), n)).collect();
    let second = entries[1]["dlqId"].as_str().unwrap().to_owned();
    let world = World::new(entries);
    world.resumes.borrow_mut().insert(second.clone(), limited("60"));
    let report = world.sweep();
    assert_eq!((&report["stopped"], &report["untried"]), (&json!("api_rate_limited"), &json!(3)));
    assert_eq!(report["outcomes"], json!({"resumed": 1, "refused": 1}));
    world.pass(mins(1));
    world.resumes.borrow_mut().clear();
    assert_eq!(world.sweep()["outcomes"], json!({"resumed": 4}));
    assert_eq!(world.resumed().last(), Some(&second), "others have their turn first");
}

#[test]
fn entries_that_the_api_chokes_on_do_not_keep_the_others_from_their_turn() {
    let entries: Vec<Value> = (0..30).map(|n| entry(mins(100 - n as u64), n)).collect();
    let world = World::with(&[("SWEEP_CALLS", "40")], entries.clone());
    for entry in &entries[..6] {
        let id = entry["dlqId"].as_str().unwrap().to_owned();
        world.resumes.borrow_mut().insert(id, answer(500, "cannot"));
    }
    for _ in 0..12 {
        world.sweep();
    }
    assert_eq!(world.queued(), 6, "all but those");
    let refused = world.sweep();
    assert_eq!(refused["outcomes"]["refused"], 5, "an API that is down is not called on and on");
    assert_eq!(refused["stopped"], "api_server_error");
}

#[test]
fn a_lost_answer_is_settled_by_looking() {
    let world = World::new(vec![entry(mins(50), 1)]);
    let id = entry(mins(50), 1)["dlqId"].as_str().unwrap().to_owned();
    world.resumes.borrow_mut().insert(id, Err(TransportError::interrupted("reset")));
    assert_eq!(world.sweep()["outcomes"], json!({"refused": 1}));
    assert_eq!(world.recorded("wfr_1"), [] as [Value; 0], "the claim is free again");
    world.resumes.borrow_mut().clear();
    assert_eq!(world.sweep()["outcomes"], json!({"resumed": 1}));
}

#[test]
fn a_wrong_token_ends_the_sweep_and_is_not_told() {
    let world = World::new(vec![entry(mins(50), 1)]);
    world.lists.borrow_mut().push_back(Some(answer(401, &format!("bad {TOKEN}"))));
    let report = world.sweep();
    assert_eq!(report["stopped"], "token_refused");
    assert!(!report.to_string().contains(TOKEN));
    assert_eq!(world.sweep()["outcomes"], json!({"resumed": 1}));
}

#[test]
fn without_a_ledger_that_answers_nothing_is_sent() {
    let world = World::new(vec![entry(mins(50), 1)]);
    world.is_ledger_there.set(false);
    assert_eq!(world.sweep()["stopped"], "ledger_unavailable");
    assert!(world.sent.borrow().is_empty());
    // It goes away in the middle.
    let asked = Orders::read("").unwrap();
    assert_eq!(world.sweeps(&asked)[0]["stopped"], "ledger_unavailable");
    assert!(world.resumed().is_empty());
    world.is_ledger_there.set(true);
    assert_eq!(world.sweep()["outcomes"], json!({"resumed": 1}));
}

#[test]
fn an_entry_that_cannot_be_read_does_not_keep_the_others_from_their_turn() {
    let world = World::new(vec![
        with(entry(mins(50), 1), "dlqId", Value::Null),
        with(entry(mins(50), 2), "dlqId", json!("a b")),
        with(entry(mins(50), 3), "workflowRunId", json!("..")),
        json!(null),
        json!([]),
        json!("entry"),
        entry(mins(50), 4),
        entry(mins(50), 4),
    ]);
    let report = world.sweep();
    assert_eq!(report["outcomes"], json!({"resumed": 1}));
    assert_eq!(report["left"]["unreadable"], 6);
    assert_eq!(report["listed"], 8);
}

#[test]
fn an_answer_that_is_no_page_is_an_error_and_not_an_empty_queue() {
    let world = World::new(vec![entry(mins(50), 1)]);
    for body in ["", "{}", "<html>", r#"{"messages": 5}"#] {
        world.lists.borrow_mut().push_back(Some(answer(200, body)));
        assert_eq!(world.sweep()["stopped"], "list_failed", "{body}");
    }
    assert_eq!(world.sweep()["outcomes"], json!({"resumed": 1}));
}

#[test]
fn a_clock_that_steps_back_does_not_stop_sweeps() {
    let world = World::new(vec![entry(mins(50), 1)]);
    world.now.set(NOW.after(Duration::from_hours(10)));
    world.lists.borrow_mut().push_back(Some(limited("86400")));
    world.sweep();
    world.now.set(NOW);
    // The pause would now be longer than any that an API can ask for.
    assert_eq!(world.sweep()["outcomes"], json!({"resumed": 1}));
}
