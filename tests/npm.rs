//! The bindings as JavaScript calls them, in WebAssembly.
#![cfg(target_family = "wasm")]

use js_sys::{JSON, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;
use workflow_redrive::npm::decide;

const NOW: f64 = 1_748_527_971_000.0;
const URL: &str = "https://redrive.example/?redrive=2.1748527970000.wfr_root";
const BODY: &[u8] =
    br#"{"status":503,"workflowRunId":"wfr_a","dlqId":"1-0","url":"https://shop.example/order"}"#;

fn shown(decision: Result<js_sys::Object, JsValue>) -> String {
    JSON::stringify(&decision.expect("a decision")).expect("a plain object").into()
}

fn code(decision: Result<js_sys::Object, JsValue>) -> String {
    let error = decision.expect_err("an error");
    assert!(error.has_type::<js_sys::Error>());
    Reflect::get(&error, &"code".into()).expect("a code").as_string().expect("a text")
}

#[wasm_bindgen_test]
fn a_decision_is_a_plain_object() {
    let policy = r#"{"overrides": {"retries": 1, "label": "redriven"}}"#;
    assert_eq!(
        shown(decide(policy, URL, BODY, NOW)),
        r#"{"action":"resume","reason":"rule","rule":"transient","headers":{"Upstash-Retries":"1","Upstash-Delay":"10s","Upstash-Label":"redriven"}}"#
    );
}

#[wasm_bindgen_test]
fn the_lineage_in_the_url_counts() {
    let decision = decide(r#"{"max_attempts": 2}"#, URL, BODY, NOW);
    assert_eq!(
        shown(decision),
        r#"{"action":"park","reason":"attempts_exhausted","rule":"transient","headers":{}}"#
    );
}

#[wasm_bindgen_test]
fn every_error_has_a_code() {
    assert_eq!(code(decide("[]", URL, BODY, NOW)), "invalid_policy");
    assert_eq!(code(decide("{}", "redrive.example", BODY, NOW)), "invalid_url");
    assert_eq!(code(decide("{}", "https://redrive.example/?redrive=x", BODY, NOW)), "malformed_lineage");
    assert_eq!(code(decide("{}", URL, b"[]", NOW)), "not_an_object");
    for now in [f64::NAN, -1.0, f64::INFINITY] {
        assert_eq!(code(decide("{}", URL, BODY, now)), "invalid_time");
    }
}
