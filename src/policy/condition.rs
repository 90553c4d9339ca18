//! Which failures a rule is for.

use super::{
    Facts,
    key::{KEYS, Key},
    value::Value,
};
use crate::text::Say;

/// Which failures a rule is for: every key that is set must match, and a key with several values matches if one of
/// them does. With no key set it matches every failure.
///
/// | key | values |
/// |---|---|
/// | `status` | the HTTP status of the last delivery: `503`, `5xx`, `500-504`, `unreachable` |
/// | `class` | a [`FailureClass`](super::FailureClass) by its name |
/// | `region` | the region that the callback came from: `eu-central-1`, `us-east-1`, `none` |
/// | `attempt` | the resumes and restarts that led to the run: `3`, `3-` for three or more, `0-2` |
/// | `age` | the time since the lineage's first failure: `>1h`, `<10m`, `10m-1h` |
/// | `url` | the workflow's URL; `*` stands for any characters |
/// | `label` | a label of the run; `*` stands for any characters |
/// | `error` | the name of the error that was thrown, such as `TimeoutError`; `*` stands for any characters |
/// | `step` | the name of the step that failed, which recent SDKs report; `*` stands for any characters |
/// | `fingerprint` | the failure's [`fingerprint`](super::fingerprint()), as log lines have it |
/// | `message` | text that the error message contains |
/// | `regex` | a [`Regex`](super::Regex) that is found in the error message |
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Condition {
    /// Values of one key stand beside each other; the keys stand in the order in which they are asked.
    tests: Vec<(Key, Value)>,
}

impl Condition {
    /// The same for failures that also have this value under a key, or one of those that the key has already.
    ///
    /// ```
    /// use workflow_redrive::policy::Condition;
    ///
    /// let condition = Condition::default().with("status", "5xx")?.with("status", "429")?.with("label", "shop-*")?;
    /// assert!(Condition::default().with("colour", "red").is_err());
    /// # Ok::<(), workflow_redrive::policy::ConditionError>(())
    /// ```
    pub fn with(mut self, key: &str, value: &str) -> Result<Self, ConditionError> {
        let key = KEYS.iter().find(|known| known.name() == key).ok_or_else(|| {
            let mut message = String::from("no such key; accepted are");
            for key in KEYS {
                message.push(' ');
                message.push_str(key.name());
            }
            ConditionError(message)
        })?;
        self.add(*key, key.read(value).map_err(ConditionError)?);
        Ok(self)
    }

    pub(super) fn add(&mut self, key: Key, value: Value) {
        // From the end, where the next value belongs if they come in order.
        let before = self.tests.iter().rposition(|(other, _)| *other <= key);
        let at = before.map_or(0, |before| before + 1);
        self.tests.insert(at, (key, value));
    }

    /// Whether this failure is one of those.
    #[must_use]
    pub fn matches(&self, facts: &Facts<'_>) -> bool {
        self.failing(facts).is_none()
    }

    /// The first key that does not match.
    pub(super) fn failing(&self, facts: &Facts<'_>) -> Option<Key> {
        self.keys().find(|key| {
            let fact = facts.of(*key);
            !self.values(*key).any(|value| value.takes(&fact))
        })
    }

    /// Whether every failure that the other is for is one of these. A `false` may be wrong: it means that this cannot be
    /// told key by key.
    pub(super) fn covers(&self, other: &Self) -> bool {
        /// More values are not worth the time.
        const LIMIT: usize = 10_000;
        if self.tests.len().saturating_mul(other.tests.len()) > LIMIT {
            return false;
        }
        self.keys().all(|key| {
            let mut theirs = other.values(key).peekable();
            theirs.peek().is_some() && theirs.all(|their| self.values(key).any(|our| our.covers(their)))
        })
    }

    /// The keys that are asked for.
    fn keys(&self) -> impl Iterator<Item = Key> {
        KEYS.iter().copied().filter(|key| self.tests.iter().any(|(other, _)| other == key))
    }

    fn values(&self, key: Key) -> impl Iterator<Item = &Value> {
        self.tests.iter().filter(move |(other, _)| *other == key).map(|(_, value)| value)
    }
}

/// A key that there is not, or a value that it does not take. The message names what is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionError(String);

impl Say for ConditionError {
    fn say(&self, text: &mut String) {
        text.push_str(&self.0);
    }
}

display!(ConditionError);

impl core::error::Error for ConditionError {}
