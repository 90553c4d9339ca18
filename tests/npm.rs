//! The bindings as JavaScript calls them, in WebAssembly.
#![cfg(target_family = "wasm")]

use wasm_bindgen_test::wasm_bindgen_test;
use workflow_redrive::npm::{Work, ask};

const NOW: &str = "1748527971000";
const URL: &str = "https://redrive.example/?redrive=2.1748527970000.wfr_root";
const BODY: &[u8] =
    br#"{"status":503,"workflowRunId":"wfr_a","dlqId":"1-0","url":"https://shop.example/order"}"#;

/// What stands behind a name in a JSON object.
fn value(json: &str, name: &str) -> serde_json::Value {
    let object: serde_json::Value = serde_json::from_str(json).expect("JSON");
    object.get(name).cloned().unwrap_or_default()
}

/// The code of an error.
fn code(error: &str) -> String {
    assert!(value(error, "message").is_string(), "{error}");
    value(error, "code").as_str().expect("a code").to_owned()
}

/// The code of what is thrown in the place of an answer.
fn thrown(answer: &str) -> String {
    code(&value(answer, "thrown").to_string())
}

fn decide(policy: &str, url: &str, body: &[u8], now: &str) -> String {
    ask(&["decide", now, policy, url, ""].join("\0"), body)
}

#[wasm_bindgen_test]
fn a_decision_is_a_plain_object() {
    let policy = r#"{"overrides": {"retries": 1, "label": "redriven"}}"#;
    let decision = decide(policy, URL, BODY, NOW);
    let of = |key: &str| value(&decision, key).to_string();
    assert_eq!(["action", "reason", "rule"].map(of), ["\"resume\"", "\"rule\"", "\"transient\""]);
    assert_eq!(of("headers"), r#"{"Upstash-Delay":"10s","Upstash-Label":"redriven","Upstash-Retries":"1"}"#);
}

#[wasm_bindgen_test]
fn the_lineage_in_the_url_counts() {
    let decision = decide(r#"{"max_attempts": 2}"#, URL, BODY, NOW);
    let of = |key: &str| value(&decision, key).to_string();
    assert_eq!(
        ["action", "reason", "rule", "headers"].map(of),
        ["\"park\"", "\"attempts_exhausted\"", "\"transient\"", "{}"]
    );
}

#[wasm_bindgen_test]
fn every_error_has_a_code() {
    assert_eq!(thrown(&decide("[]", URL, BODY, NOW)), "invalid_policy");
    assert_eq!(thrown(&decide("{}", "redrive.example", BODY, NOW)), "invalid_url");
    assert_eq!(thrown(&decide("{}", "https://redrive.example/?redrive=x", BODY, NOW)), "malformed_lineage");
    assert_eq!(thrown(&decide("{}", URL, b"[]", NOW)), "not_an_object");
    for now in ["NaN", "-1", "Infinity", "8640000000000001", ""] {
        assert_eq!(thrown(&decide("{}", URL, BODY, now)), "invalid_time");
    }
}

const SIGNED_URL: &str = "https://redrive.example/?team=a";

#[wasm_bindgen_test]
fn a_callback_is_a_plain_object_with_what_is_known() {
    assert_eq!(
        ask(&["parse", NOW, "upstash-label\0a,b\0other\0x"].join("\0"), BODY),
        r#"{"workflowRunId":"wfr_a","dlqId":"1-0","workflowUrl":"https://shop.example/order","status":503,"labels":["a","b"]}"#
    );
    assert_eq!(thrown(&ask(&["parse", NOW, ""].join("\0"), b"{}")), "not_a_workflow");
    assert_eq!(thrown(&ask("parse\0NaN\0", BODY)), "invalid_argument");
}

#[wasm_bindgen_test]
fn a_handler_names_the_setting_that_is_missing() {
    let error = Work::new("handler\0").fault();
    assert_eq!(value(&error, "setting"), "QSTASH_TOKEN");
    assert_eq!(code(&error), "invalid_setting");
}

const HANDLER: &str = "handler\0QSTASH_TOKEN\0token\0QSTASH_CURRENT_SIGNING_KEY\0sig_current_3kPq\0QSTASH_NEXT_SIGNING_KEY\0x\0\
    CLOCK_TOLERANCE\0300s\0MAX_BODY_BYTES\020";

#[wasm_bindgen_test]
fn a_forged_callback_ends_before_its_body() {
    let handler = Work::new(HANDLER);
    assert_eq!(handler.fault(), "");
    let mut delivery = handler.begin(&[SIGNED_URL, "Upstash-Signature\0a.b.c"].join("\0"));
    let step = delivery.step(0);
    assert_eq!(value(&step, "ended"), true);
    assert_eq!(value(&step, "done")["status"], 401);
}

fn account(token: &str) -> Work {
    Work::new(&["account", token, "", "1000", "1", "1000"].join("\0"))
}

/// What an account begins; everything that is given is good.
fn begin(operation: &str, action: &str, overrides: &str, count: &str, cursor: &str, which: &str) -> Work {
    let work = account("token").begin(&[operation, action, overrides, count, cursor, which].join("\0"));
    assert_eq!(work.fault(), "");
    work
}

#[wasm_bindgen_test]
fn a_call_is_a_request_and_the_meaning_of_its_answer() {
    let mut work = begin("act", "resume", r#"{"retries":2}"#, "1", "", "1-0");
    assert_eq!(
        work.step(0),
        r#"{"request":{"method":"POST","url":"https://qstash.upstash.io/v2/workflows/dlq/resume?dlqIds=1-0","headers":{"Authorization":"Bearer token","Upstash-Retries":"2"}},"timeout":1000}"#
    );
    let answer = br#"{"workflowRuns":[{"workflowRunId":"wfr_b","workflowCreatedAt":7}]}"#;
    work.bring("answer\0200\0", answer.to_vec());
    assert_eq!(
        work.step(0),
        r#"{"done":{"workflowRuns":[{"workflowRunId":"wfr_b","workflowCreatedAt":7}],"done":["1-0"],"counted":1,"settled":[],"gone":[],"refused":[],"ambiguous":[],"untouched":[]},"ended":true}"#
    );
}

#[wasm_bindgen_test]
fn an_answer_that_is_wanted_as_it_came_is_only_checked() {
    let begin = || {
        let mut work = begin("list", "", "{}", "5", "c", "label\0a\0label\0b\0responseStatus\0500");
        let step = work.step(0);
        assert_eq!(
            value(&step, "request")["url"],
            "https://qstash.upstash.io/v2/dlq?source=workflow&label=a&label=b&responseStatus=500&count=5&cursor=c"
        );
        work
    };
    let mut work = begin();
    work.bring("answer\0200\0", br#"{"messages":[]}"#.to_vec());
    assert_eq!(work.step(0), r#"{"verbatim":true,"ended":true}"#);
    let mut work = begin();
    work.bring("answer\0200\0", b"[]".to_vec());
    assert_eq!(thrown(&work.step(0)), "malformed");
}

#[wasm_bindgen_test]
fn a_job_goes_on_after_each_page_until_nothing_is_done() {
    let mut job = begin("job", "delete", "{}", "1", "", "");
    job.step(0);
    job.bring("answer\0200\0", br#"{"messages":[{"dlqId":"1-0"},{"dlqId":"1-1"}],"cursor":"x"}"#.to_vec());
    let step = job.step(0);
    assert_eq!(value(&step, "request")["method"], "DELETE");
    job.bring("answer\0200\0", br#"{"deleted":1}"#.to_vec());
    let step = job.step(0);
    assert_eq!(value(&step, "done")["totals"]["done"], 1);
    assert_eq!(job.step(0), r#"{"ended":true}"#);
}

#[wasm_bindgen_test]
fn a_call_fails_with_the_code_of_its_answer() {
    let get = || {
        let mut work = begin("get", "", "{}", "1", "", "1-0");
        work.step(0);
        work
    };
    let mut work = get();
    work.bring("answer\0404\0", Vec::new());
    assert_eq!(thrown(&work.step(0)), "not_found");
    let mut work = get();
    work.bring("answer\0429\0Retry-After\07\0Burst-RateLimit-Limit\0100", Vec::new());
    let error = value(&work.step(0), "thrown").to_string();
    assert_eq!((value(&error, "retryAfter"), value(&error, "limit")), (7.into(), 100.into()));
    let mut work = get();
    work.bring("timeout\05\0", Vec::new());
    assert_eq!(thrown(&work.step(0)), "transport");
}

#[wasm_bindgen_test]
fn bad_arguments_end_before_any_request() {
    assert_eq!(code(&account("a b").fault()), "invalid_argument");
    let good = account("token");
    let resume = |ids: &str, overrides: &str| {
        let work = good.begin(&["act", "resume", overrides, "1", "", ids].join("\0"));
        code(&work.fault())
    };
    assert_eq!(resume("..", "{}"), "invalid_argument");
    assert_eq!(resume("1-0", r#"{"retry":2}"#), "invalid_argument");
    assert_eq!(resume("", "{}"), "invalid_argument");
    assert_eq!(resume("1-0\01,0", "{}"), "invalid_argument");
    for filter in ["label\0a,b", "failureFunctionState\0x", "fromDate\02\0toDate\01", "url\0x", "fromDate\0x"]
    {
        let list = good.begin(&["list", "", "{}", "5", "", filter].join("\0"));
        assert_eq!(code(&list.fault()), "invalid_argument", "{filter}");
    }
}
