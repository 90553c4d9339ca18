//! What is done about a failed run when the API does as it is told.

use std::task::Poll;

use serde_json::json;
use workflow_redrive::recovery::{Conclusion, Outcome, Relayed};

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
fn a_deferred_run_stays_in_the_queue_unclaimed() {
    let world = World::silent();
    let delivery = Delivery::new()
        .policy(r#"{"rules": [{"name": "mine", "action": "defer", "overrides": {"delay": "15m"}}]}"#);
    let (status, _, _, mut body) = delivery.reply(&world);
    let said = body.as_object_mut().unwrap();
    for about in ["rule", "runId", "dlqId", "rootRunId", "attempt"] {
        assert!(said.remove(about).is_some(), "{about}");
    }
    let until = 1_792_568_580_000_u64;
    assert_eq!((status, body), (200, json!({"outcome": "deferred", "reason": "rule", "until": until})));
    assert!(world.is_untouched());
}

/// A policy with one rule.
fn relaying(rule: &str) -> Delivery {
    Delivery::new().policy(&format!(
        r#"{{"relay_targets": "https://a.example/f", "rules": [{{"name": "mine", {rule}, "relay_to": "https://a.example/f"}}]}}"#
    ))
}

#[test]
fn a_callback_is_handed_on_and_the_run_stays_in_the_queue() {
    for (rule, reason) in [
        (r#""action": "relay""#, "relayed"),
        (r#""action": "resume", "max_attempts": 0"#, "attempts_exhausted"),
    ] {
        for (relayed, reason) in [
            (Relayed::Accepted, reason),
            (Relayed::TOO_LARGE, "too_large_to_relay"),
            (Relayed::Impossible("no_callback_to_relay"), "no_callback_to_relay"),
        ] {
            let world = World::silent();
            world.relays(relayed);
            let (status, _, _, body) = relaying(rule).reply(&world);
            assert_eq!((status, &body["outcome"], &body["reason"]), (200, &json!("parked"), &json!(reason)));
            assert_eq!(world.relayed(), ["https://a.example/f wfr_1"]);
        }
    }
    // A run that still has attempts is not given up.
    let world = World::answering([created()]);
    assert_eq!(relaying(r#""action": "resume""#).reply(&world).3["outcome"], "resumed");
    assert_eq!(world.relayed(), [] as [&str; 0]);
}

#[test]
fn a_callback_that_is_not_taken_is_handed_on_again_when_it_comes_again() {
    let world = World::silent();
    world.relays(Relayed::answered(Some(500)));
    let delivery = relaying(r#""action": "relay""#);
    let conclusion = delivery.deliver(&world);
    assert_eq!(conclusion.detail.as_deref(), Some("relay_to answered 500"));
    let (status, retry_after, _, body) = answered(&conclusion);
    assert_eq!((status, &body["error"]["code"]), (503, &json!("relay_failed")));
    assert!((10..=30).contains(&retry_after.unwrap()));
    world.relays(Relayed::Accepted);
    assert_eq!(delivery.reply(&world).3["reason"], "relayed");
    assert_eq!(world.relayed().len(), 2);
}

#[test]
fn a_callback_that_does_not_name_its_entry_is_handed_on_once_the_entry_is_found() {
    let found = api(200, &json!({"messages": [{"dlqId": ENTRY, "workflowRunId": "wfr_1"}]}).to_string());
    let world = World::answering([found]);
    world.relays(Relayed::Accepted);
    let delivery = relaying(r#""action": "relay""#).with("dlqId", json!(null));
    let body = delivery.reply(&world).3;
    assert_eq!((&body["reason"], &body["dlqId"]), (&json!("relayed"), &json!(ENTRY)));
}

#[test]
fn a_callback_is_not_handed_on_to_ourselves() {
    let world = World::silent();
    let delivery = Delivery::new().policy(
        r#"{"relay_targets": "https://redrive.example/?x=1", "rules": [{"name": "mine", "action": "relay",
            "relay_to": "https://redrive.example/?x=1"}]}"#,
    );
    let body = delivery.reply(&world).3;
    assert_eq!((&body["outcome"], &body["reason"]), (&json!("parked"), &json!("relay_to_ourselves")));
    assert!(world.is_untouched());
}

#[test]
fn nothing_is_handed_on_in_a_dry_run_or_unsigned() {
    let world = World::silent();
    let dry = Delivery::new().policy(
        r#"{"dry_run": true, "relay_targets": "https://a.example/f", "rules": [{"name": "mine", "action": "relay",
            "relay_to": "https://a.example/f"}]}"#,
    );
    assert_eq!(dry.reply(&world).3["decision"], "relay");
    let mut forged = relaying(r#""action": "relay""#);
    forged.tampered = Some("{}");
    assert_eq!(forged.reply(&world).0, 401);
    assert!(world.is_untouched() && world.relayed().is_empty());
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
