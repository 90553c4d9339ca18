//! What conditions can ask for, and how its values are written.

use super::{
    FailureClass, between, fingerprint::is_fingerprint, regex::Regex, value::Value, wildcard::Wildcard,
};
use crate::{settings::Region, text::said};

/// What a condition asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Status,
    Class,
    Region,
    Attempt,
    Age,
    Url,
    Label,
    Error,
    Step,
    Fingerprint,
    Message,
    Regex,
}

/// Every key, in the order in which they are asked: what takes long comes last.
pub(super) const KEYS: [Key; 12] = [
    Key::Status,
    Key::Class,
    Key::Region,
    Key::Attempt,
    Key::Age,
    Key::Url,
    Key::Label,
    Key::Error,
    Key::Step,
    Key::Fingerprint,
    Key::Message,
    Key::Regex,
];

impl Key {
    /// What policies call it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Class => "class",
            Self::Region => "region",
            Self::Attempt => "attempt",
            Self::Age => "age",
            Self::Url => "url",
            Self::Label => "label",
            Self::Error => "error",
            Self::Step => "step",
            Self::Fingerprint => "fingerprint",
            Self::Message => "message",
            Self::Regex => "regex",
        }
    }

    /// What it accepts, to complete the sentence "… must be".
    pub(super) const fn accepted(self) -> &'static str {
        match self {
            Self::Status => "503, \"5xx\", \"500-504\", \"unreachable\" or a list of these",
            Self::Class => {
                "\"incompatible_step\", \"non_retryable\", \"unreachable\", \"timeout\", \"rate_limited\", \
                 \"unauthorized\", \"client_error\", \"server_error\", \"other\" or a list of these"
            }
            Self::Region => "\"eu-central-1\", \"us-east-1\", \"none\" or a list of these",
            Self::Attempt => "3, \"3-\", \"0-2\" or a list of these",
            Self::Age => "\">1h\", \"<10m\", \"10m-1h\" or a list of these",
            Self::Fingerprint => "16 digits of 0 to 9 and a to f or a list of these",
            Self::Regex => "a regular expression or a list of these",
            Self::Url | Self::Label | Self::Error | Self::Step | Self::Message => "a text or a list of texts",
        }
    }

    /// Whether its values may be written as numbers.
    pub(super) const fn is_numeric(self) -> bool {
        matches!(self, Self::Status | Self::Attempt)
    }

    /// Reads a value, or says what is wrong with it.
    pub(super) fn read(self, text: &str) -> Result<Value, String> {
        match self {
            Self::Status => between::statuses(text),
            Self::Attempt => between::attempts(text),
            Self::Age => between::ages(text),
            Self::Class if FailureClass::ALL.iter().any(|class| class.name() == text) => exact(text),
            Self::Class => Err("there is no such class"),
            Self::Region => match Region::from_header(text) {
                Some(region) => exact(region.name()),
                None if text == "none" => exact(text),
                None => Err("there is no such region"),
            },
            Self::Fingerprint if is_fingerprint(text) => exact(text),
            Self::Fingerprint => Err("that is no fingerprint"),
            Self::Message => Ok(Value::Part(text.to_owned())),
            Self::Regex => return text.parse::<Regex>().map(Value::Regex).map_err(|error| said(&error)),
            Self::Url | Self::Label | Self::Error | Self::Step => Ok(Value::Pattern(Wildcard::new(text))),
        }
        .map_err(str::to_owned)
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is one of several ends of a reading")]
fn exact(text: &str) -> Result<Value, &'static str> {
    Ok(Value::Exact(text.to_owned()))
}
