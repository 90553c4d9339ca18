//! The bindings as JavaScript calls them, in WebAssembly.
#![cfg(target_family = "wasm")]

use js_sys::{Function, JSON, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;
use workflow_redrive::npm::{Api, Handler, decide, parse_failure_callback, verify_signature};

const NOW: f64 = 1_748_527_971_000.0;
const URL: &str = "https://redrive.example/?redrive=2.1748527970000.wfr_root";
const BODY: &[u8] =
    br#"{"status":503,"workflowRunId":"wfr_a","dlqId":"1-0","url":"https://shop.example/order"}"#;

fn shown(decision: Result<JsValue, JsValue>) -> String {
    JSON::stringify(&decision.expect("a decision")).expect("a plain object").into()
}

fn code<T>(result: Result<T, JsValue>) -> String {
    let Err(error) = result else { panic!("no error") };
    assert!(error.has_type::<js_sys::Error>());
    Reflect::get(&error, &"code".into()).expect("a code").as_string().expect("a text")
}

#[wasm_bindgen_test]
fn a_decision_is_a_plain_object() {
    let policy = r#"{"overrides": {"retries": 1, "label": "redriven"}}"#;
    assert_eq!(
        shown(decide(policy, URL, BODY, NOW)),
        r#"{"action":"resume","reason":"rule","rule":"transient","headers":{"Upstash-Delay":"10s","Upstash-Label":"redriven","Upstash-Retries":"1"}}"#
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

/// Made by another program from the documentation's claims for this URL, key and body, at the time `SIGNED`.
const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJVcHN0YXNoIiwic3ViIjoiaHR0cHM6Ly9yZWRyaXZlLm\
    V4YW1wbGUvP3RlYW09YSIsImV4cCI6MTc5MjU2Nzk4MCwiaWF0IjoxNzkyNTY3NjgwLCJuYmYiOjAsImp0aSI6Imp3dF9nb2xkZW4iLCJib2R5I\
    joidU5jbXBvVnkyUFFUVkR6X2o0bUFvb1JFVVFRckZockRXNUFYdElTR21fTT0ifQ.b0tn6gRBknblET66L430s0hWMN2Y20p08uprfVzx-TE";
const CURRENT: &str = "sig_current_3kPq";
const SIGNED: f64 = 1_792_567_680_000.0;
const SIGNED_URL: &str = "https://redrive.example/?team=a";
const SIGNED_BODY: &[u8] = br#"{"status":503}"#;

fn header(script: &str) -> Function {
    Function::new_with_args("name", script)
}

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
    let labelled = header("return name === 'Upstash-Label' ? 'a,b' : undefined");
    assert_eq!(
        shown(parse_failure_callback(BODY, &labelled, NOW)),
        r#"{"workflowRunId":"wfr_a","dlqId":"1-0","workflowUrl":"https://shop.example/order","status":503,"labels":["a","b"]}"#
    );
    assert_eq!(code(parse_failure_callback(b"{}", &header("throw 1"), NOW)), "not_a_workflow");
}

#[wasm_bindgen_test]
fn a_handler_names_the_setting_that_is_missing() {
    let error = Handler::new(&header("return undefined")).expect_err("an error");
    assert_eq!(Reflect::get(&error, &"setting".into()).expect("a setting"), "QSTASH_TOKEN");
    assert_eq!(code(Err::<(), _>(error)), "invalid_setting");
}

#[wasm_bindgen_test]
fn a_forged_callback_ends_before_its_body() {
    let settings = header("return /TOKEN|KEY$/.test(name) ? 'x' : undefined");
    let handler = Handler::new(&settings).expect("good settings");
    let delivery = handler.deliver(SIGNED_URL.to_owned(), &header("return 'a.b.c'"));
    let reply = property(&delivery.step().expect("a step"), "done");
    assert_eq!(property(&reply, "status"), 401);
    assert!(delivery.step().expect("nothing").is_undefined());
}

fn api(token: &str) -> Result<Api, JsValue> {
    Api::new(token.to_owned(), None, 1000, 1, 1000)
}

fn property(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).expect("a property")
}

#[wasm_bindgen_test]
fn a_call_is_a_request_and_the_meaning_of_its_answer() {
    let api = api("token").expect("an account");
    let work = api.act("resume", vec!["1-0".to_owned()], r#"{"retries":2}"#).expect("a call");
    let step = work.step().expect("a step");
    assert_eq!(property(&step, "timeout"), 1000);
    assert_eq!(
        String::from(JSON::stringify(&property(&step, "request")).expect("a plain object")),
        r#"{"method":"POST","url":"https://qstash.upstash.io/v2/workflows/dlq/resume?dlqIds=1-0","headers":[["Authorization","Bearer token"],["Upstash-Retries","2"]]}"#
    );
    let none = header("return undefined");
    let answer = br#"{"workflowRuns":[{"workflowRunId":"wfr_b","workflowCreatedAt":7}]}"#;
    work.answer(200, answer.to_vec(), &none);
    let acted = property(&work.step().expect("the end"), "done");
    assert_eq!(
        shown(Ok(acted)),
        r#"{"workflowRuns":[{"workflowRunId":"wfr_b","workflowCreatedAt":7}],"done":["1-0"],"counted":1,"settled":[],"gone":[],"refused":[],"ambiguous":[],"untouched":[]}"#
    );
    assert!(work.step().expect("nothing").is_undefined());
}

#[wasm_bindgen_test]
fn a_call_fails_with_the_code_of_its_answer() {
    let api = api("token").expect("an account");
    let none = header("return undefined");
    let get = || {
        let work = api.get("1-0".to_owned()).expect("a call");
        work.step().expect("a request");
        work
    };
    let work = get();
    work.answer(404, Vec::new(), &none);
    assert_eq!(code(work.step()), "not_found");
    let work = get();
    work.fail("timeout", "", 5.0);
    assert_eq!(code(work.step()), "transport");
}

#[wasm_bindgen_test]
fn bad_arguments_end_before_any_request() {
    let good = api("token").expect("an account");
    assert_eq!(code(api("a b")), "invalid_argument");
    let resume = |id: &str, overrides| good.act("resume", vec![id.to_owned()], overrides);
    assert_eq!(code(resume("..", "{}")), "invalid_argument");
    assert_eq!(code(resume("1-0", r#"{"retry":2}"#)), "invalid_argument");
    assert_eq!(code(good.act("delete", Vec::new(), "{}")), "invalid_argument");
    for filter in
        ["{}", r#"{"label":"a,b"}"#, r#"{"failureFunctionState":"x"}"#, r#"{"fromDate":"2","toDate":"1"}"#]
    {
        assert_eq!(
            code(good.list(Some(filter.to_owned()), 5, None, None, None)),
            "invalid_argument",
            "{filter}"
        );
    }
}
