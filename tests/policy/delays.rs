//! How long a run waits.

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
    for (attempt, entropy, secs) in
        [(0, 0, 10), (0, u64::MAX, 40), (0, 1 << 63, 25), (3, u64::MAX, 250), (4, u64::MAX, 490), (4, 0, 10)]
    {
        assert_eq!(delay(&policy, attempt, None, entropy), Duration::from_secs(secs), "{attempt} {entropy}");
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
