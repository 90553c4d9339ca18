//! What is concluded where the API does not do as it is told: lost answers, limits, refused tokens.

use std::time::Duration;

use serde_json::json;
use workflow_redrive::dlq::{TransportError, Transported};
use workflow_redrive::recovery::Outcome;

use crate::common::NOW;
use crate::world::{Delivery, ENTRY, TOKEN, World, answered, api, api_with, come_again, created, lost};

const RESUME: &str = "POST /v2/workflows/dlq/resume/1725323658779-0";
const LOOK: &str = "GET /v2/workflows/dlq/1725323658779-0";

/// Answers after which nobody knows whether the run was resumed, with the code where it was not.
fn ambiguous() -> Vec<(Transported, &'static str)> {
    vec![
        (lost(), "api_unreachable"),
        (Err(TransportError::timeout(Duration::from_secs(10))), "api_unreachable"),
        (Err(TransportError::too_large(1024)), "api_unreachable"),
        (api(500, ""), "api_server_error"),
        (api(502, "<html>bad gateway</html>"), "api_server_error"),
        (api(503, ""), "api_server_error"),
        (api(302, ""), "api_unexpected_answer"),
        (api(412, ""), "api_unexpected_answer"),
        (api(200, ""), "api_malformed_answer"),
        (api(200, "{}"), "api_malformed_answer"),
        (api(200, "<html>"), "api_malformed_answer"),
        (api(200, r#"{"workflowRunId": "a b"}"#), "api_malformed_answer"),
        (api(204, ""), "api_malformed_answer"),
    ]
}

fn rule(action: &str) -> Delivery {
    Delivery::new().policy(&format!(r#"{{"rules": [{{"name": "r", "action": "{action}"}}]}}"#))
}

#[test]
fn a_lost_answer_is_settled_by_looking_and_an_entry_that_is_gone_was_resumed() {
    for (answer, _) in ambiguous() {
        let world = World::answering([answer, api(404, "")]);
        let conclusion = Delivery::new().deliver(&world);
        let expected = json!({
            "outcome": "resumed", "rule": "transient", "runId": "wfr_1", "dlqId": ENTRY, "rootRunId": "wfr_1",
            "attempt": 1, "delaySeconds": 25,
        });
        assert_eq!(answered(&conclusion), (200, None, false, expected));
        assert!(conclusion.detail.is_some());
        assert_eq!(world.lines(), [RESUME, LOOK]);
        assert!(Delivery::new().deliver(&world).duplicate, "and is not tried again");
    }
}

#[test]
fn a_lost_answer_with_the_entry_still_there_is_tried_again_by_the_next_delivery() {
    for (answer, code) in ambiguous() {
        let entry = json!({"dlqId": ENTRY, "workflowRunId": "wfr_1"}).to_string();
        let world = World::answering([answer, api(200, &entry), created()]);
        let conclusion = Delivery::new().deliver(&world);
        assert_eq!(answered(&conclusion), come_again(code, 18));
        assert_eq!(conclusion.subject.attempt, Some(0), "no attempt was spent");
        assert!(conclusion.detail.is_some());
        assert!(matches!(Delivery::new().deliver(&world).outcome, Ok(Outcome::Resumed(_))));
        assert_eq!(world.lines(), [RESUME, LOOK, RESUME]);
    }
}

#[test]
fn only_a_clear_no_of_the_queue_counts_as_gone() {
    for look in [api(500, ""), api(400, ""), api(401, ""), api(410, ""), api(429, ""), api(200, "x"), lost()]
    {
        let world = World::answering([api(502, ""), look]);
        assert_eq!(Delivery::new().reply(&world), come_again("api_server_error", 18));
        assert_eq!(world.lines(), [RESUME, LOOK]);
    }
}

#[test]
fn a_lost_answer_to_a_restart_or_delete_is_settled_the_same_way() {
    let world = World::answering([lost(), api(404, "")]);
    let expected = json!({
        "outcome": "restarted", "rule": "r", "runId": "wfr_1", "dlqId": ENTRY, "rootRunId": "wfr_1", "attempt": 1,
        "delaySeconds": 25,
    });
    assert_eq!(rule("restart").reply(&world), (200, None, false, expected));

    let world = World::answering([lost(), api(404, "")]);
    let expected = json!({
        "outcome": "deleted", "rule": "r", "runId": "wfr_1", "dlqId": ENTRY, "rootRunId": "wfr_1", "attempt": 0,
    });
    assert_eq!(rule("delete").reply(&world), (200, None, false, expected));
    assert_eq!(world.lines(), ["DELETE /v2/workflows/dlq/1725323658779-0", LOOK]);
}

#[test]
fn a_request_that_never_left_needs_no_look() {
    let world = World::answering([Err(TransportError::unreachable("name not resolved"))]);
    assert_eq!(Delivery::new().reply(&world), come_again("api_unreachable", 18));
    assert_eq!(world.lines(), [RESUME]);
}

#[test]
fn a_refused_token_is_the_operators_to_mend() {
    for status in [401, 403] {
        let world = World::answering([api(status, r#"{"error": "unauthorized"}"#), created()]);
        let message = "QSTASH_TOKEN was refused by the API at QSTASH_URL";
        let expected = json!({"error": {"code": "token_refused", "message": message}});
        assert_eq!(Delivery::new().reply(&world), (500, None, false, expected));
        assert_eq!(world.sent().len(), 1);
        assert!(!Delivery::new().deliver(&world).duplicate, "the claim is free again");
    }
}

#[test]
fn a_rate_limit_is_waited_for_as_long_as_it_says_up_to_the_cap() {
    let secs = NOW.as_millis() / 1000;
    let policy = r#"{"retry_after_cap": "2h"}"#;
    for (header, value, policy, after) in [
        ("burst-ratelimit-reset", secs + 42, "{}", 42),
        ("ratelimit-reset", secs + 3600, "{}", 3600),
        ("ratelimit-reset", (secs + 42) * 1000 + 999, "{}", 42),
        ("retry-after", 7, "{}", 7),
        ("retry-after", 0, "{}", 1),
        ("burst-ratelimit-reset", secs - 1, "{}", 1),
        ("ratelimit-reset", secs + 259_200, "{}", 86_400),
        ("retry-after", 999_999_999, "{}", 86_400),
        ("ratelimit-reset", secs + 259_200, policy, 7200),
        ("burst-ratelimit-limit", 100, "{}", 18),
    ] {
        let world = World::answering([api_with(429, &[(header, value.to_string())]), created()]);
        let delivery = Delivery::new().policy(policy);
        assert_eq!(delivery.reply(&world), come_again("api_rate_limited", after), "{header} {value}");
        assert_eq!(world.sent().len(), 1, "nothing was done, so nothing is looked for");
        assert!(!delivery.deliver(&world).duplicate, "the claim is free again");
    }
    let world = World::answering([api(429, "")]);
    assert_eq!(Delivery::new().reply(&world), come_again("api_rate_limited", 18));
}

#[test]
fn pauses_are_spread_over_10_to_30_seconds() {
    for (entropy, after) in [(0, 10), (20, 30), (21, 10), (u64::MAX, 25)] {
        let world = World::answering([Err(TransportError::unreachable("down"))]);
        world.entropy.set(entropy);
        assert_eq!(Delivery::new().reply(&world), come_again("api_unreachable", after), "{entropy}");
    }
}

#[test]
fn an_api_that_repeats_the_token_does_not_get_it_into_the_log() {
    let error = json!({"error": format!("bad token {TOKEN}!")}).to_string();
    let plain = format!("proxy says: Authorization: Bearer {TOKEN}, {TOKEN}");
    // The service's text is cut to 512 bytes, which may leave the beginning of the token at its end.
    let cut = |kept: usize| format!("{}{TOKEN}", "x".repeat(512 - kept));
    for body in [error, plain, cut(TOKEN.len() - 1), cut(20), cut(4)] {
        for status in [400, 401, 500, 418] {
            let world = World::answering([api(status, &body), lost()]);
            let detail = Delivery::new().deliver(&world).detail.unwrap();
            assert!(!detail.contains(&TOKEN[..4]), "{detail}");
            assert!(detail.ends_with('…') || detail.ends_with("…!"), "{detail}");
        }
    }
    let world = World::answering([Err(TransportError::unreachable(&format!("refused {TOKEN}")))]);
    let detail = Delivery::new().deliver(&world).detail.unwrap();
    assert_eq!(detail, "QStash cannot be reached: refused …");
}

#[test]
fn after_two_minutes_an_abandoned_claim_is_free() {
    let world = World::answering([created()]);
    let (delivery, settings) = (Delivery::new(), Delivery::new().settings());
    let mut abandoned = Box::pin(delivery.arrive(&settings, &world));
    assert!(crate::world::poll_once(abandoned.as_mut()).is_pending());
    drop(abandoned);
    assert_eq!(delivery.reply(&world).3["error"]["code"], "in_progress");
    world.now.set(NOW.after(Duration::from_mins(2)));
    assert_eq!(delivery.reply(&world).3["outcome"], "resumed");
}

#[test]
fn what_is_put_off_or_left_to_a_person_and_cannot_be_kept_comes_again_and_what_was_done_does_not() {
    for action in ["defer", "park"] {
        let world = World::silent();
        world.keeps.set(false);
        assert_eq!(rule(action).reply(&world), come_again("ledger_unavailable", 10), "{action}");
    }
    let world = World::answering([created()]);
    world.keeps.set(false);
    assert_eq!(rule("resume").reply(&world).0, 200);
}
