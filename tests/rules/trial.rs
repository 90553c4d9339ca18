//! Recorded callbacks, tried on policies.

use serde_json::{Value, json};

use super::*;

const CALLBACK: &str =
    r#"{"status":503,"url":"https://shop.example/order","workflowRunId":"wfr_1","dlqId":"1-0"}"#;

/// What a deployment that deletes everything says about a request.
fn try_on(request: &str) -> Result<Value, String> {
    let deployed = rule(r#""action": "delete""#);
    deployed.try_on(request, NOW).map(|explanation| serde_json::from_str(&explanation.to_json()).unwrap())
}

fn trial(more: &Value) -> Value {
    let mut request = json!({"callback": serde_json::from_str::<Value>(CALLBACK).unwrap()});
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    try_on(&request.to_string()).unwrap()
}

#[test]
fn the_deployed_policy_is_tried_unless_another_is_given() {
    assert_eq!(trial(&json!({}))["action"], json!("delete"));
    assert_eq!(trial(&json!({"policy": {}}))["rule"], json!("transient"));
    let policy = json!({"rules": [{"name": "mine", "action": "park", "when": {"status": 503}}]});
    assert_eq!(trial(&json!({"policy": policy}))["rule"], json!("mine"));
}

#[test]
fn a_callback_may_be_its_text() {
    let text = try_on(&json!({"callback": CALLBACK}).to_string()).unwrap();
    assert_eq!(text, trial(&json!({})));
}

#[test]
fn headers_url_and_time_count() {
    let rules = json!({"rules": [
        {"name": "late", "action": "park", "when": {"age": ">1h"}},
        {"name": "second", "action": "park", "when": {"attempt": 2}},
        {"name": "eu", "action": "park", "when": {"region": "eu-central-1", "label": "b"}},
    ]});
    let rule = |more: Value| {
        let mut more = more;
        more["policy"] = rules.clone();
        trial(&more)["rule"].clone()
    };
    let first = NOW.as_millis();
    let url = format!("https://redrive.example/?redrive=2.{first}.wfr_root");
    assert_eq!(rule(json!({})), json!("transient"));
    assert_eq!(rule(json!({"url": url})), json!("second"));
    assert_eq!(rule(json!({"url": url, "now": first + 3_600_001})), json!("late"));
    assert_eq!(rule(json!({"url": url, "now": "2999-01-01T00:00:00Z"})), json!("late"));
    for headers in [
        json!({"upstash-region": "EU-CENTRAL-1", "Upstash-Label": "a,b"}),
        json!({"Upstash-Region": ["EU-CENTRAL-1"], "upstash-label": ["a", "b"], "Content-Type": "x"}),
    ] {
        assert_eq!(rule(json!({"headers": headers})), json!("eu"));
    }
}

#[test]
fn what_cannot_be_tried_is_refused_in_words() {
    let callback = "callback must be the body of a failure callback, as a table or as its text";
    let now = "now must be epoch milliseconds or a date such as \"2026-01-31T12:00:00Z\"";
    for (more, message) in [
        ("", "callback must be"),
        (r#""callback": 7"#, callback),
        (r#""callback": null"#, callback),
        (
            r#""callback": {}, "polcy": {}"#,
            "polcy is unknown; accepted are policy, callback, headers, url, now",
        ),
        (r#""callback": {}, "policy": {"rules": [{"name": "a"}]}"#, "policy.rules[0].action is missing"),
        (r#""callback": {}, "policy": 7"#, "policy must be a table: not this number"),
        (r#""callback": {}, "headers": []"#, "headers must be a table of names and values"),
        (r#""callback": {}, "now": "noon""#, now),
        (r#""callback": {}, "now": 0"#, now),
        (
            r#""callback": {}, "url": "redrive.example""#,
            "url must be the URL that the callback was delivered to: ",
        ),
        (r#""callback": "[]""#, "callback body is not an object"),
        (r#""callback": {"status": 500}"#, "callback is not about a workflow run; "),
    ] {
        let refusal = try_on(&format!("{{{more}}}")).unwrap_err();
        assert!(refusal.starts_with(message), "{more}: {refusal}");
    }
    assert_eq!(try_on("[]").unwrap_err(), "the request must be a table");
    let lineage = json!({"callback": CALLBACK, "url": "https://redrive.example/?redrive=x"}).to_string();
    assert!(try_on(&lineage).unwrap_err().starts_with("the callback URL's `redrive` parameter must be"));
}
