//! Callbacks that do not name their entry: the queue is asked.

use serde_json::json;
use workflow_redrive::dlq::Transported;

use crate::world::{Delivery, World, api, come_again, created, lost};

fn nameless() -> Delivery {
    Delivery::new().with("dlqId", json!(null))
}

fn page(messages: &serde_json::Value, cursor: &str) -> Transported {
    api(200, &json!({"messages": messages, "cursor": cursor}).to_string())
}

const FIRST: &str = "GET /v2/workflows/dlq?workflowRunId=wfr_1&count=10";

#[test]
fn the_entry_of_the_run_is_found_and_resumed() {
    let world = World::answering([page(&json!([{"dlqId": "7-0", "workflowRunId": "wfr_1"}]), ""), created()]);
    let (status, _, _, body) = nameless().reply(&world);
    assert_eq!(
        (status, body),
        (
            200,
            json!({
                "outcome": "resumed", "rule": "transient", "runId": "wfr_1", "dlqId": "7-0", "newRunId": "wfr_2",
                "rootRunId": "wfr_1", "attempt": 1, "delaySeconds": 25,
            })
        )
    );
    assert_eq!(world.lines(), [FIRST, "POST /v2/workflows/dlq/resume/7-0"]);
}

#[test]
fn the_entry_of_a_deferred_run_is_found_too_for_somebody_is_to_take_it_up_again() {
    let world = World::answering([page(&json!([{"dlqId": "7-0", "workflowRunId": "wfr_1"}]), "")]);
    let delivery = nameless().policy(r#"{"rules": [{"name": "mine", "action": "defer"}]}"#);
    let (status, _, _, body) = delivery.reply(&world);
    assert_eq!((status, &body["outcome"], &body["dlqId"]), (200, &json!("deferred"), &json!("7-0")));
    assert_eq!(world.lines(), [FIRST]);
}

#[test]
fn pages_are_followed_past_the_entries_of_other_runs() {
    let world = World::answering([
        page(&json!([{"dlqId": "1-0", "workflowRunId": "wfr_10"}]), "c 1"),
        page(&json!([]), "c2"),
        page(&json!([{"dlqId": "8-0", "workflowRunId": "wfr_1"}]), "c3"),
        created(),
    ]);
    assert_eq!(nameless().reply(&world).3["dlqId"], "8-0");
    assert_eq!(
        world.lines(),
        [
            FIRST.to_owned(),
            format!("{FIRST}&cursor=c%201"),
            format!("{FIRST}&cursor=c2"),
            "POST /v2/workflows/dlq/resume/8-0".to_owned(),
        ]
    );
}

#[test]
fn a_run_without_an_entry_is_gone() {
    let world = World::answering([page(&json!([{"dlqId": "1-0", "workflowRunId": "wfr_10"}]), "")]);
    let expected = json!({
        "outcome": "gone", "rule": "transient", "runId": "wfr_1", "rootRunId": "wfr_1", "attempt": 0,
    });
    assert_eq!(nameless().reply(&world), (200, None, false, expected));
    assert_eq!(world.lines(), [FIRST]);
}

#[test]
fn pages_without_end_are_given_up_after_five() {
    let world = World::answering(["1", "2", "3", "4", "5"].map(|cursor| page(&json!([]), cursor)));
    assert_eq!(nameless().reply(&world), come_again("api_malformed_answer", 18));
    assert_eq!(world.lines().len(), 5);

    let stuck = World::answering([page(&json!([]), "1"), page(&json!([]), "1")]);
    assert_eq!(nameless().reply(&stuck), come_again("api_malformed_answer", 18));
    assert_eq!(stuck.lines().len(), 2);
}

#[test]
fn a_look_that_fails_resumes_nothing() {
    for (answer, code) in [
        (api(500, ""), "api_server_error"),
        (api(404, ""), "api_unexpected_answer"),
        (api(400, ""), "api_unexpected_answer"),
        (api(302, ""), "api_unexpected_answer"),
        (api(200, "[]"), "api_malformed_answer"),
        (api(200, r#"{"messages": [{"workflowRunId": "wfr_1"}]}"#), "api_malformed_answer"),
        (lost(), "api_unreachable"),
    ] {
        let world = World::answering([answer]);
        assert_eq!(nameless().reply(&world), come_again(code, 18));
        assert_eq!(world.lines(), [FIRST]);
    }
}

#[test]
fn a_parked_run_is_not_looked_for() {
    let world = World::silent();
    assert_eq!(nameless().with("status", json!(400)).reply(&world).3["outcome"], "parked");
    assert!(world.is_untouched());
}

#[test]
fn a_second_delivery_without_the_id_is_a_duplicate_all_the_same() {
    let found = || page(&json!([{"dlqId": "7-0", "workflowRunId": "wfr_1"}]), "");
    let world = World::answering([found(), created(), found()]);
    nameless().deliver(&world);
    assert!(nameless().deliver(&world).duplicate);
    assert_eq!(world.lines().len(), 3);
}
