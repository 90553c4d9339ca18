//! What rules can ask.

use workflow_redrive::policy::fingerprint;

use super::*;

fn matches(when: &str, failure: &Failure, lineage: &Lineage) -> bool {
    let policy = rule(&format!(r#""action": "delete", "when": {{{when}}}"#));
    decide(&policy, failure, lineage).rule == "r"
}

#[test]
fn every_condition_holds_and_fails_by_itself() {
    for (holds, fails) in [
        (r#""class": "timeout""#, r#""class": "server_error""#),
        (r#""class": ["other", "timeout"]"#, r#""class": ["other", "client_error"]"#),
        (r#""regex": "timed out after \\d+(\\.\\d+)?s$""#, r#""regex": "^timed out""#),
        (r#""regex": ["bank", "(?i)ORDER"]"#, r#""regex": "ORDER""#),
        (r#""attempt": 2"#, r#""attempt": 3"#),
        (r#""attempt": "2-""#, r#""attempt": "3-""#),
        (r#""attempt": ["0-1", "2-2"]"#, r#""attempt": "0-1""#),
        (r#""age": ">59m""#, r#""age": ">1h""#),
        (r#""age": "<61m""#, r#""age": "<1h""#),
        (r#""age": ["<1m", "1h-2h"]"#, r#""age": "61m-2h""#),
        (r#""region": "us-east-1""#, r#""region": "EU_CENTRAL_1""#),
        (r#""region": ["none", "US-EAST-1"]"#, r#""region": "none""#),
    ] {
        assert!(matches(holds, &failure(), &lineage(2, 3600)), "{holds}");
        assert!(!matches(fails, &failure(), &lineage(2, 3600)), "{fails}");
        let both =
            [holds, ", ", fails.split_once(':').unwrap().0, ":", fails.split_once(':').unwrap().1].concat();
        if holds.split(':').next() != fails.split(':').next() {
            assert!(!matches(&both, &failure(), &lineage(2, 3600)), "{both}");
        }
    }
}

#[test]
fn a_fingerprint_is_that_of_the_log_line() {
    let known = fingerprint(&failure());
    assert!(matches(&format!(r#""fingerprint": "{known}""#), &failure(), &lineage(0, 0)));
    assert!(!matches(r#""fingerprint": "0123456789abcdef""#, &failure(), &lineage(0, 0)));
    assert_eq!(decide(&policy("{}"), &failure(), &lineage(0, 0)).fingerprint, known);
}

#[test]
fn what_a_failure_does_not_have_matches_nothing() {
    let bare = read("https://shop.example/order", 0, None);
    assert!(matches(r#""region": "none""#, &bare, &lineage(0, 0)));
    assert!(!matches(r#""region": ["us-east-1", "eu-central-1"]"#, &bare, &lineage(0, 0)));
    let mut silent = bare;
    silent.error = None;
    // Even a pattern that an empty message would match.
    assert!(!matches(r#""regex": """#, &silent, &lineage(0, 0)));
    assert!(matches(r#""class": "unreachable", "attempt": 0, "age": "<1ms""#, &silent, &lineage(0, 0)));
}

#[test]
fn what_can_be_no_condition_is_refused_by_its_key() {
    let classes = "\"incompatible_step\", \"non_retryable\", \"unreachable\", \"timeout\", \"rate_limited\", \
                   \"unauthorized\", \"client_error\", \"server_error\", \"other\" or a list of these";
    let ages = "\">1h\", \"<10m\", \"10m-1h\" or a list of these";
    let attempts = "3, \"3-\", \"0-2\" or a list of these";
    let regexes = "a regular expression or a list of these";
    let digits = "16 digits of 0 to 9 and a to f or a list of these";
    let regions = "\"eu-central-1\", \"us-east-1\", \"none\" or a list of these";
    for (key, value, message) in [
        ("class", "\"Timeout\"", format!("{classes}: there is no such class")),
        ("class", "500", format!("{classes}: not this number")),
        ("attempt", "\"2-1\"", format!("{attempts}: nothing lies in that range")),
        ("attempt", "-1", format!("{attempts}: that is no such range")),
        ("age", "\"2h-1h\"", format!("{ages}: nothing lies in that range")),
        ("age", "\"<0s\"", format!("{ages}: nothing lies in that range")),
        ("age", "[\">1h\", \"1h\"]", format!("{ages}: that is no such range")),
        ("age", "3600", format!("{ages}: not this number")),
        ("regex", "\"(a\"", format!("{regexes}: a group without `)` at character 2")),
        ("regex", r#""(a)\\1""#, format!("{regexes}: a back-reference at character 3")),
        (
            "regex",
            "\"(a{99}){99}\"",
            format!("{regexes}: too large a pattern: what is repeated counts each time at character 11"),
        ),
        ("fingerprint", "\"abc\"", format!("{digits}: that is no fingerprint")),
        ("region", "\"mars\"", format!("{regions}: there is no such region")),
    ] {
        let json =
            format!(r#"{{"rules": [{{"name": "r", "action": "park", "when": {{"{key}": {value}}}}}]}}"#);
        let refusal = Policy::from_json(&json).unwrap_err().to_string();
        assert_eq!(refusal, format!("rules[0].when.{key} must be {message}"));
    }
}
