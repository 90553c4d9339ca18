//! Policies as settings: every key is read, and whatever is none is refused with a message that helps.

use std::time::Duration;

use workflow_redrive::policy::{Action, Policy};

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
    assert_eq!(policy.overrides.retries, Some(2));
    let names: Vec<&str> = policy.rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["r", "incompatible-step", "non-retryable", "transient", "anything-else"]);
    let rule = &policy.rules[0];
    assert_eq!((rule.action, rule.max_attempts), (Action::Restart, Some(0)));
    assert_eq!(rule.overrides.retries, Some(1));
    assert_eq!(rule.when.status.len(), 1);
}

#[test]
fn what_is_left_out_has_its_default() {
    let policy = Policy::from_json(r#"{"backoff": {"cap": "40s"}, "rules": []}"#).unwrap();
    let default = Policy::default();
    assert_eq!(policy.backoff.base, default.backoff.base);
    assert_eq!(Policy { backoff: default.backoff, ..policy }, default);
}

const WHEN_KEYS: &str = "status, url, label, error, message, step";
const RULE_KEYS: &str = "name, when, action, max_attempts, overrides";

#[test]
fn an_unknown_key_is_named_with_those_that_exist_at_every_level() {
    let keys = "dry_run, max_attempts, max_elapsed, settle, backoff, retry_after_cap, overrides, rules";
    for (json, path, known) in [
        (r#"{"max_atempts": 3}"#, "max_atempts", keys),
        (r#"{"dry_run": true, "maxAttempts": 3, "settle": "1s"}"#, "maxAttempts", keys),
        (r#"{"backoff": {"jitter": "full"}}"#, "backoff.jitter", "base, cap"),
    ] {
        assert_eq!(refusal(json), format!("{path} is unknown; accepted are {known}"));
    }
    for (more, path, known) in [
        (r#""wen": {}"#, "wen", RULE_KEYS),
        (r#""when": {"status": 503, "states": 503}"#, "when.states", WHEN_KEYS),
    ] {
        assert_eq!(rule_refusal(more), format!("rules[1].{path} is unknown; accepted are {known}"));
    }
    let message = refusal(r#"{"overrides": {"labels": "a"}}"#);
    assert!(
        message.starts_with("overrides must be a table of overrides: unknown field `labels`"),
        "{message}"
    );
    let message = rule_refusal(r#""overrides": {"retry": 1}"#);
    assert!(
        message.starts_with("rules[1].overrides must be a table of overrides: unknown field"),
        "{message}"
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
    let cause = "must be a table: invalid type: sequence, expected a table";
    assert_eq!(refusal("[]"), format!("the policy {cause}"));
    assert_eq!(refusal("[true, 1]"), format!("the policy {cause}"));
    assert_eq!(refusal(r#"{"backoff": ["1s", "2s"]}"#), format!("backoff {cause}"));
    assert_eq!(rule_refusal(r#""when": []"#), format!("rules[1].when {cause}"));
    assert_eq!(
        refusal(r#"{"rules": [["r", {}, "delete"]]}"#),
        "rules must be a list of tables: invalid type: sequence, expected a table"
    );
    assert_eq!(
        refusal(r#"{"overrides": [1]}"#),
        "overrides must be a table of overrides: invalid type: sequence, expected a table of overrides"
    );
}

#[test]
fn a_value_out_of_range_is_refused_with_what_is_accepted() {
    let actions = "\"resume\", \"restart\", \"park\" or \"delete\"";
    for (json, expected) in [
        (r#"{"max_attempts": 1001}"#, "max_attempts must be a number from 0 to 1000"),
        (r#"{"backoff": {"base": "2h"}}"#, "backoff.base must not exceed backoff.cap"),
        (r#"{"backoff": {"base": "2s", "cap": "1s"}}"#, "backoff.base must not exceed backoff.cap"),
        (r#"{"rules": [{"action": "park"}]}"#, "rules[0].name is missing; it must be a text"),
        (r#"{"rules": [{"name": "r"}]}"#, &format!("rules[0].action is missing; it must be {actions}")),
        (
            r#"{"rules": [{"name": "r", "action": "retry"}]}"#,
            &format!(
                "rules[0].action must be {actions}: unknown variant `retry`, expected one of `delete`, `park`, \
                 `restart`, `resume`"
            ),
        ),
    ] {
        assert_eq!(refusal(json), expected);
    }
    assert_eq!(
        rule_refusal(r#""max_attempts": 1001"#),
        "rules[1].max_attempts must be a number from 0 to 1000"
    );
    for status in ["600", "99", "0", "70000", "\"6xx\"", "\"\"", "[503, \"504-500\"]", "\"unreachables\""] {
        assert_eq!(
            rule_refusal(&format!(r#""when": {{"status": {status}}}"#)),
            "rules[1].when.status must be 503, \"5xx\", \"500-504\", \"unreachable\" or a list of these: a status \
             must be a number from 100 to 599, \"5xx\", \"500-504\" or \"unreachable\""
        );
    }
    for key in WHEN_KEYS.split(", ") {
        let message = rule_refusal(&format!(r#""when": {{"{key}": []}}"#));
        assert!(message.starts_with(&format!("rules[1].when.{key} must be ")), "{message}");
        let cause = ": a list of conditions must not be empty: leave the key out instead";
        assert!(message.ends_with(cause), "{message}");
    }
}

#[test]
fn a_value_of_the_wrong_kind_is_refused_with_its_key_and_what_is_accepted() {
    let duration = "must be a duration such as \"30s\": ";
    for (json, start, part) in [
        ("", "the policy must be a table: ", "EOF"),
        ("null", "the policy must be a table: ", "invalid type: null"),
        ("\"x\"", "the policy must be a table: ", "invalid type: string"),
        ("{} x", "the policy must be a table: ", "trailing"),
        (r#"{"max_attempts": -1}"#, "max_attempts must be a number from 0 to 1000: ", "`-1`"),
        (r#"{"max_attempts": 4294967296}"#, "max_attempts must be a number from 0 to 1000: ", "`4294967296`"),
        (r#"{"max_attempts": 2.5}"#, "max_attempts must be a number from 0 to 1000: ", "`2.5`"),
        (r#"{"max_attempts": "3"}"#, "max_attempts must be a number from 0 to 1000: ", "string"),
        (r#"{"max_attempts": null}"#, "max_attempts must be a number from 0 to 1000: ", "null"),
        (r#"{"dry_run": "yes"}"#, "dry_run must be true or false: ", "string"),
        (r#"{"dry_run": 0}"#, "dry_run must be true or false: ", "integer"),
        (r#"{"settle": 10}"#, &format!("settle {duration}"), "integer"),
        (r#"{"settle": "10"}"#, &format!("settle {duration}"), "missing unit"),
        (r#"{"settle": "-10s"}"#, &format!("settle {duration}"), "negative"),
        (r#"{"max_elapsed": "soon"}"#, &format!("max_elapsed {duration}"), ""),
        (r#"{"max_elapsed": ""}"#, &format!("max_elapsed {duration}"), ""),
        (r#"{"max_elapsed": "400000d"}"#, &format!("max_elapsed {duration}"), "above 292 years"),
        (r#"{"retry_after_cap": "1x"}"#, &format!("retry_after_cap {duration}"), "unit"),
        (r#"{"backoff": {"base": 30}}"#, &format!("backoff.base {duration}"), "integer"),
        (r#"{"backoff": {"cap": "1"}}"#, &format!("backoff.cap {duration}"), "missing unit"),
        (r#"{"backoff": "30s"}"#, "backoff must be a table: ", "string"),
        (
            r#"{"overrides": {"delay": "5"}}"#,
            "overrides must be a table of overrides: delay: ",
            "missing unit",
        ),
        (r#"{"overrides": {"retries": -1}}"#, "overrides must be a table of overrides: retries: ", "-1"),
        (r#"{"rules": {"name": "r"}}"#, "rules must be a list of tables: ", "map"),
        (r#"{"rules": ["park"]}"#, "rules must be a list of tables: ", "string"),
        (r#"{"rules": [{"name": 1, "action": "park"}]}"#, "rules[0].name must be a text: ", "integer"),
    ] {
        let message = refusal(json);
        let cause = message.strip_prefix(start).unwrap_or_else(|| panic!("{json}: {message}"));
        assert!(cause.contains(part), "{json}: {message}");
        assert!(!message.contains(" at line "), "{message}");
    }
    for (more, start) in [
        (r#""when": 503"#, "when must be a table: invalid type: integer"),
        (r#""when": {"status": 500.5}"#, "when.status must be 503, "),
        (r#""when": {"status": -1}"#, "when.status must be 503, "),
        (r#""when": {"status": [true]}"#, "when.status must be 503, "),
        (r#""when": {"status": null}"#, "when.status must be 503, "),
        (r#""when": {"message": 5}"#, "when.message must be a text or a list of texts: invalid type"),
        (r#""when": {"label": [1]}"#, "when.label must be a text or a list of texts: invalid type"),
        (r#""when": {"url": {}}"#, "when.url must be a text or a list of texts: invalid type"),
        (r#""max_attempts": -1"#, "max_attempts must be a number from 0 to 1000: "),
        (r#""overrides": {"label": "a b"}"#, "overrides must be a table of overrides: label: "),
    ] {
        let message = rule_refusal(more);
        assert!(message.starts_with(&format!("rules[1].{start}")), "{more}: {message}");
    }
}
