//! The bindings as JavaScript calls them, in WebAssembly.
#![cfg(target_family = "wasm")]

use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;
use workflow_redrive::npm::{Api, Handler, decide, parse_failure_callback, verify_signature};

const NOW: f64 = 1_748_527_971_000.0;
const URL: &str = "https://redrive.example/?redrive=2.1748527970000.wfr_root";
const BODY: &[u8] =
    br#"{"status":503,"workflowRunId":"wfr_a","dlqId":"1-0","url":"https://shop.example/order"}"#;

/// What stands behind a name in a JSON object.
fn value(json: &str, name: &str) -> serde_json::Value {
    let object: serde_json::Value = serde_json::from_str(json).expect("JSON");
    object.get(name).cloned().unwrap_or_default()
}

fn code<T>(result: Result<T, JsValue>) -> String {
    let Err(error) = result else { panic!("no error") };
    let error = error.as_string().expect("a text");
    assert!(value(&error, "message").is_string());
    value(&error, "code").as_str().expect("a code").to_owned()
}

#[wasm_bindgen_test]
fn a_decision_is_a_plain_object() {
    let policy = r#"{"overrides": {"retries": 1, "label": "redriven"}}"#;
    let decision = decide(policy, URL, BODY, "", NOW).expect("a decision");
    let of = |key: &str| value(&decision, key).to_string();
    assert_eq!(["action", "reason", "rule"].map(of), ["\"resume\"", "\"rule\"", "\"transient\""]);
    assert_eq!(of("headers"), r#"{"Upstash-Delay":"10s","Upstash-Label":"redriven","Upstash-Retries":"1"}"#);
}

#[wasm_bindgen_test]
fn the_lineage_in_the_url_counts() {
    let decision = decide(r#"{"max_attempts": 2}"#, URL, BODY, "", NOW);
    let decision = decision.expect("a decision");
    let of = |key: &str| value(&decision, key).to_string();
    assert_eq!(
        ["action", "reason", "rule", "headers"].map(of),
        ["\"park\"", "\"attempts_exhausted\"", "\"transient\"", "{}"]
    );
}

#[wasm_bindgen_test]
fn every_error_has_a_code() {
    assert_eq!(code(decide("[]", URL, BODY, "", NOW)), "invalid_policy");
    assert_eq!(code(decide("{}", "redrive.example", BODY, "", NOW)), "invalid_url");
    assert_eq!(code(decide("{}", "https://redrive.example/?redrive=x", BODY, "", NOW)), "malformed_lineage");
    assert_eq!(code(decide("{}", URL, b"[]", "", NOW)), "not_an_object");
    for now in [f64::NAN, -1.0, f64::INFINITY] {
        assert_eq!(code(decide("{}", URL, BODY, "", now)), "invalid_time");
    }
}

/// Made by another program from the documentation's claims for this URL, key and body, at the time `SIGNED`.
const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJVcHN0YXNoIiwic3ViIjoiaHR0cHM6Ly9yZWRyaXZlLm\
    V4YW1wbGUvP3RlYW09YSIsImV4cCI6MTc5MjU2Nzk4MCwiaWF0IjoxNzkyNTY3NjgwLCJuYmYiOjAsImp0aSI6Imp3dF9nb2xkZW4iLCJib2R5I\
    joidU5jbXBvVnkyUFFUVkR6X2o0bUFvb1JFVVFRckZockRXNUFYdElTR21fTT0ifQ.b0tn6gRBknblET66L430s0hWMN2Y20p08uprfVzx-TE";
const CURRENT: &str = "sig_current_3kPq";
const SIGNED: f64 = 1_792_567_680_000.0;
const SIGNED_URL: &str = "https://redrive.example/?team=a";
const SIGNED_BODY: &[u8] = br#"{"status":503}"#;

#[wasm_bindgen_test]
fn a_signature_is_verified_with_or_without_its_url() {
    let verify = |key: &str, url: Option<&str>, body: &[u8], now: f64| {
        verify_signature(key, "sig_next", TOKEN, url.map(str::to_owned), body, now, 0.0)
    };
    let key = CURRENT;
    assert!(verify(key, Some(SIGNED_URL), SIGNED_BODY, SIGNED).is_ok());
    assert!(verify(key, None, SIGNED_BODY, SIGNED).is_ok());
    assert_eq!(
        code(verify(key, Some("https://other.example"), SIGNED_BODY, SIGNED)),
        "signature_url_mismatch"
    );
    assert_eq!(code(verify(key, None, b"other", SIGNED)), "body_hash_mismatch");
    assert_eq!(code(verify(key, None, SIGNED_BODY, SIGNED + 301_000.0)), "signature_expired");
    assert_eq!(code(verify("sig_other", None, SIGNED_BODY, SIGNED)), "signature_mismatch");
    assert_eq!(code(verify("", None, SIGNED_BODY, SIGNED)), "invalid_argument");
    assert_eq!(code(verify(key, Some("x"), SIGNED_BODY, SIGNED)), "invalid_argument");
    assert_eq!(code(verify(key, None, SIGNED_BODY, f64::NAN)), "invalid_argument");
}

#[wasm_bindgen_test]
fn a_callback_is_a_plain_object_with_what_is_known() {
    assert_eq!(
        parse_failure_callback(BODY, "upstash-label\0a,b\0other\0x", NOW).expect("a callback"),
        r#"{"workflowRunId":"wfr_a","dlqId":"1-0","workflowUrl":"https://shop.example/order","status":503,"labels":["a","b"]}"#
    );
    assert_eq!(code(parse_failure_callback(b"{}", "", NOW)), "not_a_workflow");
    assert_eq!(code(parse_failure_callback(BODY, "", f64::NAN)), "invalid_argument");
}

#[wasm_bindgen_test]
fn a_handler_names_the_setting_that_is_missing() {
    let error = Handler::new("").expect_err("an error");
    assert_eq!(value(&error.as_string().expect("a text"), "setting"), "QSTASH_TOKEN");
    assert_eq!(code(Err::<(), _>(error)), "invalid_setting");
}

const SETTINGS: &str = "QSTASH_TOKEN\0token\0QSTASH_CURRENT_SIGNING_KEY\0sig_current_3kPq\0QSTASH_NEXT_SIGNING_KEY\0x\0\
    CLOCK_TOLERANCE\0300s\0MAX_BODY_BYTES\020";

#[wasm_bindgen_test]
fn a_forged_callback_ends_before_its_body() {
    let handler = Handler::new(SETTINGS).expect("good settings");
    let mut delivery = handler.deliver(SIGNED_URL.to_owned(), "Upstash-Signature\0a.b.c");
    let step = delivery.step().expect("a step");
    assert_eq!(value(&step, "ended"), true);
    assert_eq!(value(&step, "done")["status"], 401);
}

fn api(token: &str) -> Result<Api, JsValue> {
    Api::new(token.to_owned(), "", 1000, 1, 1000)
}

#[wasm_bindgen_test]
fn a_call_is_a_request_and_the_meaning_of_its_answer() {
    let api = api("token").expect("an account");
    let mut work = api.begin("act", "resume", "1-0", r#"{"retries":2}"#, 1.0, None).expect("a call");
    assert_eq!(
        work.step().expect("a step"),
        r#"{"request":{"method":"POST","url":"https://qstash.upstash.io/v2/workflows/dlq/resume?dlqIds=1-0","headers":{"Authorization":"Bearer token","Upstash-Retries":"2"}},"timeout":1000}"#
    );
    let answer = br#"{"workflowRuns":[{"workflowRunId":"wfr_b","workflowCreatedAt":7}]}"#;
    work.answer(200, answer.to_vec(), "");
    assert_eq!(
        work.step().expect("the end"),
        r#"{"done":{"workflowRuns":[{"workflowRunId":"wfr_b","workflowCreatedAt":7}],"done":["1-0"],"counted":1,"settled":[],"gone":[],"refused":[],"ambiguous":[],"untouched":[]},"ended":true}"#
    );
}

#[wasm_bindgen_test]
fn an_answer_that_is_wanted_as_it_came_is_only_checked() {
    let api = api("token").expect("an account");
    let begin = || {
        let mut work =
            api.begin("list", "", "label\0a\0label\0b\0responseStatus\0500", "{}", 5.0, Some("c".to_owned()));
        let step = work.as_mut().expect("a call").step().expect("a step");
        assert_eq!(
            value(&step, "request")["url"],
            "https://qstash.upstash.io/v2/dlq?source=workflow&label=a&label=b&responseStatus=500&count=5&cursor=c"
        );
        work.expect("a call")
    };
    let mut work = begin();
    work.answer(200, br#"{"messages":[]}"#.to_vec(), "");
    assert_eq!(work.step().expect("the end"), r#"{"verbatim":true,"ended":true}"#);
    let mut work = begin();
    work.answer(200, b"[]".to_vec(), "");
    assert_eq!(code(work.step()), "malformed");
}

#[wasm_bindgen_test]
fn a_job_goes_on_after_each_page_until_nothing_is_done() {
    let api = api("token").expect("an account");
    let mut job = api.begin("job", "delete", "", "{}", 1.0, None).expect("a job");
    job.step().expect("a list");
    job.answer(200, br#"{"messages":[{"dlqId":"1-0"},{"dlqId":"1-1"}],"cursor":"x"}"#.to_vec(), "");
    let step = job.step().expect("a deletion");
    assert_eq!(value(&step, "request")["method"], "DELETE");
    job.answer(200, br#"{"deleted":1}"#.to_vec(), "");
    let step = job.step().expect("the end of the page");
    assert_eq!(value(&step, "done")["totals"]["done"], 1);
    assert_eq!(job.step().expect("the end"), r#"{"ended":true}"#);
}

#[wasm_bindgen_test]
fn a_call_fails_with_the_code_of_its_answer() {
    let api = api("token").expect("an account");
    let get = || {
        let mut work = api.begin("get", "", "1-0", "{}", 1.0, None).expect("a call");
        work.step().expect("a request");
        work
    };
    let mut work = get();
    work.answer(404, Vec::new(), "");
    assert_eq!(code(work.step()), "not_found");
    let mut work = get();
    work.answer(429, Vec::new(), "Retry-After\07\0Burst-RateLimit-Limit\0100");
    let error = work.step().expect_err("an error").as_string().expect("a text");
    assert_eq!((value(&error, "retryAfter"), value(&error, "limit")), (7.into(), 100.into()));
    let mut work = get();
    work.fail("timeout", "", 5.0);
    assert_eq!(code(work.step()), "transport");
}

#[wasm_bindgen_test]
fn bad_arguments_end_before_any_request() {
    let good = api("token").expect("an account");
    assert_eq!(code(api("a b")), "invalid_argument");
    let resume = |ids: &str, overrides| good.begin("act", "resume", ids, overrides, 1.0, None);
    assert_eq!(code(resume("..", "{}")), "invalid_argument");
    assert_eq!(code(resume("1-0", r#"{"retry":2}"#)), "invalid_argument");
    assert_eq!(code(resume("", "{}")), "invalid_argument");
    assert_eq!(code(resume("1-0\01,0", "{}")), "invalid_argument");
    for filter in ["label\0a,b", "failureFunctionState\0x", "fromDate\02\0toDate\01", "url\0x", "fromDate\0x"]
    {
        assert_eq!(code(good.begin("list", "", filter, "{}", 5.0, None)), "invalid_argument", "{filter}");
    }
}
