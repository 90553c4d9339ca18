//! A secret in the wrong place: the error that anybody can read does not repeat it.

use serde_json::{Value, json};
use workflow_redrive::policy::Policy;
use workflow_redrive::recovery::{LogLine, Reply};

use crate::world::read;

/// What a secret of each kind looks like.
const SECRETS: [&str; 8] = [
    "eyJVc2VySUQiOiJjYW5hcnkiLCJQYXNzd29yZCI6ImNhbmFyeSJ9",
    "sig_7kYjw48mhY7kAjqNGcy6cr29RJ6r",
    "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
    "0f3c9a7be51d4c2f8a6b0e9d7c5f3a1b",
    "https://hooks.slack.example/services/T0CANARY/B0CANARY/c4n4ry5ecret",
    "https://operator:pa55w0rdCANARY@qstash.example/",
    "correct horse battery staple canary",
    "5up3r-5ecret!canary",
];

const NAMES: [&str; 23] = [
    "QSTASH_TOKEN",
    "QSTASH_CURRENT_SIGNING_KEY",
    "QSTASH_NEXT_SIGNING_KEY",
    "QSTASH_URL",
    "US_EAST_1_QSTASH_TOKEN",
    "US_EAST_1_QSTASH_URL",
    "PUBLIC_URL",
    "POLICY",
    "ADMIN_TOKEN",
    "ADMIN_CORS_ORIGIN",
    "NOTIFY_SLACK_URL",
    "NOTIFY_URL",
    "NOTIFY_SECRET",
    "NOTIFY_ON",
    "NOTIFY_WINDOW",
    "API_TIMEOUT",
    "CLOCK_TOLERANCE",
    "LEDGER_SHARDS",
    "LEDGER_RETENTION",
    "MAX_BODY_BYTES",
    "SWEEP",
    "SWEEP_AFTER",
    "SWEEP_CALLS",
];

/// Fails the test where a telling part of a secret is in the text.
fn repeats_nothing(text: &str, secret: &str, what: &str) {
    let end = &secret[secret.len() - 8..];
    for piece in [&secret[..12.min(secret.len())], end] {
        // What all addresses and keys of a kind begin with tells nothing.
        let is_common = piece.starts_with("https://");
        assert!(is_common || !text.contains(piece), "{what}: {text}");
    }
}

#[test]
fn a_secret_in_any_other_setting_is_not_repeated() {
    let mut refused = 0;
    for name in NAMES {
        for secret in SECRETS {
            let Err(error) = read(&[("NOTIFY_URL", "https://a.example/"), (name, secret)]) else { continue };
            refused += 1;
            let told = [
                error.to_string(),
                format!("{error:?}"),
                Reply::misconfigured(&error).body,
                LogLine::misconfigured(&error).json,
            ];
            repeats_nothing(&told.concat(), secret, name);
        }
    }
    assert!(refused > 120, "{refused}");
}

/// Policies with a secret in every place that takes a name, a text or a number.
fn policies(secret: &str) -> Vec<Value> {
    let rule = |rule: Value| json!({"relay_targets": "https://a.example/", "rules": [rule]});
    let mut policies = vec![
        json!(secret),
        json!([secret]),
        json!({secret: 1}),
        json!({"dry_run": secret}),
        json!({"overrides": {secret: 1}}),
        json!({"backoff": {secret: "1s"}}),
        json!({"breaker": {secret: 1}}),
        json!({"relay_targets": [secret, "ftp://x"]}),
        rule(json!({secret: 1, "name": "r", "action": "park"})),
        rule(json!({"name": "r", "action": secret})),
        rule(json!({"name": "r", "action": "park", "when": {secret: 1}})),
        rule(json!({"name": "r", "action": "park", "target": format!("{{{secret}}}")})),
        rule(json!({"name": "r", "action": "relay", "relay_to": secret})),
        json!({"overrides": {"label": format!("{{{secret}}}")}}),
        json!({"overrides": {"flow_control": {"key": format!("{{{secret}")}}}),
    ];
    for key in ["max_attempts", "max_elapsed", "settle", "retry_after_cap", "paused"] {
        policies.push(json!({key: secret}));
    }
    for key in ["retries", "delay", "retry_delay", "label", "failure_callback", "flow_control"] {
        policies.push(json!({"overrides": {key: format!("{secret} ")}}));
    }
    for key in ["status", "class", "region", "attempt", "age", "fingerprint", "regex"] {
        policies.push(rule(json!({"name": "r", "action": "park", "when": {key: format!("({secret}")}})));
    }
    policies
}

#[test]
fn a_secret_in_any_place_of_a_policy_is_not_repeated() {
    let mut refused = 0;
    for secret in SECRETS {
        for policy in policies(secret) {
            for text in [policy.to_string(), policy.to_string()[1..].to_owned()] {
                let Err(error) = Policy::from_json(&text) else { continue };
                refused += 1;
                repeats_nothing(&format!("{error} {error:?}"), secret, &text);
            }
        }
    }
    assert!(refused > 400, "{refused}");
}

#[test]
fn a_misspelt_name_is_still_repeated() {
    for (policy, name) in [(r#"{"max_atempts": 1}"#, "max_atempts"), (r#"{"maxAttempts": 1}"#, "maxAttempts")]
    {
        assert!(Policy::from_json(policy).unwrap_err().to_string().starts_with(name));
    }
}
