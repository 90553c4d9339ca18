//! What a deployment does that sets no policy.

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
    assert_eq!((policy.settle, policy.retry_after_cap), (Duration::from_secs(10), Duration::from_hours(24)));
    assert_eq!(policy.backoff.base, Duration::from_secs(30));
    assert_eq!(policy.backoff.cap, Duration::from_hours(1));
    assert!(!policy.dry_run);
    assert_eq!(Policy::from_json("{}").unwrap(), policy);
}
