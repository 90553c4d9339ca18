//! Policies from outside: which rule decides, what the limits allow, how long a run waits, and which policies are
//! refused.

#![expect(clippy::unwrap_used, reason = "a broken test value should fail the test")]

use std::time::Duration;

use proptest::prelude::*;
use workflow_redrive::callback::{Excerpt, Failure, FailureError, RetryHint};
use workflow_redrive::http_url::{HttpUrl, percent_encode};
use workflow_redrive::ids::RunId;
use workflow_redrive::lineage::Lineage;
use workflow_redrive::policy::{Action, Decision, Policy, Reason};
use workflow_redrive::time::Timestamp;

const NOW: Timestamp = Timestamp::from_secs(1_792_567_680);

fn failure(status: u16) -> Failure {
    let mut failure =
        Failure::new(RunId::new("wfr_1").unwrap(), "https://app.example/orders/pay".to_owned(), status);
    failure.labels = vec!["team-a".to_owned(), "priority".to_owned()];
    failure.step_name = Some("charge card".to_owned());
    failed_with(failure, Some("TimeoutError"), "upstream timed out after 30 s")
}

fn failed_with(mut failure: Failure, name: Option<&str>, message: &str) -> Failure {
    let name = name.map(|name| Excerpt::new(name, 256));
    failure.error = Some(FailureError { name, message: Excerpt::new(message, 2048) });
    failure
}

fn lineage(attempt: u32) -> Lineage {
    lineage_since(attempt, NOW)
}

fn lineage_since(attempt: u32, first_failed_at: Timestamp) -> Lineage {
    let query = format!("redrive={attempt}.{}.wfr_root", first_failed_at.as_millis());
    Lineage::from_query(Some(&query)).unwrap().unwrap()
}

fn policy(json: &str) -> Policy {
    Policy::from_json(json).unwrap()
}

fn decide(policy: &Policy, failure: &Failure) -> Decision {
    policy.decide(failure, &lineage(0), NOW, 0)
}

mod default_policy {
    use super::*;

    #[test]
    fn transient_statuses_are_resumed_and_all_others_parked() {
        for status in (0..=1).chain(100..=999) {
            let decision = decide(&Policy::default(), &failure(status));
            let expected = match status {
                0 | 408 | 425 | 429 | 500..=599 => (Action::Resume, "transient"),
                489 => (Action::Park, "non-retryable"),
                _ => (Action::Park, "anything-else"),
            };
            assert_eq!((decision.action, decision.rule.as_str()), expected, "{status}");
            assert_eq!(decision.reason, Reason::Rule, "{status}");
            assert_eq!(decision.delay().is_some(), decision.action == Action::Resume, "{status}");
        }
    }

    #[test]
    fn changed_code_is_parked_whatever_the_status() {
        for status in [0, 200, 400, 489, 500, 503] {
            let message = "Incompatible step name. Expected a, got b";
            let decision = decide(&Policy::default(), &failed_with(failure(status), None, message));
            assert_eq!((decision.action, decision.rule.as_str()), (Action::Park, "incompatible-step"));
        }
    }

    #[test]
    fn a_failure_of_which_nothing_is_known_is_decided_by_its_status() {
        let bare = |status| Failure::new(RunId::new("wfr_1").unwrap(), String::new(), status);
        assert_eq!(decide(&Policy::default(), &bare(500)).action, Action::Resume);
        assert_eq!(decide(&Policy::default(), &bare(404)).action, Action::Park);
    }

    #[test]
    fn its_limits_are_the_documented_ones() {
        let policy = Policy::default();
        assert_eq!((policy.max_attempts, policy.max_elapsed), (5, Duration::from_hours(24)));
        assert_eq!(
            (policy.settle, policy.retry_after_cap),
            (Duration::from_secs(10), Duration::from_hours(24))
        );
        assert_eq!(policy.backoff.base, Duration::from_secs(30));
        assert_eq!(policy.backoff.cap, Duration::from_hours(1));
        assert!(!policy.dry_run);
        assert_eq!(Policy::from_json("{}").unwrap(), policy);
    }
}

mod rules {
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
            (
                r#"{"status": 503, "url": "*", "label": "*", "error": "*", "message": "x", "step": "*"}"#,
                false,
            ),
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
}

mod limits {
    use super::*;

    #[test]
    fn a_rule_may_allow_fewer_or_more_attempts_than_the_policy() {
        let policy = policy(
            r#"{"max_attempts": 3, "rules": [
                {"name": "few", "action": "resume", "when": {"status": 500}, "max_attempts": 1},
                {"name": "many", "action": "restart", "when": {"status": 501}, "max_attempts": 7},
                {"name": "never", "action": "resume", "when": {"status": 502}, "max_attempts": 0}]}"#,
        );
        for (status, allowed) in [(500, 1), (501, 7), (502, 0), (503, 3)] {
            for attempt in 0..10 {
                let decision = policy.decide(&failure(status), &lineage(attempt), NOW, 0);
                assert_eq!(decision.action != Action::Park, attempt < allowed, "{status} at {attempt}");
                let reason = if attempt < allowed { Reason::Rule } else { Reason::AttemptsExhausted };
                assert_eq!(decision.reason, reason, "{status} at {attempt}");
            }
        }
    }

    #[test]
    fn a_lineage_that_has_had_its_attempts_is_not_deferred_for_ever() {
        let policy = policy(r#"{"rules": [{"name": "later", "action": "defer"}]}"#);
        let of = |lineage| policy.decide(&failure(503), &lineage, NOW, 0);
        assert_eq!((of(lineage(5)).action, of(lineage(5)).reason), (Action::Park, Reason::AttemptsExhausted));
        let old = lineage_since(0, Timestamp::from_millis(NOW.as_millis() - 86_400_000));
        assert_eq!(of(old).reason, Reason::ElapsedBudgetSpent);
    }

    #[test]
    fn deleting_is_no_attempt_and_has_no_limit() {
        let policy = policy(
            r#"{"max_attempts": 0, "max_elapsed": "0s", "rules": [{"name": "r", "action": "delete"}]}"#,
        );
        let old = lineage_since(4_000_000, Timestamp::from_millis(1));
        assert_eq!(policy.decide(&failure(503), &old, NOW, 0).action, Action::Delete);
    }

    #[test]
    fn the_next_attempt_must_start_within_the_elapsed_budget_its_delay_counted() {
        let policy = policy(r#"{"max_elapsed": "1h", "settle": "10s", "backoff": {"base": "0"}}"#);
        let failed = |ago| {
            let lineage = lineage_since(1, Timestamp::from_millis(NOW.as_millis() - ago));
            policy.decide(&failure(503), &lineage, NOW, u64::MAX)
        };
        assert_eq!(failed(3_590_000).action, Action::Resume);
        let spent = failed(3_590_001);
        assert_eq!((spent.action, spent.reason), (Action::Park, Reason::ElapsedBudgetSpent));
        assert_eq!(spent.rule, "transient");
        assert_eq!(failed(u64::MAX / 1_000_000_000).reason, Reason::ElapsedBudgetSpent);
    }

    #[test]
    fn a_first_failure_in_the_future_has_spent_no_time() {
        let future = lineage_since(0, NOW.after(Duration::from_hours(9000)));
        assert_eq!(Policy::default().decide(&failure(503), &future, NOW, 0).action, Action::Resume);
    }

    proptest! {
        #[test]
        fn no_attempt_is_made_beyond_the_limit(
            max in 0_u32..=1000, above in 0_u32.., status in 0_u16..1000, entropy: u64, action in 0..2
        ) {
            let action = ["resume", "restart"][usize::try_from(action).unwrap()];
            let json = format!(
                r#"{{"max_attempts": {max}, "rules": [{{"name": "all", "action": "{action}"}}]}}"#
            );
            let lineage = lineage(max.saturating_add(above));
            let decision = policy(&json).decide(&failure(status), &lineage, NOW, entropy);
            prop_assert_eq!((decision.action, decision.reason), (Action::Park, Reason::AttemptsExhausted));
        }
    }
}

mod delays {
    use super::*;

    /// The delay of an attempt after `attempt` others, of a step that asked to be called again as `hint` says.
    fn delay(policy: &Policy, attempt: u32, hint: Option<&str>, entropy: u64) -> Duration {
        let mut failure = failure(503);
        failure.retry_hint = hint.map(|hint| RetryHint::parse(hint, NOW).unwrap());
        policy.decide(&failure, &lineage(attempt), NOW, entropy).delay().unwrap()
    }

    #[test]
    fn a_run_settles_before_it_goes_on_and_the_back_off_comes_on_top() {
        let policy = Policy::default();
        for (attempt, entropy, secs) in [
            (0, 0, 10),
            (0, u64::MAX, 40),
            (0, 1 << 63, 25),
            (3, u64::MAX, 250),
            (4, u64::MAX, 490),
            (4, 0, 10),
        ] {
            assert_eq!(
                delay(&policy, attempt, None, entropy),
                Duration::from_secs(secs),
                "{attempt} {entropy}"
            );
        }
    }

    #[test]
    fn a_wait_that_the_step_asked_for_is_kept_up_to_the_cap_and_jittered_on_top() {
        let policy = policy(r#"{"retry_after_cap": "1h", "max_elapsed": "48h"}"#);
        for (hint, entropy, secs) in [
            ("0", 0, 10),
            ("9", 0, 10),
            ("60", 0, 60),
            ("60", u64::MAX, 90),
            ("3600", 0, 3600),
            ("3601", 0, 3600),
            ("10h", u64::MAX, 3630),
            ("59.0001", 0, 60),
        ] {
            assert_eq!(delay(&policy, 0, Some(hint), entropy), Duration::from_secs(secs), "{hint}");
        }
    }

    #[test]
    fn a_delay_of_ones_own_replaces_the_back_off_but_not_the_time_to_settle() {
        let own = |delay: &str| policy(&format!(r#"{{"overrides": {{"delay": "{delay}"}}}}"#));
        for (own_delay, secs) in [("0", 10), ("9s", 10), ("1m", 60), ("90001ms", 91)] {
            assert_eq!(delay(&own(own_delay), 4, None, u64::MAX), Duration::from_secs(secs), "{own_delay}");
        }
    }

    #[test]
    fn delays_are_whole_seconds_rounded_up() {
        let policy = policy(r#"{"settle": "1ms", "backoff": {"base": "0s"}}"#);
        assert_eq!(delay(&policy, 0, None, u64::MAX), Duration::from_secs(1));
    }

    proptest! {
        #[test]
        fn a_delay_lies_between_its_floor_and_the_ceiling_of_the_back_off_above_it(
            settle in 0_u64..600, base in 0_u64..600, cap in 600_u64..4000, hint in 0_u64..10_000,
            attempt in 0_u32..1000, entropy: u64
        ) {
            let policy = policy(&format!(
                r#"{{"settle": "{settle}s", "backoff": {{"base": "{base}s", "cap": "{cap}s"}},
                    "retry_after_cap": "1h", "max_attempts": 1000, "max_elapsed": "48h"}}"#
            ));
            let floor = settle.max(hint.min(3600));
            let ceiling = base.saturating_mul(1 << attempt.min(40)).min(cap);
            let delay = delay(&policy, attempt, Some(&hint.to_string()), entropy).as_secs();
            prop_assert!((floor..=floor + ceiling).contains(&delay), "{floor} {delay} {ceiling}");
        }
    }
}

mod lineages {
    use super::*;

    proptest! {
        #[test]
        fn any_lineage_survives_the_way_through_a_callback_url(
            run in "[^\\s\\p{Cc}]{1,120}", attempt: u32, millis: u64, theirs in "[a-z0-9=&%.~-]{0,30}"
        ) {
            prop_assume!(RunId::new(run.as_str()).is_ok());
            let written = format!("redrive={attempt}.{millis}.{}", percent_encode(&run));
            let lineage = Lineage::from_query(Some(&written)).unwrap().unwrap();
            prop_assert_eq!(lineage.root_run().as_str(), run.as_str());
            prop_assert_eq!((lineage.attempt(), lineage.first_failed_at().as_millis()), (attempt, millis));

            let query = lineage.write_to_query(Some(&theirs));
            let url = HttpUrl::parse("https://redrive.example/hook").unwrap().with_query(Some(&query));
            prop_assert_eq!(Lineage::from_query(url.query()), Ok(Some(lineage.clone())));
            let next = lineage.next();
            prop_assert_eq!(next.attempt(), attempt.saturating_add(1));
            prop_assert_eq!(next.root_run(), lineage.root_run());
            prop_assert_eq!(next.first_failed_at(), lineage.first_failed_at());
        }
    }
}
