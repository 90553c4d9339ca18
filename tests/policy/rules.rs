//! Which rule decides.

use super::*;

/// Whether a rule with this condition, and no other rule of its own, decides about the failure.
fn matches(when: &str, failure: &Failure) -> bool {
    let json = format!(r#"{{"rules": [{{"name": "mine", "action": "delete", "when": {when}}}]}}"#);
    decide(&policy(&json), failure).rule == "mine"
}

#[test]
fn the_first_rule_that_matches_decides_and_own_rules_stand_before_the_default_ones() {
    let policy = policy(
        r#"{"rules": [
            {"name": "first", "action": "restart", "when": {"status": "5xx"}},
            {"name": "second", "action": "delete", "when": {"status": [503, 404]}}]}"#,
    );
    for (status, action, rule) in [
        (503, Action::Restart, "first"),
        (404, Action::Delete, "second"),
        (429, Action::Resume, "transient"),
        (400, Action::Park, "anything-else"),
    ] {
        let decision = decide(&policy, &failure(status));
        assert_eq!((decision.action, decision.rule.as_str()), (action, rule), "{status}");
    }
}

#[test]
fn a_rule_without_conditions_is_for_every_failure() {
    for status in [0, 200, 404, 489, 503] {
        assert!(matches("{}", &failure(status)), "{status}");
    }
}

#[test]
fn each_condition_alone_holds_for_what_it_names_and_nothing_else() {
    for (when, holds) in [
        (r#"{"status": 503}"#, true),
        (r#"{"status": 500}"#, false),
        (r#"{"status": "unreachable"}"#, false),
        (r#"{"status": "5xx"}"#, true),
        (r#"{"status": "4xx"}"#, false),
        (r#"{"status": "500-503"}"#, true),
        (r#"{"status": "500-502"}"#, false),
        (r#"{"url": "https://app.example/*"}"#, true),
        (r#"{"url": "https://app.example/orders/pay"}"#, true),
        (r#"{"url": "https://app.example/orders"}"#, false),
        (r#"{"url": "*/refund"}"#, false),
        (r#"{"label": "priority"}"#, true),
        (r#"{"label": "team-*"}"#, true),
        (r#"{"label": "prio"}"#, false),
        (r#"{"label": "Priority"}"#, false),
        (r#"{"error": "TimeoutError"}"#, true),
        (r#"{"error": "*Error"}"#, true),
        (r#"{"error": "TypeError"}"#, false),
        (r#"{"error": "upstream*"}"#, false),
        (r#"{"message": "timed out"}"#, true),
        (r#"{"message": "Timed out"}"#, false),
        (r#"{"message": "TimeoutError"}"#, false),
        (r#"{"message": "timed*out"}"#, false),
        (r#"{"step": "charge*"}"#, true),
        (r#"{"step": "charge"}"#, false),
    ] {
        assert_eq!(matches(when, &failure(503)), holds, "{when}");
    }
}

#[test]
fn a_condition_on_what_is_not_known_does_not_hold() {
    let mut bare = Failure::new(RunId::new("wfr_1").unwrap(), String::new(), 0);
    for when in [r#"{"label": "*"}"#, r#"{"error": "*"}"#, r#"{"message": ""}"#, r#"{"step": "*"}"#] {
        assert!(!matches(when, &bare), "{when}");
    }
    bare = failed_with(bare, None, "boom");
    assert!(!matches(r#"{"error": "*"}"#, &bare));
    assert!(matches(r#"{"message": ""}"#, &bare));
}

#[test]
fn all_keys_must_hold_and_one_value_of_each_is_enough() {
    for (when, holds) in [
        (r#"{"status": [404, "5xx"]}"#, true),
        (r#"{"status": [404, 500]}"#, false),
        (r#"{"label": ["x", "priority"], "step": ["y", "charge card"]}"#, true),
        (r#"{"label": ["x", "priority"], "step": ["y", "z"]}"#, false),
        (r#"{"label": ["x"], "step": ["charge card"]}"#, false),
        (r#"{"error": ["A", "TimeoutError"], "message": ["nope", "30 s"]}"#, true),
        (r#"{"status": 503, "url": "*", "label": "*", "error": "*", "message": "", "step": "*"}"#, true),
        (r#"{"status": 502, "url": "*", "label": "*", "error": "*", "message": "", "step": "*"}"#, false),
        (r#"{"status": 503, "url": "x", "label": "*", "error": "*", "message": "", "step": "*"}"#, false),
        (r#"{"status": 503, "url": "*", "label": "x", "error": "*", "message": "", "step": "*"}"#, false),
        (r#"{"status": 503, "url": "*", "label": "*", "error": "x", "message": "", "step": "*"}"#, false),
        (r#"{"status": 503, "url": "*", "label": "*", "error": "*", "message": "x", "step": "*"}"#, false),
        (r#"{"status": 503, "url": "*", "label": "*", "error": "*", "message": "", "step": "x"}"#, false),
    ] {
        assert_eq!(matches(when, &failure(503)), holds, "{when}");
    }
}

#[test]
fn delete_and_park_carry_no_settings_for_a_run() {
    for action in ["delete", "park"] {
        let json = format!(
            r#"{{"overrides": {{"retries": 1}}, "rules": [
                {{"name": "r", "action": "{action}", "overrides": {{"delay": "1m"}}}}]}}"#
        );
        let decision = decide(&policy(&json), &failure(503));
        assert_eq!(decision.overrides.headers(), []);
        assert_eq!((decision.delay(), decision.action.name()), (None, action));
    }
}

#[test]
fn a_deferral_lasts_as_long_as_the_rule_says_or_the_back_off() {
    for (overrides, secs) in [(r#"{"delay": "15m"}"#, 900), ("{}", 25)] {
        let json =
            format!(r#"{{"rules": [{{"name": "later", "action": "defer", "overrides": {overrides}}}]}}"#);
        let decision = policy(&json).decide(&failure(400), &lineage(0), NOW, 1 << 63);
        assert_eq!((decision.action, decision.reason), (Action::Defer, Reason::Rule));
        assert_eq!(decision.delay(), Some(Duration::from_secs(secs)));
    }
}

#[test]
fn a_relay_names_its_target_and_a_run_that_is_given_up_is_relayed_too() {
    let policy = policy(
        r#"{"relay_targets": "https://a.example/f", "rules": [
            {"name": "hand on", "action": "relay", "when": {"status": 400}, "relay_to": "https://a.example/f"},
            {"name": "try", "action": "resume", "when": {"status": 503}, "relay_to": "https://a.example/f"}]}"#,
    );
    let decided = |status, attempt| {
        let decision = policy.decide(&failure(status), &lineage(attempt), NOW, 0);
        (decision.action, decision.reason, decision.relay_to.map(|url| url.as_str().to_owned()))
    };
    let target = Some("https://a.example/f".to_owned());
    assert_eq!(decided(400, 0), (Action::Relay, Reason::Rule, target.clone()));
    assert_eq!(decided(503, 4), (Action::Resume, Reason::Rule, None));
    assert_eq!(decided(503, 5), (Action::Relay, Reason::AttemptsExhausted, target));
    assert_eq!(decided(500, 5), (Action::Park, Reason::AttemptsExhausted, None));
}

#[test]
fn a_rules_settings_win_over_the_policys_one_by_one() {
    let policy = policy(
        r#"{"overrides": {"retries": 5, "label": "policy", "retry_delay": "1000"},
            "rules": [
                {"name": "mine", "action": "resume", "when": {"status": 503},
                 "overrides": {"retries": 0, "flow_control": {"key": "k", "rate": 1}}}]}"#,
    );
    let headers = |status| decide(&policy, &failure(status)).overrides.headers().to_vec();
    let value = |text: &str| text.to_owned();
    assert_eq!(
        headers(503),
        [
            ("Upstash-Delay", value("10s")),
            ("Upstash-Flow-Control-Key", value("k")),
            ("Upstash-Flow-Control-Value", value("rate=1")),
            ("Upstash-Label", value("policy")),
            ("Upstash-Retries", value("0")),
            ("Upstash-Retry-Delay", value("1000")),
        ]
    );
    assert_eq!(
        headers(500),
        [
            ("Upstash-Delay", value("10s")),
            ("Upstash-Label", value("policy")),
            ("Upstash-Retries", value("5")),
            ("Upstash-Retry-Delay", value("1000")),
        ]
    );
}
