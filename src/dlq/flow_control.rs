//! Flow control: how many deliveries of one key may run at once or start per period.

use core::str::FromStr;
use core::time::Duration;

use super::duration::{GoDuration, InvalidDurationError};
use super::label::is_name;
use super::overrides::{StandIn, checkable};
use crate::text::Say;
use crate::{json::Table, text, time::decimal};

/// The longest accepted flow control key, in bytes.
pub const MAX_FLOW_CONTROL_KEY_BYTES: usize = 256;

/// The longest period (source: QStash documentation, "Flow Control").
const MAX_PERIOD_MILLIS: u64 = 7 * 24 * 3_600_000;

/// A flow control override: the key, and the limits where they are to change too.
///
/// Deserializes from a table `{ key, parallelism, rate, period }`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct FlowControl {
    /// Deliveries with the same key share their limits.
    pub key: FlowControlKey,
    /// The limits. Default: none sent, so that the run keeps its own.
    pub value: Option<FlowControlValue>,
}

impl FlowControl {
    /// A key with limits, or one that leaves the limits to the run.
    #[must_use]
    pub const fn new(key: FlowControlKey, value: Option<FlowControlValue>) -> Self {
        Self { key, value }
    }

    /// Reads a table of a configuration; an empty one is none. The key may be a template, in the place of which the
    /// stand-in is checked.
    pub(crate) fn from_table(table: &mut Table<'_>, stand_in: StandIn) -> Option<Self> {
        if table.is_empty() {
            return None;
        }
        let accepted = "a text of letters, digits, `-`, `_` and `.`";
        let key = table.required::<String>("key", accepted).filter(|key| {
            checkable(table, "key", accepted, key, stand_in)
                .is_some_and(|checked| table.parse::<FlowControlKey>("key", accepted, &checked).is_some())
        });
        let parallelism = table.number("parallelism", u32::MAX);
        let rate = table.number("rate", u32::MAX);
        let period = table.text("period", "a duration such as \"1m\"");
        let mut value = None;
        if parallelism.is_some() || rate.is_some() || period.is_some() {
            match FlowControlValue::new(parallelism, rate, period) {
                Ok(limits) => value = Some(limits),
                Err(error) => table.refuse("key", &[": ", error.as_str()]),
            }
        }
        Some(Self { key: FlowControlKey(key?), value })
    }
}

/// A flow control key: letters, digits, `-`, `_` and `.`, the alphabet that the official SDK checks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowControlKey(String);

impl FlowControlKey {
    /// Accepts 1 to [`MAX_FLOW_CONTROL_KEY_BYTES`] characters of the alphabet above, except `.` and `..`, which would
    /// climb a path whether percent-encoded or not.
    pub fn new(key: impl Into<String>) -> Result<Self, InvalidFlowControlError> {
        let key = key.into();
        if is_name(&key, MAX_FLOW_CONTROL_KEY_BYTES) && !matches!(key.as_str(), "." | "..") {
            Ok(Self(key))
        } else {
            Err(InvalidFlowControlError::Key)
        }
    }

    /// The key as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for FlowControlKey {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for FlowControlKey {
    type Err = InvalidFlowControlError;

    fn from_str(key: &str) -> Result<Self, Self::Err> {
        Self::new(key)
    }
}

impl Say for FlowControlKey {
    fn say(&self, text: &mut String) {
        text.push_str(&self.0);
    }
}

display!(FlowControlKey);

impl From<FlowControlKey> for String {
    fn from(key: FlowControlKey) -> Self {
        key.0
    }
}

/// Flow control limits; `Display` and `parse` speak `parallelism=3, rate=10, period=1m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FlowControlValue {
    parallelism: Option<u32>,
    rate: Option<u32>,
    period: Option<GoDuration>,
}

impl FlowControlValue {
    /// Accepts at least one of `parallelism` (deliveries at once) and `rate` (starts per period), each 1 or more.
    /// A `period` goes with a rate only and is a whole number of seconds up to 7 days; QStash takes 1 s without it.
    pub fn new(
        parallelism: Option<u32>,
        rate: Option<u32>,
        period: Option<GoDuration>,
    ) -> Result<Self, InvalidFlowControlError> {
        if parallelism == Some(0) {
            return Err(InvalidFlowControlError::Parallelism);
        }
        if rate == Some(0) {
            return Err(InvalidFlowControlError::Rate);
        }
        if parallelism.is_none() && rate.is_none() {
            return Err(InvalidFlowControlError::NoLimit);
        }
        if let Some(period) = period {
            let millis = period.as_millis();
            if rate.is_none() {
                return Err(InvalidFlowControlError::PeriodWithoutRate);
            }
            if !(1000..=MAX_PERIOD_MILLIS).contains(&millis) || !millis.is_multiple_of(1000) {
                return Err(InvalidFlowControlError::Period);
            }
        }
        Ok(Self { parallelism, rate, period })
    }

    /// Reads `name=value` pairs separated by commas, in any order. A period without a unit is in seconds, as QStash
    /// itself writes it in `Upstash-Flow-Control-Value`.
    pub fn parse(text: &str) -> Result<Self, InvalidFlowControlError> {
        let (mut parallelism, mut rate, mut period) = (None, None, None);
        for pair in text::parts(text, b',') {
            let (name, value) = text::cut(pair, b'=').ok_or(InvalidFlowControlError::Syntax)?;
            let value = value.trim_ascii();
            let repeated = match name.trim_ascii() {
                "parallelism" => {
                    parallelism.replace(count(value).ok_or(InvalidFlowControlError::Parallelism)?).is_some()
                }
                "rate" => rate.replace(count(value).ok_or(InvalidFlowControlError::Rate)?).is_some(),
                "period" => period.replace(parse_period(value)?).is_some(),
                _ => return Err(InvalidFlowControlError::Syntax),
            };
            if repeated {
                return Err(InvalidFlowControlError::Syntax);
            }
        }
        Self::new(parallelism, rate, period)
    }

    /// How many deliveries may be under way at once.
    #[must_use]
    pub const fn parallelism(&self) -> Option<u32> {
        self.parallelism
    }

    /// How many deliveries may start per period.
    #[must_use]
    pub const fn rate(&self) -> Option<u32> {
        self.rate
    }

    /// The period of the rate. QStash takes 1 s where there is none.
    #[must_use]
    pub fn period(&self) -> Option<Duration> {
        self.period.map(GoDuration::as_duration)
    }
}

impl Say for FlowControlValue {
    fn say(&self, text: &mut String) {
        let mut separator = "";
        for (name, limit) in [("parallelism=", self.parallelism), ("rate=", self.rate)] {
            if let Some(limit) = limit {
                text.push_str(separator);
                text.push_str(name);
                limit.say(text);
                separator = ", ";
            }
        }
        if let Some(period) = &self.period {
            text.push_str(", period=");
            period.say(text);
        }
    }
}

display!(FlowControlValue);

impl FromStr for FlowControlValue {
    type Err = InvalidFlowControlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// Why something is no [`FlowControl`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidFlowControlError {
    /// The key is empty, too long, a relative path segment or has a character outside the alphabet.
    Key,
    /// Neither parallelism nor rate.
    NoLimit,
    /// Parallelism is no number from 1.
    Parallelism,
    /// The period is no whole number of seconds up to 7 days.
    Period,
    /// A period without a rate limits nothing.
    PeriodWithoutRate,
    /// Rate is no number from 1.
    Rate,
    /// Not `name=value` pairs, an unknown name, or a name twice.
    Syntax,
}

impl InvalidFlowControlError {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Key => {
                "bad flow control key; accepted are 1 to 256 letters, digits, `-`, `_` and `.`, except `.` and `..`"
            }
            Self::NoLimit => "flow control value without a limit; accepted are parallelism, rate or both",
            Self::Parallelism => {
                "bad flow control parallelism; accepted are whole numbers from 1 to 4294967295"
            }
            Self::Period => "bad flow control period; accepted are whole seconds from `1s` to `7d`",
            Self::PeriodWithoutRate => {
                "flow control period without a rate; accepted is a period together with a rate"
            }
            Self::Rate => "bad flow control rate; accepted are whole numbers from 1 to 4294967295",
            Self::Syntax => {
                "bad flow control value; accepted are parallelism, rate and period, each at most once, such as \
                 `parallelism=3, rate=10, period=1m`"
            }
        }
    }
}

impl Say for InvalidFlowControlError {
    fn say(&self, text: &mut String) {
        text.push_str(self.as_str());
    }
}

display!(InvalidFlowControlError);

impl core::error::Error for InvalidFlowControlError {}

/// A number; zero is left to the caller's checks.
fn count(text: &str) -> Option<u32> {
    decimal(text).and_then(|count| u32::try_from(count).ok())
}

fn parse_period(text: &str) -> Result<GoDuration, InvalidFlowControlError> {
    match GoDuration::parse(text) {
        Err(InvalidDurationError::MissingUnit) => {
            decimal(text).map(GoDuration::from_secs).ok_or(InvalidFlowControlError::Period)
        }
        parsed => parsed.map_err(|_| InvalidFlowControlError::Period),
    }
}

#[cfg(test)]
mod tests {
    use InvalidFlowControlError::{Key, NoLimit, Parallelism, Period, PeriodWithoutRate, Rate, Syntax};
    use proptest::prelude::*;

    use super::*;
    use crate::json::TableError;

    #[test]
    fn values_are_written_as_the_service_documents_them() {
        let minute = Some(GoDuration::from_secs(60));
        let written = |p, r, t| FlowControlValue::new(p, r, t).unwrap().to_string();
        assert_eq!(written(Some(3), Some(10), minute), "parallelism=3, rate=10, period=1m");
        assert_eq!(written(Some(1), None, None), "parallelism=1");
        assert_eq!(written(None, Some(5), None), "rate=5");
    }

    #[test]
    fn values_are_read_in_any_order_and_spacing() {
        let value = FlowControlValue::new(Some(3), Some(10), Some(GoDuration::from_secs(60))).unwrap();
        for text in [
            "parallelism=3, rate=10, period=1m",
            "period=60,rate=10,parallelism=3",
            " rate = 10 ,period=60s,parallelism=3",
        ] {
            assert_eq!(FlowControlValue::parse(text), Ok(value), "{text}");
        }
        assert_eq!(value.period(), Some(Duration::from_mins(1)));
    }

    #[test]
    fn values_without_effect_or_sense_are_refused() {
        for (text, error) in [
            ("", Syntax),
            ("rate", Syntax),
            ("rate=1,", Syntax),
            ("rate=1, rate=1", Syntax),
            ("burst=1", Syntax),
            ("Rate=1", Syntax),
            ("rate=0", Rate),
            ("rate=-1", Rate),
            ("rate=+1", Rate),
            ("rate=4294967296", Rate),
            ("parallelism=0", Parallelism),
            ("parallelism=", Parallelism),
            ("period=1m", NoLimit),
            ("parallelism=1, period=1m", PeriodWithoutRate),
            ("rate=1, period=0s", Period),
            ("rate=1, period=1500ms", Period),
            ("rate=1, period=169h", Period),
            ("rate=1, period=x", Period),
        ] {
            assert_eq!(FlowControlValue::parse(text), Err(error), "{text:?}");
        }
        assert!(FlowControlValue::parse("rate=1, period=7d").is_ok());
    }

    #[test]
    fn keys_keep_to_the_alphabet() {
        assert!(FlowControlKey::new("redrive.orders_v2-eu").is_ok());
        for key in ["", "a b", "a,b", "a\n", "ключ", ".", "..", &"k".repeat(257)] {
            assert_eq!(FlowControlKey::new(key), Err(Key), "{key:?}");
        }
    }

    #[test]
    fn a_table_gives_a_key_with_or_without_limits() {
        let read = |json| {
            let mut read = None;
            let table =
                Table::read("flow_control", json, &mut |table| read = FlowControl::from_table(table, None));
            table.map(|()| read)
        };
        assert_eq!(read("{}"), Ok(None));
        assert_eq!(read(r#"{"key": "a"}"#).unwrap().unwrap().value, None);
        let full = read(r#"{"key": "a", "parallelism": 2, "rate": 5, "period": "1m"}"#).unwrap().unwrap();
        assert_eq!(full.value.unwrap().to_string(), "parallelism=2, rate=5, period=1m");
        let TableError(message) = read(r#"{"key": "a", "period": "1m"}"#).unwrap_err();
        assert!(message.contains("accepted are parallelism, rate or both"), "{message}");
    }

    proptest! {
        #[test]
        fn written_values_read_back_as_themselves(
            parallelism in proptest::option::of(1..=u32::MAX),
            rate in 1..=u32::MAX,
            period in proptest::option::of(1_u64..=604_800),
        ) {
            let value = FlowControlValue::new(parallelism, Some(rate), period.map(GoDuration::from_secs)).unwrap();
            prop_assert_eq!(FlowControlValue::parse(&value.to_string()), Ok(value));
        }

        #[test]
        fn reading_never_panics(text in "((parallelism|rate|period)? ?=? ?[0-9a-z+-]{0,4},?){0,4}|\\PC{0,40}") {
            let _ = FlowControlValue::parse(&text);
        }
    }
}
