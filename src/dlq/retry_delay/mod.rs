//! The expression language of `Upstash-Retry-Delay`.

use core::str::FromStr;
use core::time::Duration;

use crate::text::Say;
use serde::{Deserialize, Serialize};

/// The longest accepted expression, in bytes.
pub const MAX_RETRY_DELAY_BYTES: usize = 256;

/// How deep parentheses, calls and signs may nest.
const MAX_DEPTH: u32 = 32;

/// A result above this is this: 365 days.
const CAP_MILLIS: f64 = 365.0 * 24.0 * 3_600_000.0;

/// An expression for the delay before a retry in milliseconds, such as `pow(2, retried) * 1000`.
///
/// Made of numbers, the variable `retried` (0 at the first retry), `+ - * / ( )` and the functions `pow`, `sqrt`,
/// `abs`, `exp`, `floor`, `ceil`, `round`, `min` and `max` (source: QStash documentation, "Retry").
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RetryDelay(String);

impl RetryDelay {
    /// Checks an expression of at most [`MAX_RETRY_DELAY_BYTES`]. Errors say where it stops making sense.
    pub fn parse(text: &str) -> Result<Self, InvalidRetryDelayError> {
        // Control characters would be whitespace here and a broken header there.
        if let Some(at) = text.bytes().position(|byte| byte.is_ascii_control()) {
            return Err(InvalidRetryDelayError { position: at + 1, fault: CHARACTER });
        }
        read(text, &Check).map(|()| Self(text.to_owned()))
    }

    /// The expression as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The delay before the retry that follows `retried` earlier ones, in whole milliseconds.
    ///
    /// Not a number or below zero is zero; more than 365 days is 365 days.
    #[must_use]
    pub fn evaluate(&self, retried: u32) -> Duration {
        // `parse` has read the whole text by the same grammar, so the default is never taken.
        let millis = read(&self.0, &Evaluate { retried: f64::from(retried) }).unwrap_or_default();
        let millis = if millis > CAP_MILLIS { CAP_MILLIS } else { millis };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, NaN gives 0")]
        Duration::from_millis(millis as u64)
    }
}

impl AsRef<str> for RetryDelay {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Say for RetryDelay {
    fn say(&self, text: &mut String) {
        text.push_str(&self.0);
    }
}

display!(RetryDelay);

impl FromStr for RetryDelay {
    type Err = InvalidRetryDelayError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl From<RetryDelay> for String {
    fn from(delay: RetryDelay) -> Self {
        delay.0
    }
}

impl TryFrom<String> for RetryDelay {
    type Error = InvalidRetryDelayError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

/// Why and where a text is no [`RetryDelay`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidRetryDelayError {
    position: usize,
    fault: &'static str,
}

impl InvalidRetryDelayError {
    /// The byte at which the expression stops making sense, counted from 1.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
    }
}

impl Say for InvalidRetryDelayError {
    fn say(&self, text: &mut String) {
        text.push_str("retry delay expression, position ");
        self.position.say(text);
        text.push_str(self.fault);
        text.push_str(
            "; accepted are numbers, retried, + - * / ( ) and pow sqrt abs exp floor ceil round min max, such as \
             `pow(2, retried) * 1000`",
        );
    }
}

display!(InvalidRetryDelayError);

impl core::error::Error for InvalidRetryDelayError {}

const ARGUMENTS: &str = ": wrong number of arguments; pow, min and max take two, the others one";
const CHARACTER: &str = ": unexpected character or end";
const DEPTH: &str = ": nested too deeply; at most 32 levels are accepted";
const LENGTH: &str = ": too long; at most 256 bytes are accepted";
const NAME: &str = ": unknown name";

#[derive(Clone, Copy)]
enum Unary {
    Abs,
    Ceil,
    Exp,
    Floor,
    Negate,
    Round,
    Sqrt,
}

#[derive(Clone, Copy)]
enum Binary {
    Add,
    Divide,
    Max,
    Min,
    Multiply,
    Pow,
    Subtract,
}

#[derive(Clone, Copy)]
enum Function {
    One(Unary),
    Two(Binary),
}

const FUNCTIONS: [(&str, Function); 9] = [
    ("abs", Function::One(Unary::Abs)),
    ("ceil", Function::One(Unary::Ceil)),
    ("exp", Function::One(Unary::Exp)),
    ("floor", Function::One(Unary::Floor)),
    ("max", Function::Two(Binary::Max)),
    ("min", Function::Two(Binary::Min)),
    ("pow", Function::Two(Binary::Pow)),
    ("round", Function::One(Unary::Round)),
    ("sqrt", Function::One(Unary::Sqrt)),
];

/// What an expression is read for. Checking is kept apart from computing, so that a build which only passes
/// expressions on does not carry `pow` and `exp`.
trait Meaning {
    type Value: Default;

    fn number(&self, value: f64) -> Self::Value;
    fn retried(&self) -> Self::Value;
    fn one(&self, operation: Unary, operand: Self::Value) -> Self::Value;
    fn two(&self, operation: Binary, left: Self::Value, right: Self::Value) -> Self::Value;
}

struct Check;

impl Meaning for Check {
    type Value = ();

    fn number(&self, _: f64) {}
    fn retried(&self) {}
    fn one(&self, _: Unary, (): ()) {}
    fn two(&self, _: Binary, (): (), (): ()) {}
}

struct Evaluate {
    retried: f64,
}

impl Meaning for Evaluate {
    type Value = f64;

    fn number(&self, value: f64) -> f64 {
        value
    }

    fn retried(&self) -> f64 {
        self.retried
    }

    fn one(&self, operation: Unary, operand: f64) -> f64 {
        match operation {
            Unary::Abs => operand.abs(),
            Unary::Ceil => operand.ceil(),
            Unary::Exp => operand.exp(),
            Unary::Floor => operand.floor(),
            Unary::Negate => -operand,
            Unary::Round => operand.round(),
            Unary::Sqrt => operand.sqrt(),
        }
    }

    fn two(&self, operation: Binary, left: f64, right: f64) -> f64 {
        match operation {
            Binary::Add => left + right,
            Binary::Divide => left / right,
            Binary::Max => left.max(right),
            Binary::Min => left.min(right),
            Binary::Multiply => left * right,
            Binary::Pow => left.powf(right),
            Binary::Subtract => left - right,
        }
    }
}

fn read<M: Meaning>(text: &str, meaning: &M) -> Result<M::Value, InvalidRetryDelayError> {
    if text.len() > MAX_RETRY_DELAY_BYTES {
        return Err(InvalidRetryDelayError { position: MAX_RETRY_DELAY_BYTES + 1, fault: LENGTH });
    }
    let mut reader = Reader { text: text.as_bytes(), at: 0, depth: 0, error: None, meaning };
    let value = reader.sum();
    if reader.peek().is_some() {
        reader.fail(CHARACTER);
    }
    reader.error.map_or(Ok(value), Err)
}

/// Recursive descent: sum, product, sign, then atom. Keeps the first error; what is read from there on means nothing.
struct Reader<'a, M> {
    text: &'a [u8],
    at: usize,
    depth: u32,
    error: Option<InvalidRetryDelayError>,
    meaning: &'a M,
}

impl<M: Meaning> Reader<'_, M> {
    fn sum(&mut self) -> M::Value {
        let mut value = self.product();
        loop {
            let operation = match self.peek() {
                Some(b'+') => Binary::Add,
                Some(b'-') => Binary::Subtract,
                _ => return value,
            };
            self.at += 1;
            let right = self.product();
            value = self.meaning.two(operation, value, right);
        }
    }

    fn product(&mut self) -> M::Value {
        let mut value = self.signed();
        loop {
            let operation = match self.peek() {
                Some(b'*') => Binary::Multiply,
                Some(b'/') => Binary::Divide,
                _ => return value,
            };
            self.at += 1;
            let right = self.signed();
            value = self.meaning.two(operation, value, right);
        }
    }

    fn signed(&mut self) -> M::Value {
        if self.depth == MAX_DEPTH {
            return self.fail(DEPTH);
        }
        self.depth += 1;
        let value = if self.take(b'-') {
            let operand = self.signed();
            self.meaning.one(Unary::Negate, operand)
        } else {
            self.atom()
        };
        self.depth -= 1;
        value
    }

    fn atom(&mut self) -> M::Value {
        match self.peek() {
            Some(b'(') => {
                self.at += 1;
                let value = self.sum();
                self.expect(b')');
                value
            }
            Some(b'0'..=b'9') => self.number(),
            Some(byte) if byte.is_ascii_alphabetic() => self.name(),
            _ => self.fail(CHARACTER),
        }
    }

    /// Digits with an optional fraction. Not the standard library's parser, whose tables cost more than all of this.
    fn number(&mut self) -> M::Value {
        let mut value = 0.0;
        while let Some(digit) = self.digit() {
            value = value * 10.0 + digit;
        }
        if matches!(self.text.get(self.at), Some(b'.')) {
            self.at += 1;
            let start = self.at;
            let (mut fraction, mut scale) = (0.0, 1.0);
            while let Some(digit) = self.digit() {
                fraction = fraction * 10.0 + digit;
                scale *= 10.0;
            }
            if self.at == start {
                return self.fail(CHARACTER);
            }
            value += fraction / scale;
        }
        self.meaning.number(value)
    }

    fn digit(&mut self) -> Option<f64> {
        let digit = self.text.get(self.at).filter(|byte| byte.is_ascii_digit())?;
        self.at += 1;
        Some(f64::from(digit - b'0'))
    }

    fn name(&mut self) -> M::Value {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let name_len = rest.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let name = rest.get(..name_len).unwrap_or_default();
        if name == b"retried" {
            self.at += name_len;
            return self.meaning.retried();
        }
        let known = FUNCTIONS.iter().find(|(known, _)| known.as_bytes() == name);
        let Some((_, function)) = known else { return self.fail(NAME) };
        self.at += name_len;
        self.expect(b'(');
        let first = self.sum();
        let value = match *function {
            Function::One(operation) => self.meaning.one(operation, first),
            Function::Two(operation) => {
                if self.peek() == Some(b')') {
                    return self.fail(ARGUMENTS);
                }
                self.expect(b',');
                let second = self.sum();
                self.meaning.two(operation, first, second)
            }
        };
        if self.peek() == Some(b',') {
            return self.fail(ARGUMENTS);
        }
        self.expect(b')');
        value
    }

    /// The next byte that is not a blank.
    fn peek(&mut self) -> Option<u8> {
        while matches!(self.text.get(self.at), Some(b' ')) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn take(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, wanted: u8) {
        if !self.take(wanted) {
            self.fail(CHARACTER);
        }
    }

    /// Keeps an error, if it is the first, and leaves nothing to read.
    fn fail(&mut self, fault: &'static str) -> M::Value {
        self.error = self.error.or(Some(InvalidRetryDelayError { position: self.at + 1, fault }));
        self.text = &[];
        M::Value::default()
    }
}

#[cfg(test)]
mod tests;
