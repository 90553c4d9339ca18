//! What is done about a failed run when the API does as it is told.

use std::task::Poll;

use serde_json::json;
use workflow_redrive::recovery::{Conclusion, Outcome};

use crate::common::NEXT;
use crate::world::{Delivery, ENTRY, TOKEN, World, answered, api, block_on, created, poll_once};

#[test]
fn a_transient_failure_is_resumed_after_settling_and_back_off() {
    let world = World::answering([created()]);
    assert_eq!(
        Delivery::new().reply(&world),
        (
            200,
            None,
            false,
            json!({
                "outcome": "resumed", "rule": "transient", "runId": "wfr_1", "dlqId": ENTRY, "newRunId": "wfr_2",
                "rootRunId": "wfr_1", "attempt": 1, "delaySeconds": 25,
            })
        )
    );
    let [sent] = world.sent().try_into().unwrap();
    assert_eq!(sent.line, "POST https://qstash.upstash.io/v2/workflows/dlq/resume/1725323658779-0");
    assert_eq!(sent.token, TOKEN);
    assert_eq!(
        sent.headers,
        [
            ("Upstash-Delay", "25s".to_owned()),
            (
                "Upstash-Failure-Callback",
                "https://redrive.example/?team=a&redrive=1.1792567680000.wfr_1".to_owned()
            ),
        ]
    );
}

#[test]
fn all_seven_settings_of_the_new_run_are_sent() {
    let world = World::answering([created()]);
    let delivery = Delivery::new().policy(
        r#"{"overrides": {"retries": 7, "delay": "90s", "retry_delay": "1000 * retried", "label": ["a", "b"],
                          "flow_control": {"key": "k", "rate": 2, "period": "1m"}}}"#,
    );
    let (status, _, _, body) = delivery.reply(&world);
    assert_eq!((status, &body["delaySeconds"]), (200, &json!(90)));
    let [sent] = world.sent().try_into().unwrap();
    let headers: Vec<(&str, &str)> =
        sent.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(
        headers,
        [
            ("Upstash-Delay", "90s"),
            ("Upstash-Failure-Callback", "https://redrive.example/?team=a&redrive=1.1792567680000.wfr_1"),
            ("Upstash-Flow-Control-Key", "k"),
            ("Upstash-Flow-Control-Value", "rate=2, period=1m"),
            ("Upstash-Label", "a,b"),
            ("Upstash-Retries", "7"),
            ("Upstash-Retry-Delay", "1000 * retried"),
        ]
    );
}

#[test]
fn a_failure_callback_of_the_policys_own_is_left_alone() {
    let world = World::answering([created()]);
    let delivery =
        Delivery::new().policy(r#"{"overrides": {"failure_callback": "https://pager.example/now"}}"#);
    assert_eq!(delivery.reply(&world).0, 200);
    let value = world.sent()[0].headers.iter().find(|(name, _)| *name == "Upstash-Failure-Callback").cloned();
    assert_eq!(value, Some(("Upstash-Failure-Callback", "https://pager.example/now".to_owned())));
}

#[test]
fn a_rule_restarts_or_deletes() {
    for (action, answer, line, expected) in [
        (
            "restart",
            created(),
            "POST /v2/workflows/dlq/restart/1725323658779-0",
            json!({
                "outcome": "restarted", "rule": "mine", "runId": "wfr_1", "dlqId": ENTRY, "newRunId": "wfr_2",
                "rootRunId": "wfr_1", "attempt": 1, "delaySeconds": 25,
            }),
        ),
        (
            "delete",
            api(200, ""),
            "DELETE /v2/workflows/dlq/1725323658779-0",
            json!({
                "outcome": "deleted", "rule": "mine", "runId": "wfr_1", "dlqId": ENTRY, "rootRunId": "wfr_1",
                "attempt": 0,
            }),
        ),
    ] {
        let world = World::answering([answer]);
        let delivery =
            Delivery::new().policy(&format!(r#"{{"rules": [{{"name": "mine", "action": "{action}"}}]}}"#));
        assert_eq!(delivery.reply(&world), (200, None, false, expected));
        assert_eq!(world.lines(), [line]);
    }
}

#[test]
fn a_deferred_or_relayed_run_stays_in_the_queue_unclaimed() {
    for (rule, expected) in [
        (
            r#""action": "defer", "overrides": {"delay": "15m"}"#,
            json!({"outcome": "deferred", "reason": "rule", "until": 1_792_568_580_000_u64}),
        ),
        (
            r#""action": "relay", "relay_to": "https://a.example/f""#,
            json!({"outcome": "parked", "reason": "relayed"}),
        ),
        (
            r#""action": "resume", "max_attempts": 0, "relay_to": "https://a.example/f""#,
            json!({"outcome": "parked", "reason": "attempts_exhausted"}),
        ),
    ] {
        let world = World::silent();
        let delivery = Delivery::new().policy(&format!(
            r#"{{"relay_targets": "https://a.example/f", "rules": [{{"name": "mine", {rule}}}]}}"#
        ));
        let (status, _, _, mut body) = delivery.reply(&world);
        let said = body.as_object_mut().unwrap();
        for about in ["rule", "runId", "dlqId", "rootRunId", "attempt"] {
            assert!(said.remove(about).is_some(), "{about}");
        }
        assert_eq!((status, body), (200, expected));
        assert!(world.is_untouched());
    }
}

#[test]
fn a_permanent_failure_is_parked_without_a_request() {
    let world = World::silent();
    for (status, rule) in [(489, "non-retryable"), (404, "anything-else")] {
        let expected = json!({
            "outcome": "parked", "reason": "rule", "rule": rule, "runId": "wfr_1", "dlqId": ENTRY,
            "rootRunId": "wfr_1", "attempt": 0,
        });
        assert_eq!(Delivery::new().with("status", json!(status)).reply(&world), (200, None, false, expected));
    }
    assert!(world.is_untouched());
}

#[test]
fn an_entry_that_is_gone_needs_nothing_more() {
    let world = World::answering([api(404, r#"{"error": "not found"}"#)]);
    let expected = json!({
        "outcome": "gone", "rule": "transient", "runId": "wfr_1", "dlqId": ENTRY, "rootRunId": "wfr_1",
        "attempt": 0,
    });
    assert_eq!(Delivery::new().reply(&world), (200, None, false, expected));
}

#[test]
fn an_entry_that_the_api_refuses_stays_for_a_person_and_may_be_tried_again() {
    let refused = || api(400, r#"{"error": "this message can not be resumed"}"#);
    let world = World::answering([refused()]);
    let conclusion = Delivery::new().deliver(&world);
    let expected = json!({
        "outcome": "parked", "reason": "refused_by_api", "rule": "transient", "runId": "wfr_1", "dlqId": ENTRY,
        "rootRunId": "wfr_1", "attempt": 0,
    });
    assert_eq!(answered(&conclusion), (200, None, false, expected));
    let detail = conclusion.detail.unwrap();
    assert_eq!(detail, "QStash refused the request (400): this message can not be resumed");

    world.answer(created());
    assert!(matches!(Delivery::new().deliver(&world).outcome, Ok(Outcome::Resumed(_))));
}

#[test]
fn a_dry_run_says_what_it_would_do_and_does_nothing() {
    let world = World::silent();
    let dry = |more: &str| Delivery::new().policy(&format!(r#"{{"dry_run": true{more}}}"#));
    let about = |fields: serde_json::Value| {
        let mut body = json!({"outcome": "dry_run", "runId": "wfr_1", "dlqId": ENTRY, "rootRunId": "wfr_1"});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        (200, None, false, body)
    };
    assert_eq!(
        dry("").reply(&world),
        about(json!({
            "decision": "resume", "reason": "rule", "rule": "transient", "attempt": 0, "delaySeconds": 25,
        }))
    );
    assert_eq!(
        dry("").with("status", json!(404)).reply(&world),
        about(json!({"decision": "park", "reason": "rule", "rule": "anything-else", "attempt": 0}))
    );
    assert_eq!(
        dry(r#", "max_attempts": 0"#).reply(&world),
        about(json!({"decision": "park", "reason": "attempts_exhausted", "rule": "transient", "attempt": 0}))
    );
    assert_eq!(
        dry(r#", "rules": [{"name": "r", "action": "delete"}]"#).reply(&world),
        about(json!({"decision": "delete", "reason": "rule", "rule": "r", "attempt": 0}))
    );
    // Without an id in the callback, not even a look.
    assert_eq!(dry("").with("dlqId", json!(null)).reply(&world).0, 200);
    assert!(world.is_untouched());
}

#[test]
fn a_second_delivery_gets_the_first_ones_answer_and_nothing_is_sent() {
    for (answer, name) in [(created(), "resumed"), (api(404, ""), "gone")] {
        let world = World::answering([answer]);
        let (_, _, _, first) = Delivery::new().reply(&world);
        let mut again = Delivery::new();
        again.key = NEXT;
        let (status, _, _, mut second) = again.reply(&world);
        assert_eq!((status, &first["outcome"]), (200, &json!(name)));
        assert_eq!(second.as_object_mut().unwrap().remove("duplicate"), Some(json!(true)));
        assert_eq!(second, first);
        assert_eq!(world.lines().len(), 1);
    }
}

#[test]
fn another_entry_is_no_duplicate() {
    let world = World::answering([created(), created()]);
    Delivery::new().deliver(&world);
    let other = Delivery::new().with("dlqId", json!("2-0")).deliver(&world);
    assert!(!other.duplicate);
    assert_eq!(world.lines().len(), 2);
}

#[test]
fn a_delivery_during_another_one_is_told_to_come_again() {
    let world = World::answering([created()]);
    let (delivery, settings) = (Delivery::new(), Delivery::new().settings());
    let mut first = Box::pin(delivery.arrive(&settings, &world));
    assert!(poll_once(first.as_mut()).is_pending(), "waits for the API");

    let message = "another delivery of this callback is being dealt with";
    let expected = json!({"error": {"code": "in_progress", "message": message}});
    assert_eq!(delivery.reply(&world), (503, Some(5), false, expected));
    assert_eq!(world.sent().len(), 1);

    let Poll::Ready(done) = poll_once(first.as_mut()) else { panic!("the answer is there") };
    assert!(matches!(done.outcome, Ok(Outcome::Resumed(_))));
    let third: Conclusion = block_on(delivery.arrive(&settings, &world));
    assert!(third.duplicate);
    assert_eq!(world.lines().len(), 1);
}
