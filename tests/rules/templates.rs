//! What rules set, filled in for each failure.

use proptest::prelude::*;
use workflow_redrive::dlq::{FlowControlKey, Labels};

use super::*;

const LABEL: &str = "Upstash-Label";
const KEY: &str = "Upstash-Flow-Control-Key";

/// A header of the run that is resumed under overrides.
fn header(overrides: &str, name: &str, failure: &Failure) -> String {
    let policy = rule(&format!(r#""action": "resume", "overrides": {{{overrides}}}"#));
    let decision = decide(&policy, failure, &lineage(2, 60));
    decision.overrides.header(name).unwrap().to_owned()
}

#[test]
fn every_placeholder_is_filled_in() {
    for (placeholder, value) in [
        ("target", "shop.example-order"),
        ("label", "team-a"),
        ("class", "timeout"),
        ("fingerprint", &workflow_redrive::policy::fingerprint(&failure())),
        ("attempt", "2"),
        ("root_run", "wfr_root"),
        ("step", "charge-card"),
        ("region", "US_EAST_1"),
    ] {
        let expected = format!("a-{value}.b");
        assert_eq!(header(&format!(r#""label": "a-{{{placeholder}}}.b""#), LABEL, &failure()), expected);
        let key = format!(r#""flow_control": {{"key": "a-{{{placeholder}}}.b", "rate": 1}}"#);
        assert_eq!(header(&key, KEY, &failure()), expected);
    }
}

#[test]
fn lists_keep_their_order_and_lose_what_turns_out_the_same() {
    let label = r#""label": ["{label}", "redriven", "team-{class}", "team-a"]"#;
    assert_eq!(header(label, LABEL, &failure()), "team-a,redriven,team-timeout");
}

#[test]
fn what_is_not_known_is_none_and_what_is_long_ends_in_a_hash() {
    let mut bare = read("https://shop.example/order", 503, None);
    (bare.labels, bare.step_name) = (Vec::new(), None);
    assert_eq!(header(r#""label": "{label}.{step}.{region}""#, LABEL, &bare), "none.none.none");
    let key = |end: &str| {
        let url = format!("https://shop.example/{}{end}", "x".repeat(100));
        header(r#""flow_control": {"key": "{target}"}"#, KEY, &read(&url, 503, None))
    };
    let (a, b) = (key("a"), key("b"));
    assert!(a.starts_with("shop.example-xxx") && a.len() == 64 && a != b, "{a} {b}");
    assert_eq!(key("a"), a);
    // Nothing but characters that no header may have.
    bare.step_name = Some("ß".to_owned());
    let step = header(r#""label": "{step}""#, LABEL, &bare);
    assert!(step.starts_with("x-") && step.len() == 18, "{step}");
}

#[test]
fn the_policys_own_overrides_are_filled_in_too() {
    let policy = policy(r#"{"overrides": {"label": "{class}", "retries": 1}}"#);
    let decision = decide(&policy, &read("https://a.example/", 503, None), &lineage(0, 0));
    assert_eq!(decision.overrides.header(LABEL), Some("timeout"));
}

#[test]
fn a_rule_names_what_breaker_and_budgets_count_by() {
    let target = |rule_target: &str| {
        let policy =
            rule(&format!(r#""action": "resume"{rule_target}, "overrides": {{"label": "{{target}}"}}"#));
        let decision = decide(&policy, &failure(), &lineage(0, 0));
        (decision.target.clone(), decision.overrides.header(LABEL).unwrap().to_owned())
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(target(""), pair("https://shop.example/order", "shop.example-order"));
    assert_eq!(target(r#", "target": "the bank""#), pair("the bank", "the-bank"));
    assert_eq!(target(r#", "target": "bank {region}: {step}""#).0, "bank US_EAST_1: charge card");
    assert_eq!(target(r#", "target": "{target}""#).0, "https://shop.example/order");
}

#[test]
fn what_is_no_template_is_refused() {
    let accepted =
        "accepted are {target}, {label}, {class}, {fingerprint}, {attempt}, {root_run}, {step}, {region}";
    let too_long = ["{target}"; 5].concat();
    let (label, key) = ("a label or a list of labels", "a text of letters, digits, `-`, `_` and `.`");
    for (keys, message) in [
        (r#""overrides": {"label": "{foo}"}"#, format!("overrides.label must be {label}: there is no {{foo}}; {accepted}")),
        (r#""overrides": {"label": ["a", "{step"]}"#, format!("overrides.label must be {label}: a `{{` without `}}`")),
        (r#""overrides": {"label": "a {step}"}"#, format!("overrides.label must be {label}: bad label; accepted are 1 to 256 letters, digits, `-`, `_` and `.`")),
        (&format!(r#""overrides": {{"label": "{too_long}"}}"#), format!("overrides.label must be {label}: bad label; accepted are 1 to 256 letters, digits, `-`, `_` and `.`")),
        (r#""overrides": {"flow_control": {"key": "{}"}}"#, format!("overrides.flow_control.key must be {key}: there is no {{}}; {accepted}")),
        (r#""overrides": {"flow_control": {"key": "{step}}"}}"#, format!("overrides.flow_control.key must be {key}: ")),
        (r#""target": "{url}""#, format!("target must be a text with placeholders such as {{target}}: there is no {{url}}; {accepted}")),
        (r#""target": """#, "target must be a text with placeholders such as {target}: accepted are 1 to 256 bytes without control characters".to_owned()),
        (r#""target": "a\nb""#, "target must be a text with placeholders such as {target}: accepted are 1 to 256 bytes".to_owned()),
    ] {
        let json = format!(r#"{{"rules": [{{"name": "r", "action": "resume", {keys}}}]}}"#);
        let refusal = Policy::from_json(&json).unwrap_err().to_string();
        assert!(refusal.starts_with(&format!("rules[0].{message}")), "{keys}: {refusal}");
    }
}

proptest! {
    /// Whatever a callback says, nothing but labels and keys leaves.
    #[test]
    fn whatever_a_failure_has_becomes_a_label(url in "\\PC{0,200}", step in ".{0,100}", label in "\\PC{0,100}") {
        let mut failure = failure();
        failure.workflow_url = url;
        failure.step_name = Some(step);
        failure.labels = vec![label];
        let labels = header(r#""label": ["{target}", "{step}.{label}-{root_run}", "x"]"#, LABEL, &failure);
        prop_assert!(Labels::parse(&labels).is_ok(), "{}", labels);
        let key = header(r#""flow_control": {"key": "{target}_{step}.{label}"}"#, KEY, &failure);
        prop_assert!(FlowControlKey::new(key.as_str()).is_ok(), "{}", key);
    }
}
