//! Which rule decided, and why the ones before it did not.

use serde_json::{Value, json};

use super::*;

fn explain(policy: &Policy) -> Value {
    let explanation = policy.explain(&failure(), &lineage(2, 60), NOW);
    // It is the same decision.
    assert_eq!(explanation.decision, decide(policy, &failure(), &lineage(2, 60)));
    serde_json::from_str(&explanation.to_json()).unwrap()
}

#[test]
fn every_rule_up_to_the_one_that_decided_says_what_it_missed() {
    let conditions = [
        (r#""status": 503"#, "status", "500"),
        (r#""class": "other""#, "class", "timeout"),
        (r#""region": "none""#, "region", "US_EAST_1"),
        (r#""attempt": "3-""#, "attempt", "2"),
        (r#""age": ">1h""#, "age", "1m"),
        (r#""url": "https://b.example/*""#, "url", "https://shop.example/order?x=1"),
        (r#""label": "b", "error": "E""#, "label", "team-a,priority"),
        (r#""error": "E""#, "error", "TimeoutError"),
        (r#""step": "s""#, "step", "charge card"),
        (r#""fingerprint": "0123456789abcdef""#, "fingerprint", &fingerprint()),
        (r#""message": "bank""#, "message", "order 17 timed out after 30.5s"),
        (r#""status": 500, "regex": "^a""#, "regex", "order 17 timed out after 30.5s"),
    ];
    let rules: Vec<String> = conditions
        .iter()
        .map(|(when, ..)| {
            format!(
                r#"{{"name": "{}", "action": "park", "when": {{{when}}}}}"#,
                when.replace('"', "'").replace('\\', "")
            )
        })
        .collect();
    let explained = explain(&policy(&format!(r#"{{"rules": [{}]}}"#, rules.join(","))));
    let considered = explained["rules"].as_array().unwrap();
    for ((_, key, value), considered) in conditions.iter().zip(considered) {
        assert_eq!(considered["failed"], json!(key));
        assert_eq!((&considered["value"], &considered["matched"]), (&json!(value), &json!(false)));
    }
    let rest: Vec<&str> = considered[12..].iter().map(|rule| rule["rule"].as_str().unwrap()).collect();
    assert_eq!(rest, ["incompatible-step", "non-retryable", "transient"]);
    assert_eq!(considered.last().unwrap(), &json!({"rule": "transient", "matched": true}));
}

fn fingerprint() -> String {
    workflow_redrive::policy::fingerprint(&failure())
}

#[test]
fn the_decision_is_told_in_full() {
    let explained = explain(&policy(
        r#"{"relay_targets": "https://a.example/f", "rules": [
            {"name": "never", "action": "park", "when": {"status": 404}},
            {"name": "bank", "action": "resume", "when": {"class": "timeout"}, "target": "bank",
             "overrides": {"delay": "5m", "label": "{class}"}},
            {"name": "bank again", "action": "delete", "when": {"class": "timeout", "status": "5xx"}}]}"#,
    ));
    let warning = "rules[2] (bank again) can never match: rules[1] (bank) has all its failures";
    assert_eq!(
        explained,
        json!({
            "action": "resume", "reason": "rule", "rule": "bank", "class": "timeout", "fingerprint": fingerprint(),
            "target": "bank", "delaySeconds": 300,
            "headers": {"Upstash-Delay": "5m", "Upstash-Label": "timeout"},
            "rules": [
                {"rule": "never", "matched": false, "failed": "status", "value": "500"},
                {"rule": "bank", "matched": true},
            ],
            "warnings": [warning],
        })
    );
    let given_up = explain(&policy(
        r#"{"max_attempts": 2, "relay_targets": "https://a.example/f", "rules": [
            {"name": "bank", "action": "resume", "relay_to": "https://a.example/f"}]}"#,
    ));
    assert_eq!(
        (&given_up["action"], &given_up["reason"], &given_up["relayTo"]),
        (&json!("relay"), &json!("attempts_exhausted"), &json!("https://a.example/f"))
    );
    assert_eq!(given_up["headers"], json!({}));
    assert_eq!(given_up.get("delaySeconds"), None);
}

#[test]
fn long_values_are_cut() {
    let mut long = failure();
    long.workflow_url = ["https://a.example/", &"é".repeat(300)].concat();
    let policy = rule(r#""action": "park", "when": {"url": "x"}"#);
    let passed = &policy.explain(&long, &lineage(0, 0), NOW).passed[0];
    assert!(passed.value.len() <= 256 && long.workflow_url.starts_with(&passed.value), "{}", passed.value);
}
