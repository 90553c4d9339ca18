//! The line for the operator.

use std::time::Duration;

use serde_json::{Value, json};
use workflow_redrive::callback::CallbackError;
use workflow_redrive::recovery::{Conclusion, LogLine, Refusal, Timings};
use workflow_redrive::settings::Settings;
use workflow_redrive::signature::SignatureError;

use crate::world::{Delivery, ENTRY, World, api, created};

/// Of 503 without a word.
const FINGERPRINT: &str = "c4e08503a1c54090";

fn line(conclusion: &Conclusion, timings: Timings) -> (bool, Value) {
    let line = LogLine::new(conclusion, timings);
    assert!(!line.json.contains('\n'), "{}", line.json);
    (line.is_error, serde_json::from_str(&line.json).unwrap())
}

#[test]
fn an_outcome_is_one_line_with_its_reply_and_timings() {
    let world = World::answering([created()]);
    let timings =
        Timings { total: Duration::from_micros(12_900), api: Duration::from_millis(11), api_calls: 1 };
    assert_eq!(
        line(&Delivery::new().deliver(&world), timings),
        (
            false,
            json!({
                "event": "failure_callback",
                "result": {
                    "outcome": "resumed", "rule": "transient", "runId": "wfr_1", "dlqId": ENTRY,
                    "newRunId": "wfr_2", "rootRunId": "wfr_1", "attempt": 1, "delaySeconds": 25,
                },
                "failureStatus": 503, "failureClass": "server_error", "fingerprint": FINGERPRINT, "totalMs": 12, "apiMs": 11, "apiCalls": 1,
            })
        )
    );
}

#[test]
fn a_refusal_after_the_body_tells_what_it_was_about_and_what_the_api_said() {
    let world = World::answering([api(401, "{\"error\": \"no\\nsuch \\\"user\\\"\"}")]);
    let conclusion = Delivery::new().deliver(&world);
    assert_eq!(
        line(&conclusion, Timings::default()),
        (
            true,
            json!({
                "event": "failure_callback",
                "result": {
                    "outcome": "refused", "reason": "token_refused", "rule": "transient", "runId": "wfr_1",
                    "dlqId": ENTRY, "rootRunId": "wfr_1", "attempt": 0,
                },
                "failureStatus": 503, "failureClass": "server_error", "fingerprint": FINGERPRINT,
                "detail": "QStash refused the token; QSTASH_TOKEN must belong to QSTASH_URL: no such \"user\"",
                "totalMs": 0, "apiMs": 0, "apiCalls": 0,
            })
        )
    );
}

#[test]
fn warnings_about_a_policy_are_one_line() {
    assert_eq!(LogLine::policy_warnings(&[]), None);
    let line = LogLine::policy_warnings(&["a \"b\"".to_owned(), "c".to_owned()]).unwrap();
    assert_eq!(line.json, r#"{"event":"policy_warnings","warnings":["a \"b\"","c"]}"#);
    assert!(line.is_error);
}

#[test]
fn a_duplicate_says_so() {
    let world = World::answering([created()]);
    Delivery::new().deliver(&world);
    let (is_error, line) = line(&Delivery::new().deliver(&world), Timings::default());
    assert_eq!((is_error, &line["result"]["duplicate"]), (false, &json!(true)));
}

#[test]
fn strangers_requests_are_no_errors_of_the_operator_but_the_rest_is() {
    for (refusal, expected) in [
        (Refusal::Signature(SignatureError::Key), false),
        (Refusal::TooLarge { limit: 1 }, false),
        (Refusal::Callback(CallbackError::NotAWorkflow), true),
        (Refusal::Pending, true),
        (Refusal::TokenRefused, true),
        (Refusal::body_unreadable(), true),
    ] {
        let code = refusal.code();
        let (is_error, line) = line(&Conclusion::refused(refusal), Timings::default());
        let whole = json!({
            "event": "failure_callback", "result": {"outcome": "refused", "reason": code},
            "totalMs": 0, "apiMs": 0, "apiCalls": 0,
        });
        assert_eq!((is_error, line), (expected, whole));
    }
}

#[test]
fn a_deployment_that_cannot_work_says_which_setting_it_is() {
    let misconfigured = LogLine::misconfigured(&Settings::read(|_| None).unwrap_err());
    assert!(misconfigured.is_error);
    let line: Value = serde_json::from_str(&misconfigured.json).unwrap();
    assert_eq!(line["detail"], "QSTASH_TOKEN is missing");
    assert_eq!(line["result"], json!({"outcome": "refused", "reason": "misconfigured"}));
}
