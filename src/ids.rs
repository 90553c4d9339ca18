//! Identifiers that the service hands out, checked once where they enter.
//!
//! Both kinds are opaque, but for the moment that an entry's begins with. The checks only make sure that an identifier
//! taken from a request body is safe to put into a path, a header, a log line or a storage key.

use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::Say;
use crate::{
    text,
    time::{Timestamp, decimal},
};

/// The longest accepted identifier, in bytes. Real ones are below 64.
pub const MAX_ID_BYTES: usize = 512;

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Accepts 1 to [`MAX_ID_BYTES`] bytes without whitespace and control characters, except `.` and `..`,
            /// which would climb a path whether percent-encoded or not.
            pub fn new(id: impl Into<String>) -> Result<Self, InvalidIdError> {
                let id = Self(id.into());
                match fault(&id.0) {
                    None => Ok(id),
                    Some(fault) => Err(InvalidIdError { kind: $kind, fault }),
                }
            }

            /// The identifier as the service wrote it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Say for $name {
            fn say(&self, text: &mut String) {
                text.push_str(&self.0);
            }
        }

display!($name);

        impl FromStr for $name {
            type Err = InvalidIdError;

            fn from_str(id: &str) -> Result<Self, Self::Err> {
                Self::new(id)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidIdError;

            fn try_from(id: String) -> Result<Self, Self::Error> {
                Self::new(id)
            }
        }
    };
}

identifier!(
    /// The identifier of an entry in the dead letter queue, such as `1725323658779-0`.
    DlqId,
    "DLQ id"
);

identifier!(
    /// The identifier of a workflow run, such as `wfr_1gZ5Gd9VFuKMxvGBEpuBk`.
    RunId,
    "workflow run id"
);

impl DlqId {
    /// When the run failed: entries are numbered by it, `<epoch ms>-<sequence>`. `None` for an id of another form.
    #[must_use]
    pub fn entered_at(&self) -> Option<Timestamp> {
        let (at, sequence) = text::cut(self.as_str(), b'-')?;
        decimal(sequence)?;
        decimal(at).map(Timestamp::from_millis)
    }
}

/// A text that is no identifier. The text itself is not repeated: it came from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidIdError {
    kind: &'static str,
    fault: Fault,
}

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Empty,
    TooLong,
    Relative,
    Character,
}

impl Say for InvalidIdError {
    fn say(&self, text: &mut String) {
        text.push_str(self.kind);
        text.push_str(match self.fault {
            Fault::Empty => " is empty",
            Fault::TooLong => " is longer than 512 bytes",
            Fault::Relative => " is a relative path segment",
            Fault::Character => " contains whitespace or a control character",
        });
        text.push_str(
            "; accepted are 1 to 512 bytes without whitespace and control characters, except `.` and `..`",
        );
    }
}

display!(InvalidIdError);

impl core::error::Error for InvalidIdError {}

/// The same for every kind of identifier, so that it is compiled once.
#[inline(never)]
fn fault(id: &str) -> Option<Fault> {
    if id.is_empty() {
        Some(Fault::Empty)
    } else if id.len() > MAX_ID_BYTES {
        Some(Fault::TooLong)
    } else if matches!(id, "." | "..") {
        Some(Fault::Relative)
    } else {
        id.chars().any(|c| c.is_control() || c.is_whitespace()).then_some(Fault::Character)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_the_service_and_odd_but_harmless_ones_are_kept_as_written() {
        for id in
            ["1725323658779-0", "wfr_1gZ5Gd9VFuKMxvGBEpuBk", "a/b?c#d%2e", "...", "ключ", &"x".repeat(512)]
        {
            assert_eq!(DlqId::new(id).unwrap().as_str(), id);
            assert_eq!(RunId::new(id).unwrap().to_string(), id);
        }
    }

    #[test]
    fn ids_that_could_climb_a_path_or_break_a_header_are_refused() {
        for id in ["", ".", "..", "a b", "a\r\nb", "\0", "a\u{a0}b", "a\u{85}b", "a\u{7f}", &"x".repeat(513)]
        {
            assert!(DlqId::new(id).is_err(), "{id:?}");
            assert!(RunId::new(id).is_err(), "{id:?}");
        }
    }

    #[test]
    fn the_error_names_the_kind_the_fault_and_what_is_accepted_but_not_the_text() {
        let message = RunId::new("secret value").unwrap_err().to_string();
        assert!(message.starts_with("workflow run id contains whitespace"), "{message}");
        assert!(message.contains("accepted are 1 to 512 bytes"), "{message}");
        assert!(!message.contains("secret"), "{message}");
    }

    #[test]
    fn json_ids_pass_the_same_checks() {
        assert_eq!(serde_json::from_str::<DlqId>("\"1-0\"").unwrap(), DlqId::new("1-0").unwrap());
        assert!(serde_json::from_str::<DlqId>("\"..\"").is_err());
        assert_eq!(serde_json::to_string(&RunId::new("wfr_\"").unwrap()).unwrap(), r#""wfr_\"""#);
    }
}
