//! Expressions of `Upstash-Retry-Delay`.

use std::time::Duration;

use workflow_redrive::dlq::{MAX_RETRY_DELAY_BYTES, RetryDelay};

use crate::again;
use crate::meter::{Allowed, bounded};

pub(crate) const WORDS: &[&str] = &[
    "retried",
    "pow(2, retried)",
    "sqrt(",
    "abs(",
    "exp(",
    "floor(",
    "ceil(",
    "round(",
    "min(",
    "max(",
    "pow(",
    "(",
    ")",
    ",",
    "+",
    "-",
    "*",
    "/",
    "1000",
    "0.5",
    "1e3",
    " ",
    "999999999999999999999",
];
pub(crate) const LONGEST: usize = MAX_RETRY_DELAY_BYTES;
pub(crate) const SHAPES: &[fn(usize) -> Vec<u8>] = &[
    |len| again("(", len).into(),
    |len| again("-", len).into(),
    |len| again("1+", len).into(),
    |len| again("max(1,", len).into(),
    |len| again("9", len).into(),
    |len| again(" ", len).into(),
];

const YEAR: Duration = Duration::from_hours(365 * 24);

pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let read = bounded(text.len(), Allowed::times(2), || RetryDelay::parse(&text));
    let delay = match read {
        Ok(delay) => delay,
        Err(refused) => {
            let place = refused.position();
            return assert!((1..=text.len() + 1).contains(&place), "at {place}: {text:?}");
        }
    };
    assert!(
        text.len() <= MAX_RETRY_DELAY_BYTES
            && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
    );
    assert_eq!(delay.as_str(), text);
    for retried in [0, 1, 2, 7, 100, u32::MAX] {
        let span = bounded(text.len(), Allowed::times(2), || delay.evaluate(retried));
        assert!(span <= YEAR && span.subsec_nanos() % 1_000_000 == 0, "{text:?}: {span:?}");
        same_otherwise_written(&text, retried, span);
        assert_eq!(span, reference(&text, retried), "{text:?} after {retried}");
    }
}

/// What does not change the value.
fn same_otherwise_written(text: &str, retried: u32, span: Duration) {
    for other in [
        ["(", text, ")"].concat(),
        [" ", text, " "].concat(),
        ["1 * (", text, ")"].concat(),
        ["max(0, ", text, ")"].concat(),
        ["floor(", text, ")"].concat(),
    ] {
        if let Ok(delay) = RetryDelay::parse(&other) {
            assert_eq!(delay.evaluate(retried), span, "{other}");
        }
    }
    if !text.contains(' ') {
        let spread: String = text.split_inclusive(['+', '*', '(', ',']).collect::<Vec<_>>().join(" ");
        let delay = RetryDelay::parse(&spread).ok().filter(|_| spread.len() <= MAX_RETRY_DELAY_BYTES);
        if let Some(delay) = delay {
            assert_eq!(delay.evaluate(retried), span, "{spread}");
        }
    }
}

/// The value by another way: tokens, and operators by their precedence.
fn reference(text: &str, retried: u32) -> Duration {
    let mut tokens = tokens(text);
    tokens.reverse();
    let value = climb(&mut tokens, 0, f64::from(retried));
    assert!(tokens.is_empty(), "{text:?}");
    let most = YEAR.as_secs_f64() * 1000.0;
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not above a year; below zero is zero"
    )]
    Duration::from_millis(if value.is_nan() { 0 } else { value.clamp(0.0, most) as u64 })
}

fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let kind =
        |c: char| if c.is_ascii_digit() || c == '.' { 1 } else { i32::from(c.is_ascii_alphabetic()) * 2 };
    let mut before = ' ';
    for c in text.chars() {
        if kind(c) > 0 && kind(c) == kind(before) {
            tokens.last_mut().unwrap().push(c);
        } else if c != ' ' {
            tokens.push(c.to_string());
        }
        before = c;
    }
    tokens
}

fn climb(rest: &mut Vec<String>, least: u8, retried: f64) -> f64 {
    let mut value = operand(rest, retried);
    loop {
        let operator = rest.last().map(String::as_str);
        let binding = match operator {
            Some("+" | "-") => 1,
            Some("*" | "/") => 2,
            _ => 0,
        };
        if binding == 0 || binding <= least {
            return value;
        }
        let operator = rest.pop().unwrap();
        let right = climb(rest, binding, retried);
        value = match operator.as_str() {
            "+" => value + right,
            "-" => value - right,
            "*" => value * right,
            _ => value / right,
        };
    }
}

fn operand(rest: &mut Vec<String>, retried: f64) -> f64 {
    let token = rest.pop().unwrap();
    match token.as_str() {
        "-" => -operand(rest, retried),
        "retried" => retried,
        "(" => {
            let value = climb(rest, 0, retried);
            assert_eq!(rest.pop().as_deref(), Some(")"));
            value
        }
        number if number.starts_with(|c: char| c.is_ascii_digit()) => written(number),
        name => {
            assert_eq!(rest.pop().as_deref(), Some("("));
            let first = climb(rest, 0, retried);
            let second = if rest.last().is_some_and(|token| token == ",") {
                rest.pop();
                climb(rest, 0, retried)
            } else {
                0.0
            };
            assert_eq!(rest.pop().as_deref(), Some(")"));
            match name {
                "abs" => first.abs(),
                "ceil" => first.ceil(),
                "exp" => first.exp(),
                "floor" => first.floor(),
                "round" => first.round(),
                "sqrt" => first.sqrt(),
                "pow" => first.powf(second),
                "min" => first.min(second),
                "max" => first.max(second),
                other => panic!("{other} was taken"),
            }
        }
    }
}

/// Digit by digit: the last place may differ from that of the standard library, and milliseconds with it.
fn written(number: &str) -> f64 {
    assert!(!number.ends_with('.') && number.matches('.').count() <= 1, "{number} was taken");
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let sum = |digits: &str| digits.bytes().fold(0.0, |sum, digit| sum * 10.0 + f64::from(digit - b'0'));
    let scale = fraction.bytes().fold(1.0, |scale, _| scale * 10.0);
    sum(whole) + sum(fraction) / scale
}
