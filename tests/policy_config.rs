//! Policies as settings: every key is read, and whatever is none is refused with a message that helps.

#![expect(clippy::expect_used, reason = "a policy that is read where it should not be fails the test")]

use std::time::Duration;

use workflow_redrive::policy::{Action, Breaker, Condition, Drain, Policy};

/// What stands in the way of a policy.
fn refusal(json: &str) -> String {
    Policy::from_json(json).expect_err(json).to_string()
}

/// What stands in the way of a rule with these keys besides its name and action.
fn rule_refusal(keys: &str) -> String {
    refusal(&format!(
        r#"{{"rules": [{{"name": "good", "action": "park"}}, {{"name": "r", "action": "resume", {keys}}}]}}"#
    ))
}

#[test]
fn every_key_is_read() {
    let policy = Policy::from_json(
        r#"{"dry_run": true, "max_attempts": 1000, "max_elapsed": "7d", "settle": "1m30s",
            "backoff": {"base": "1s", "cap": "2h"}, "retry_after_cap": "30m", "overrides": {"retries": 2},
            "rules": [{"name": "r", "action": "restart", "when": {"status": 503}, "max_attempts": 0,
                       "overrides": {"retries": 1}}]}"#,
    )
    .unwrap();
    assert!(policy.dry_run);
    assert_eq!((policy.max_attempts, policy.max_elapsed), (1000, Duration::from_hours(168)));
    assert_eq!((policy.settle, policy.retry_after_cap), (Duration::from_secs(90), Duration::from_mins(30)));
    assert_eq!((policy.backoff.base, policy.backoff.cap), (Duration::from_secs(1), Duration::from_hours(2)));
    assert_eq!(policy.overrides.header("Upstash-Retries"), Some("2"));
    let names: Vec<&str> = policy.rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["r", "incompatible-step", "non-retryable", "transient", "anything-else"]);
    let rule = &policy.rules[0];
    assert_eq!((rule.action, rule.max_attempts), (Action::Restart, Some(0)));
    assert_eq!(rule.overrides.header("Upstash-Retries"), Some("1"));
    assert_eq!(rule.when, Condition::default().with("status", "503").unwrap());
}

#[test]
fn every_knob_that_spares_targets_is_read() {
    let policy = Policy::from_json(
        r#"{"paused": true, "budget": {"daily": 500},
            "breaker": {"enabled": false, "failure_share": 70, "minimum": 5, "window": "1m", "open": "1s",
                        "open_cap": "1s", "probes": 1},
            "drain": {"rate": 7, "period": "10s", "parallelism": 2, "flow_control": false}}"#,
    )
    .unwrap();
    assert!(policy.paused);
    assert_eq!(policy.daily_budget, Some(500));
    let second = Duration::from_secs(1);
    let window = Duration::from_mins(1);
    let (open, open_cap) = (second, second);
    let breaker =
        Breaker { enabled: false, failure_share: 70, minimum: 5, window, open, open_cap, probes: 1 };
    assert_eq!(policy.breaker, breaker);
    let drain = Drain { rate: 7, period: second * 10, parallelism: 2, flow_control: false };
    assert_eq!(policy.drain, drain);
    let default = Policy::from_json("{}").unwrap();
    assert_eq!((default.paused, default.breaker.enabled, default.daily_budget), (false, true, None));
}

#[test]
fn knobs_that_make_no_sense_are_refused() {
    for (json, expected) in [
        (r#"{"paused": 1}"#, "paused must be true or false: not this number"),
        (r#"{"breaker": true}"#, "breaker must be a table: not true or false"),
        (r#"{"breaker": {"failure_share": 0}}"#, "breaker.failure_share must be at least 1"),
        (
            r#"{"breaker": {"failure_share": 101}}"#,
            "breaker.failure_share must be a whole number from 0 to 100: not this number",
        ),
        (
            r#"{"breaker": {"minimum": 201}}"#,
            "breaker.minimum must be a whole number from 0 to 200: not this number",
        ),
        (
            r#"{"breaker": {"probes": 11}}"#,
            "breaker.probes must be a whole number from 0 to 10: not this number",
        ),
        (r#"{"breaker": {"window": "0s"}}"#, "breaker.window must be a duration from 1s to 24h"),
        (
            r#"{"breaker": {"window": 30}}"#,
            "breaker.window must be a duration such as \"30s\": not this number",
        ),
        (r#"{"breaker": {"open_cap": "25h"}}"#, "breaker.open_cap must be a duration from 1s to 24h"),
        (r#"{"breaker": {"open": "11m"}}"#, "breaker.open must not exceed breaker.open_cap"),
        (r#"{"drain": {"rate": 0}}"#, "drain.rate must be at least 1"),
        (r#"{"drain": {"parallelism": 0}}"#, "drain.parallelism must be at least 1"),
        (r#"{"drain": {"period": "1500ms"}}"#, "drain.period must be whole seconds"),
        (r#"{"budget": {"daily": 0}}"#, "budget.daily must be at least 1"),
    ] {
        assert_eq!(refusal(json), expected);
    }
}

#[test]
fn what_is_left_out_has_its_default() {
    // A cap that equals the default base is just large enough.
    let policy = Policy::from_json(r#"{"backoff": {"cap": "30s"}, "rules": []}"#).unwrap();
    assert_eq!(policy.backoff.cap, policy.backoff.base);
    let default = Policy::default();
    assert_eq!(policy.backoff.base, default.backoff.base);
    assert_eq!(Policy { backoff: default.backoff, ..policy }, default);
}

const WHEN_KEYS: &str =
    "status, class, region, attempt, age, url, label, error, step, fingerprint, message, regex";
const RULE_KEYS: &str = "name, when, action, max_attempts, overrides, target, relay_to";

#[test]
fn an_unknown_key_is_named_with_those_that_exist_at_every_level() {
    let keys = "dry_run, max_attempts, max_elapsed, settle, backoff, retry_after_cap, overrides, paused, breaker, \
                drain, budget, relay_targets, rules";
    for (json, path, known) in [
        (r#"{"max_atempts": 3}"#, "max_atempts", keys),
        (r#"{"dry_run": true, "maxAttempts": 3, "settle": "1s"}"#, "maxAttempts", keys),
        (r#"{"backoff": {"jitter": "full"}}"#, "backoff.jitter", "base, cap"),
        (
            r#"{"breaker": {"threshold": 1}}"#,
            "breaker.threshold",
            "enabled, failure_share, minimum, window, open, open_cap, probes",
        ),
        (r#"{"drain": {"speed": 1}}"#, "drain.speed", "rate, period, parallelism, flow_control"),
        (r#"{"budget": {"weekly": 1}}"#, "budget.weekly", "daily"),
    ] {
        assert_eq!(refusal(json), format!("{path} is unknown; accepted are {known}"));
    }
    for (more, path, known) in [
        (r#""wen": {}"#, "wen", RULE_KEYS),
        (r#""when": {"status": 503, "states": 503}"#, "when.states", WHEN_KEYS),
    ] {
        assert_eq!(rule_refusal(more), format!("rules[1].{path} is unknown; accepted are {known}"));
    }
    let overrides = "retries, delay, retry_delay, flow_control, label, failure_callback";
    assert_eq!(
        refusal(r#"{"overrides": {"labels": "a"}}"#),
        format!("overrides.labels is unknown; accepted are {overrides}")
    );
    assert_eq!(
        rule_refusal(r#""overrides": {"retry": 1}"#),
        format!("rules[1].overrides.retry is unknown; accepted are {overrides}")
    );
}

#[test]
fn a_key_given_twice_is_refused() {
    for (json, path) in [
        (r#"{"max_attempts": 1, "max_attempts": 2}"#, "max_attempts"),
        (r#"{"rules": [], "rules": []}"#, "rules"),
        (r#"{"backoff": {"cap": "1m", "cap": "1m"}}"#, "backoff.cap"),
        (r#"{"rules": [{"name": "r", "action": "park", "action": "delete"}]}"#, "rules[0].action"),
        (
            r#"{"rules": [{"name": "r", "action": "park", "when": {"url": "a", "url": "b"}}]}"#,
            "rules[0].when.url",
        ),
    ] {
        assert_eq!(refusal(json), format!("{path} is given twice"));
    }
}

#[test]
fn a_list_is_never_taken_for_a_table() {
    for json in ["[]", "[true, 1]"] {
        assert_eq!(refusal(json), "the policy must be a table");
    }
    assert_eq!(refusal(r#"{"backoff": ["1s", "2s"]}"#), "backoff must be a table: not a list");
    assert_eq!(rule_refusal(r#""when": []"#), "rules[1].when must be a table: not a list");
    assert_eq!(
        refusal(r#"{"rules": [["r", {}, "delete"]]}"#),
        "rules must be a list of tables: an element is a list"
    );
    assert_eq!(refusal(r#"{"overrides": [1]}"#), "overrides must be a table: not a list");
}

#[test]
fn a_value_out_of_range_is_refused_with_what_is_accepted() {
    let actions = "\"resume\", \"restart\", \"defer\", \"park\", \"relay\" or \"delete\"";
    for (json, expected) in [
        (r#"{"max_attempts": 1001}"#, "max_attempts must be a whole number from 0 to 1000: not this number"),
        (r#"{"backoff": {"base": "2h"}}"#, "backoff.base must not exceed backoff.cap"),
        (r#"{"backoff": {"base": "2s", "cap": "1s"}}"#, "backoff.base must not exceed backoff.cap"),
        (r#"{"rules": [{"action": "park"}]}"#, "rules[0].name is missing; it must be a text"),
        (r#"{"rules": [{"name": "r"}]}"#, &format!("rules[0].action is missing; it must be {actions}")),
        (
            r#"{"rules": [{"name": "r", "action": "retry"}]}"#,
            &format!("rules[0].action must be {actions}: there is no such action"),
        ),
    ] {
        assert_eq!(refusal(json), expected);
    }
    for status in ["600", "99", "0", "70000", "500.5", "-1", "\"6xx\"", "\"\"", "[503, \"504-500\"]"] {
        assert_eq!(
            rule_refusal(&format!(r#""when": {{"status": {status}}}"#)),
            "rules[1].when.status must be 503, \"5xx\", \"500-504\", \"unreachable\" or a list of these: a status \
             must be a number from 100 to 599, \"5xx\", \"500-504\" or \"unreachable\""
        );
    }
    for key in WHEN_KEYS.split(", ") {
        let message = rule_refusal(&format!(r#""when": {{"{key}": []}}"#));
        assert!(message.starts_with(&format!("rules[1].when.{key} must be ")), "{message}");
        assert!(message.ends_with(": an empty list matches nothing; leave the key out instead"), "{message}");
    }
}

#[test]
fn callbacks_are_relayed_to_allowed_targets_only() {
    let policy = |targets: &str, keys: &str| {
        format!(r#"{{"relay_targets": {targets}, "rules": [{{"name": "r", {keys}}}]}}"#)
    };
    let to = |url: &str| format!(r#""action": "relay", "relay_to": "{url}""#);
    let targets = r#"["https://a.example/f", "https://b.example/"]"#;
    let read = Policy::from_json(&policy(targets, &to("https://b.example/"))).unwrap();
    assert_eq!(read.relay.len(), 2);
    assert_eq!(read.rules[0].relay_to, Some(read.relay[1].clone()));
    let accepted = "one of the URLs in relay_targets";
    for url in ["https://c.example/", "https://a.example/f?x", "https://a.example/"] {
        assert_eq!(refusal(&policy(targets, &to(url))), format!("rules[0].relay_to must be {accepted}"));
    }
    assert_eq!(
        refusal(&policy(targets, r#""action": "relay""#)),
        format!("rules[0].relay_to is missing; it must be {accepted}")
    );
    assert!(
        rule_refusal(r#""relay_to": "b.example""#)
            .starts_with(&format!("rules[1].relay_to must be {accepted}: "))
    );
    let urls = "an absolute https URL, or http on this machine, or a list of these";
    for targets in [r#""b.example""#, r#"["https://a.example/", "ftp://b.example"]"#, "7", "[]"] {
        let message = refusal(&policy(targets, r#""action": "park""#));
        assert!(message.starts_with(&format!("relay_targets must be {urls}: ")), "{message}");
    }
}

#[test]
fn a_value_of_the_wrong_kind_is_refused_with_its_key_and_what_is_accepted() {
    let duration = "must be a duration such as \"30s\": ";
    let attempts = "max_attempts must be a whole number from 0 to 1000: ";
    for (json, start, cause) in [
        ("", "the policy must be a table", ""),
        ("null", "the policy must be a table", ""),
        ("\"x\"", "the policy must be a table", ""),
        ("{} x", "the policy must be a table", ""),
        (r#"{"max_attempts": -1}"#, attempts, "not this number"),
        (r#"{"max_attempts": 4294967296}"#, attempts, "not this number"),
        (r#"{"max_attempts": 2.5}"#, attempts, "not this number"),
        (r#"{"max_attempts": "3"}"#, attempts, "not a text"),
        (r#"{"max_attempts": null}"#, attempts, "not null"),
        (r#"{"dry_run": "yes"}"#, "dry_run must be true or false: ", "not a text"),
        (r#"{"dry_run": 1}"#, "dry_run must be true or false: ", "not this number"),
        (r#"{"settle": 10}"#, &format!("settle {duration}"), "not this number"),
        (r#"{"settle": "10"}"#, &format!("settle {duration}"), "missing unit"),
        (r#"{"settle": "-10s"}"#, &format!("settle {duration}"), "negative"),
        (r#"{"max_elapsed": "400000d"}"#, &format!("max_elapsed {duration}"), "above 292 years"),
        (r#"{"retry_after_cap": "1x"}"#, &format!("retry_after_cap {duration}"), "unit"),
        (r#"{"backoff": {"base": 30}}"#, &format!("backoff.base {duration}"), "not this number"),
        (r#"{"backoff": {"cap": "1"}}"#, &format!("backoff.cap {duration}"), "missing unit"),
        (r#"{"backoff": "30s"}"#, "backoff must be a table: ", "not a text"),
        (r#"{"overrides": {"delay": "5"}}"#, &format!("overrides.delay {duration}"), "missing unit"),
        (r#"{"rules": {"name": "r"}}"#, "rules must be a list of tables: ", "not a table"),
        (r#"{"rules": ["park"]}"#, "rules must be a list of tables: ", "an element is a text"),
        (
            r#"{"rules": [{"name": 1, "action": "park"}]}"#,
            "rules[0].name must be a text: ",
            "not this number",
        ),
    ] {
        let message = refusal(json);
        let found = message.strip_prefix(start).unwrap_or_else(|| panic!("{json}: {message}"));
        assert!(found.contains(cause), "{json}: {message}");
    }
    for (more, start) in [
        (r#""when": 503"#, "when must be a table: not this number"),
        (r#""when": {"status": [true]}"#, "when.status must be 503, "),
        (r#""when": {"status": null}"#, "when.status must be 503, "),
        (r#""when": {"message": 5}"#, "when.message must be a text or a list of texts: not this number"),
        (r#""when": {"label": [1]}"#, "when.label must be a text or a list of texts: not "),
        (r#""when": {"url": {}}"#, "when.url must be a text or a list of texts: not a table"),
        (r#""max_attempts": -1"#, attempts),
        (r#""overrides": {"label": "a b"}"#, "overrides.label must be a label or a list of labels: "),
    ] {
        let message = rule_refusal(more);
        assert!(message.starts_with(&format!("rules[1].{start}")), "{more}: {message}");
    }
}
