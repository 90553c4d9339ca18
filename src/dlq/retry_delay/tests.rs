use proptest::prelude::*;

use super::*;

fn millis(expression: &str, retried: u32) -> u128 {
    RetryDelay::parse(expression).unwrap().evaluate(retried).as_millis()
}

#[test]
fn expressions_compute_what_they_say() {
    for (expression, retried, expected) in [
        ("1000", 9, 1000),
        ("pow(2, retried) * 1000", 0, 1000),
        ("pow(2, retried) * 1000", 5, 32_000),
        ("1000 * (1 + retried)", 2, 3000),
        ("1 + 2 * 3 - 4 / 2", 0, 5),
        ("(1+2)*3", 0, 9),
        ("10 - 4 - 3", 0, 3),
        ("100 / 10 / 5", 0, 2),
        ("- -5", 0, 5),
        ("2 * -3 + 10", 0, 4),
        ("max(0, 30000 - retried * 1000)", 4, 26_000),
        ("min(86400, exp(2.5 * retried)) * 1000", 1, 12_182),
        ("min(86400, exp(2.5 * retried)) * 1000", 9, 86_400_000),
        ("sqrt(16) + abs(-3) + floor(1.9) + ceil(1.1) + round(2.5)", 0, 4 + 3 + 1 + 2 + 3),
        ("1.5 * 1000", 0, 1500),
        ("  retried  ", 7, 7),
    ] {
        assert_eq!(millis(expression, retried), expected, "{expression}");
    }
}

#[test]
fn results_that_are_no_delay_are_bounded() {
    let year = 365 * 24 * 3_600_000;
    assert_eq!(millis("0 - 5", 0), 0);
    assert_eq!(millis("0 / 0", 0), 0);
    assert_eq!(millis("sqrt(-1)", 0), 0);
    assert_eq!(millis("1 / 0", 0), year);
    assert_eq!(millis("pow(10, 300) * pow(10, 300)", 0), year);
    assert_eq!(millis(&"9".repeat(256), 0), year);
}

#[test]
fn errors_say_where_the_expression_breaks() {
    for (expression, position, reason) in [
        ("", 1, "unexpected character or end"),
        ("1 +", 4, "unexpected"),
        ("1 2", 3, "unexpected"),
        ("(1", 3, "unexpected"),
        ("1)", 2, "unexpected"),
        ("1 % 2", 3, "unexpected"),
        ("2 ** 3", 4, "unexpected"),
        ("1.", 3, "unexpected"),
        (".5", 1, "unexpected"),
        ("1e3", 2, "unexpected"),
        ("1\n+ 1", 2, "unexpected"),
        ("1 + ü", 5, "unexpected"),
        ("attempt * 2", 1, "unknown name"),
        ("1 + Retried", 5, "unknown name"),
        ("retried2", 1, "unknown name"),
        ("pow 2", 5, "unexpected"),
        ("pow(2)", 6, "wrong number of arguments"),
        ("sqrt(2, 3)", 7, "wrong number of arguments"),
        ("max(1, 2, 3)", 9, "wrong number of arguments"),
        ("min()", 5, "unexpected"),
    ] {
        let error = RetryDelay::parse(expression).unwrap_err();
        assert_eq!(error.position(), position, "{expression:?}: {error}");
        let message = error.to_string();
        assert!(message.contains(reason) && message.contains("accepted are numbers, retried"), "{message}");
    }
}

#[test]
fn length_and_depth_are_bounded() {
    assert!(RetryDelay::parse(&"1".repeat(256)).is_ok());
    assert!(RetryDelay::parse(&"1".repeat(257)).unwrap_err().to_string().contains("256"));
    let nested = |depth: usize| format!("{}1{}", "(".repeat(depth), ")".repeat(depth));
    assert!(RetryDelay::parse(&nested(31)).is_ok());
    assert!(RetryDelay::parse(&nested(32)).unwrap_err().to_string().contains("32 levels"));
    assert_eq!(millis(&format!("1{}", "+(1)".repeat(60)), 0), 61, "siblings are no depth");
    assert!(RetryDelay::parse(&"-".repeat(200)).unwrap_err().to_string().contains("32 levels"));
}

proptest! {
    #[test]
    fn reading_never_panics_and_accepted_expressions_stay_in_range(
        text in "([0-9.]{1,3}|retried|pow|max|sqrt|[-+*/(), ]){0,12}|\\PC{0,40}",
        retried in any::<u32>(),
    ) {
        if let Ok(delay) = RetryDelay::parse(&text) {
            prop_assert!(delay.evaluate(retried) <= Duration::from_hours(365 * 24));
            prop_assert_eq!(delay.as_str(), text);
        }
    }

    #[test]
    fn linear_expressions_agree_with_integer_arithmetic(a in 0_u32..10_000, b in 0_u32..10_000, retried in 0_u32..1000) {
        let expected = u128::from(a) + u128::from(b) * u128::from(retried);
        prop_assert_eq!(millis(&format!("{a} + {b}*retried"), retried), expected);
    }
}
