//! What the sweep takes up and what it leaves alone.

use serde_json::{Value, json};

use crate::common::NOW;
use crate::world::{World, entry, mins, with};

#[test]
fn a_run_whose_callback_failed_or_never_came_is_resumed_and_others_are_left_alone() {
    let state = |n, ago: u64, state: Value| with(entry(mins(ago), n), "failureFunctionState", state);
    let world = World::new(vec![
        state(1, 50, json!("CALLBACK_FAIL")),
        state(2, 50, json!("CALLBACK_INPROGRESS")),
        state(3, 50, Value::Null),
        state(4, 50, json!("CALLBACK_SUCCESS")),
        state(5, 44, json!("CALLBACK_INPROGRESS")),
        state(6, 44, Value::Null),
        state(7, 1, json!("CALLBACK_FAIL")),
        state(8, 0, json!("CALLBACK_FAIL")),
        with(entry(mins(50), 9), "failureCallback", json!("https://app.example/flow")),
        with(entry(mins(50), 10), "failureCallback", Value::Null),
        with(entry(mins(50), 11), "workflowRunId", Value::Null),
        with(state(12, 50, Value::Null), "failureCallbackState", json!("CALLBACK_SUCCESS")),
        with(state(13, 50, Value::Null), "failureCallbackInfo", json!({"state": "CALLBACK_SUCCESS"})),
        state(14, 50, json!("CALLBACK_OF_TOMORROW")),
    ]);
    let report = world.sweep();
    let resumed: Vec<String> = world.resumed().iter().map(|id| id[14..].to_owned()).collect();
    assert_eq!(resumed, ["1", "2", "3", "14", "7"], "the oldest first");
    assert_eq!(report["outcomes"], json!({"resumed": 5}));
    let left = json!({"delivered": 3, "waiting": 3, "foreign": 2, "no_run": 1});
    assert_eq!(report["left"], left);
    assert_eq!((&report["listed"], &report["untried"]), (&json!(14), &json!(0)));
    for run in ["wfr_1", "wfr_2", "wfr_3", "wfr_7", "wfr_14"] {
        assert_eq!(world.recorded(run)[0]["conclusion"]["outcome"], "resumed", "{run}");
    }
    let again = world.sweep();
    assert_eq!(again["outcomes"], json!({}));
    assert_eq!(world.resumed().len(), 5);
}

#[test]
fn the_new_run_calls_back_to_us_with_the_lineage_counted_on() {
    let first = NOW.as_millis() - 3_600_000;
    let own = format!("https://REDRIVE.example:443?team=a&redrive=2.{first}.wfr_root");
    let ago = NOW.as_millis() - 50 * 60_000;
    let foreign = "https://redrive.example/other?redrive=1.2.wfr_x";
    let world = World::with(
        &[("SWEEP", "all")],
        vec![
            with(entry(mins(50), 1), "failureCallback", json!(own)),
            with(entry(mins(50), 2), "failureCallback", json!(foreign)),
            with(entry(mins(50), 3), "failureCallback", Value::Null),
        ],
    );
    assert_eq!(world.sweep()["outcomes"], json!({"resumed": 3}));
    let callback = |headers: &Vec<(&str, String)>| {
        headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("upstash-failure-callback"))
            .map(|(_, url)| url.clone())
    };
    let callbacks: Vec<String> = world.headers.borrow().iter().filter_map(callback).collect();
    assert_eq!(
        callbacks,
        [
            format!("https://REDRIVE.example:443/?team=a&redrive=3.{first}.wfr_root"),
            format!("https://redrive.example/?redrive=1.{ago}.wfr_2"),
            format!("https://redrive.example/?redrive=1.{ago}.wfr_3"),
        ]
    );
    assert_eq!(world.recorded("wfr_root")[0]["conclusion"]["attempt"], 3);
}

#[test]
fn it_decides_as_for_a_callback_and_what_is_parked_stays_parked() {
    let policy = r#"{"max_attempts": 2, "rules": [
        {"name": "by hand", "when": {"error": "RangeError", "label": "orders", "step": "charge"}, "action": "park"}]}"#;
    let first = NOW.as_millis() - 3_600_000;
    let entries = vec![
        with(entry(mins(50), 1), "responseStatus", json!(404)),
        with(
            with(
                with(entry(mins(50), 2), "responseBody", json!(r#"{"error":"RangeError","message":"odd"}"#)),
                "label",
                json!("orders"),
            ),
            "responseHeader",
            json!({"Upstash-Error-Step-Name": ["charge"]}),
        ),
        with(
            entry(mins(50), 3),
            "failureCallback",
            json!(format!("https://redrive.example/?redrive=2.{first}.wfr_r")),
        ),
        entry(mins(60 * 25), 4),
        with(entry(mins(50), 5), "responseStatus", json!(489)),
        with(entry(mins(50), 6), "responseStatus", Value::Null),
    ];
    let world = World::with(&[("POLICY", policy)], entries);
    let report = world.sweep();
    assert_eq!(report["outcomes"], json!({"parked": 5, "resumed": 1}));
    assert_eq!(report["reasons"], json!({"elapsed_budget_spent": 1, "rule": 3, "attempts_exhausted": 1}));
    assert!(world.resumed()[0].ends_with("-6"), "without a status it was unreachable");
    let rules: Vec<&Value> =
        report["entries"].as_array().unwrap().iter().map(|entry| &entry["rule"]).collect();
    assert!(rules.contains(&&json!("by hand")) && rules.contains(&&json!("non-retryable")), "{rules:?}");
    assert_eq!(world.recorded("wfr_r")[0]["conclusion"]["reason"], "attempts_exhausted");

    world.told.borrow_mut().clear();
    let again = world.sweep();
    assert_eq!(again["left"], json!({"known": 5}));
    assert_eq!(again["outcomes"], json!({}));
    assert!(!world.told.borrow().iter().any(|message| message.contains("claim")));
}

#[test]
fn what_cannot_be_decided_is_parked_with_a_reason_and_not_guessed_at() {
    let url = |query: &str| json!(format!("https://redrive.example/?{query}"));
    let rows = [
        (with(entry(mins(50), 1), "failureCallback", url("redrive=1.2")), "malformed_lineage"),
        (
            with(entry(mins(50), 2), "failureCallback", url("redrive=1.2.a&redrive=1.2.a")),
            "malformed_lineage",
        ),
        (with(entry(mins(50), 3), "failureFunctionState", json!("CALLBACK_CANCELED")), "callback_canceled"),
        (with(entry(mins(50), 4), "workflowUrl", Value::Null), "entry_incomplete"),
        (with(entry(mins(50), 5), "responseStatus", json!("soon")), "entry_incomplete"),
        (
            with(entry(mins(50), 6), "failureCallback", url("redrive=1000000000.1.wfr_6")),
            "attempts_exhausted",
        ),
    ];
    let (entries, reasons): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    let world = World::new(entries);
    let report = world.sweep();
    assert_eq!(report["outcomes"], json!({"parked": 6}));
    for (n, reason) in reasons.iter().enumerate() {
        let conclusion = &world.recorded(&format!("wfr_{}", n + 1))[0]["conclusion"];
        assert_eq!((&conclusion["outcome"], &conclusion["reason"]), (&json!("parked"), &json!(reason)));
    }
    assert!(world.resumed().is_empty());
    assert_eq!(world.sweep()["left"], json!({"known": 6}), "they stay parked");
}

#[test]
fn times_in_any_spelling_and_entries_without_any_are_dealt_with() {
    let numbered = |n: usize, id: &str| with(entry(mins(50), n), "dlqId", json!(id));
    let state = |entry| with(entry, "failureFunctionState", json!("CALLBACK_INPROGRESS"));
    let young = NOW.as_millis() - 60_000;
    let world = World::new(vec![
        state(with(numbered(1, "abc"), "createdAt", json!(young.to_string()))),
        state(with(numbered(2, "abd"), "createdAt", json!("2026-10-21T06:00:00Z"))),
        state(with(numbered(3, "abe"), "createdAt", Value::Null)),
        // From the future: our clock stepped back, or theirs runs ahead.
        state(numbered(4, "1892567680000-4")),
    ]);
    let report = world.sweep();
    assert_eq!(world.resumed(), ["abd", "abe"]);
    assert_eq!(report["left"], json!({"waiting": 2}));
}

#[test]
fn what_was_left_for_later_is_taken_up_when_its_time_has_come_though_its_callback_was_delivered() {
    let policy = r#"{"rules": [{"name": "later", "action": "defer", "overrides": {"delay": "30m"}}]}"#;
    let world = World::with(&[("POLICY", policy)], vec![entry(mins(50), 1)]);
    assert_eq!(world.sweep()["outcomes"], json!({"deferred": 1}));
    let delivered = with(entry(mins(50), 1), "failureFunctionState", json!("CALLBACK_SUCCESS"));
    world.queues.borrow_mut().values_mut().next().unwrap()[0] = delivered;
    world.pass(mins(29));
    assert_eq!(world.sweep()["left"], json!({"known": 1}));
    world.pass(mins(1));
    assert_eq!(world.sweep()["outcomes"], json!({"deferred": 1}), "and decided anew");
}
