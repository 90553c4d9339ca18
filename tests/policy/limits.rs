//! Attempts and the elapsed budget.

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
    let policy =
        policy(r#"{"max_attempts": 0, "max_elapsed": "0s", "rules": [{"name": "r", "action": "delete"}]}"#);
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
