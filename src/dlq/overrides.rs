//! What a resumed or restarted run does differently from its original.

use core::fmt;

use super::answer::long;
use super::pairs::Pairs;
use super::{FlowControl, GoDuration, Labels, RetryDelay};
use crate::{
    http_url::HttpUrl,
    json::{Field, Fields, Object, Table},
    text::{cut, said},
};

/// The settings that resume and restart may override. What is not set is taken over from the original run (source:
/// Upstash Workflow OpenAPI).
///
/// In a policy they are a table with the keys `retries`, `delay`, `retry_delay`, `flow_control` (`key`, `parallelism`,
/// `rate`, `period`), `label` and `failure_callback`.
///
/// `Debug` shows no more of the failure callback than that there is one: addresses of webhooks are often secrets.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Overrides(Pairs);

impl fmt::Debug for Overrides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |name: &str, value| if name == FAILURE_CALLBACK { "…" } else { value };
        f.debug_map().entries(self.headers().iter().map(|(name, value)| (name, shown(name, value)))).finish()
    }
}

/// What is to be checked in the place of a text that may be a template, or what is wrong with it; `None` where templates
/// have no place.
pub(crate) type StandIn = Option<fn(&str) -> Result<String, String>>;

/// The text that is to be checked.
pub(super) fn checkable(
    table: &mut Table<'_>,
    key: &str,
    accepted: &str,
    text: &str,
    stand_in: StandIn,
) -> Option<String> {
    match stand_in {
        Some(stand_in) => table.checked(key, accepted, stand_in(text)),
        None => Some(text.to_owned()),
    }
}

const DELAY: &str = "Upstash-Delay";
const FAILURE_CALLBACK: &str = "Upstash-Failure-Callback";
const FLOW_CONTROL_KEY: &str = "Upstash-Flow-Control-Key";
const FLOW_CONTROL_VALUE: &str = "Upstash-Flow-Control-Value";
const LABEL: &str = "Upstash-Label";
const RETRIES: &str = "Upstash-Retries";
const RETRY_DELAY: &str = "Upstash-Retry-Delay";

/// As they are read back.
const HEADERS: &[Field] = &[
    long(DELAY),
    long(FAILURE_CALLBACK),
    long(FLOW_CONTROL_KEY),
    long(FLOW_CONTROL_VALUE),
    long(LABEL),
    long(RETRIES),
    long(RETRY_DELAY),
];

impl Overrides {
    /// The same with another number of retries of each remaining step (`Upstash-Retries`).
    #[must_use]
    pub fn with_retries(self, retries: u32) -> Self {
        self.with(RETRIES, said(&retries))
    }

    /// The same with another wait before the next step (`Upstash-Delay`), in whole seconds, rounded up.
    #[must_use]
    pub fn with_delay(mut self, delay: impl Into<GoDuration>) -> Self {
        self.set_delay(delay.into());
        self
    }

    /// The same with another delay between retries (`Upstash-Retry-Delay`).
    #[must_use]
    pub fn with_retry_delay(self, retry_delay: RetryDelay) -> Self {
        self.with(RETRY_DELAY, retry_delay.into())
    }

    /// The same with other flow control (`Upstash-Flow-Control-Key` and `-Value`).
    #[must_use]
    pub fn with_flow_control(mut self, flow_control: FlowControl) -> Self {
        self.set_flow_control(flow_control);
        self
    }

    /// The same with other labels (`Upstash-Label`).
    #[must_use]
    pub fn with_labels(self, labels: impl Into<Labels>) -> Self {
        self.with(LABEL, labels.into().into())
    }

    /// The same with another address that a further failure is reported to (`Upstash-Failure-Callback`).
    #[must_use]
    pub fn with_failure_callback(mut self, url: HttpUrl) -> Self {
        self.set_failure_callback(url);
        self
    }

    /// The same in place.
    pub(crate) fn set_failure_callback(&mut self, url: HttpUrl) {
        self.0.set(FAILURE_CALLBACK, url.into());
    }

    /// The same with every unset one taken from `fallback`.
    #[must_use]
    pub fn or(mut self, fallback: &Self) -> Self {
        // The limits of one key are not those of another.
        let is_keyed = self.header(FLOW_CONTROL_KEY).is_some();
        for (name, value) in fallback.headers() {
            if self.header(name).is_none() && !(is_keyed && *name == FLOW_CONTROL_VALUE) {
                self.0.add(name, value.clone());
            }
        }
        self
    }

    /// The wait before the next step, where it is set.
    #[must_use]
    pub fn delay(&self) -> Option<GoDuration> {
        self.header(DELAY).and_then(|delay| GoDuration::parse(delay).ok())
    }

    /// Whether the failure callback is set.
    #[must_use]
    pub fn has_failure_callback(&self) -> bool {
        self.header(FAILURE_CALLBACK).is_some()
    }

    /// What is set under a header, such as `Upstash-Retries`.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.get(name)
    }

    /// The request headers that carry what is set, ordered by name.
    #[must_use]
    pub fn headers(&self) -> &[(&'static str, String)] {
        self.0.as_slice()
    }

    /// Reads a configuration; `name` is what errors call it.
    #[cfg(any(feature = "npm", test))]
    pub(crate) fn from_json(name: &str, json: &str) -> Result<Self, crate::json::TableError> {
        let mut overrides = Self::default();
        Table::read(name, json, &mut |table| overrides.read(table, None))?;
        Ok(overrides)
    }

    /// What is set, as a JSON object from header to value.
    pub(crate) fn to_json(&self) -> String {
        let mut headers = Object::new();
        for (name, value) in self.headers() {
            headers.text(name, value);
        }
        headers.end()
    }

    /// Reads what [`Overrides::to_json`] wrote; `None` for anything else.
    pub(crate) fn from_own_json(json: &[u8]) -> Option<Self> {
        let mut fields = Fields::of(json, HEADERS).ok()?;
        let mut overrides = Self::default();
        for Field { name, .. } in HEADERS {
            if let Some(value) = fields.string(name) {
                overrides.0.set(name, value);
            }
        }
        Some(overrides)
    }

    /// Fills in the templates of labels and flow control key that [`Overrides::read`] has let pass.
    pub(crate) fn fill(&mut self, filled: &dyn Fn(&str) -> String) {
        for name in [LABEL, FLOW_CONTROL_KEY] {
            let Some(template) = self.header(name).filter(|text| cut(text, b'{').is_some()) else { continue };
            let filled = filled(template);
            // Values of different placeholders can be the same label.
            let labels = Labels::parse(&filled).map(String::from);
            self.0.set(name, labels.unwrap_or(filled));
        }
    }

    /// Takes over what a table of a configuration sets. Labels and the flow control key may be templates where
    /// `stand_in` gives another text to check in their place, or says what is wrong; they are kept as they are then.
    pub(crate) fn read(&mut self, table: &mut Table<'_>, stand_in: StandIn) {
        if let Some(retries) = table.number("retries", u32::MAX) {
            self.0.set(RETRIES, said(&retries));
        }
        if let Some(delay) = table.text::<GoDuration>("delay", "a duration such as \"30s\"") {
            self.set_delay(delay);
        }
        let retry_delay = "an expression in milliseconds such as \"1000 * retried\"";
        if let Some(retry_delay) = table.text::<RetryDelay>("retry_delay", retry_delay) {
            self.0.set(RETRY_DELAY, retry_delay.into());
        }
        table.table("flow_control", &mut |table| {
            if let Some(flow_control) = FlowControl::from_table(table, stand_in) {
                self.set_flow_control(flow_control);
            }
        });
        let accepted = "a label or a list of labels";
        if let Some(list) = table.list("label", accepted)
            && let Some(checked) = checkable(table, "label", accepted, &list, stand_in)
            && let Some(labels) = table.parse::<Labels>("label", accepted, &checked)
        {
            self.0.set(LABEL, if checked == list { labels.into() } else { list });
        }
        if let Some(url) = table.text::<HttpUrl>("failure_callback", "an absolute http or https URL") {
            self.0.set(FAILURE_CALLBACK, url.into());
        }
    }

    /// The documented units of a delay end at seconds.
    pub(crate) fn set_delay(&mut self, delay: GoDuration) {
        self.0.set(DELAY, said(&delay.rounded_up_to_secs()));
    }

    /// The same with what is left of a delay; none where nothing is.
    pub(crate) fn set_delay_left(&mut self, delay: GoDuration) {
        if delay.as_millis() == 0 {
            self.0.remove(DELAY);
        } else {
            self.set_delay(delay);
        }
    }

    fn set_flow_control(&mut self, flow_control: FlowControl) {
        self.0.remove(FLOW_CONTROL_VALUE);
        if let Some(value) = flow_control.value {
            self.0.add(FLOW_CONTROL_VALUE, said(&value));
        }
        self.0.set(FLOW_CONTROL_KEY, flow_control.key.into());
    }

    fn with(mut self, header: &'static str, value: String) -> Self {
        self.0.set(header, value);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlq::{FlowControlKey, FlowControlValue};
    use crate::json::TableError;

    fn read(json: &str) -> Result<Overrides, TableError> {
        Overrides::from_json("overrides", json)
    }

    #[test]
    fn all_seven_headers_are_written() {
        let overrides = Overrides::default()
            .with_retries(0)
            .with_delay(core::time::Duration::from_millis(30_001))
            .with_retry_delay(RetryDelay::parse("pow(2, retried) * 1000").unwrap())
            .with_flow_control(FlowControl::new(
                FlowControlKey::new("orders").unwrap(),
                Some(FlowControlValue::parse("rate=5,parallelism=2").unwrap()),
            ))
            .with_labels(Labels::parse("a,b").unwrap())
            .with_failure_callback(HttpUrl::parse("https://redrive.example/?attempt=2").unwrap());
        let headers = overrides.headers();
        let expected = [
            ("Upstash-Delay", "31s"),
            ("Upstash-Failure-Callback", "https://redrive.example/?attempt=2"),
            ("Upstash-Flow-Control-Key", "orders"),
            ("Upstash-Flow-Control-Value", "parallelism=2, rate=5"),
            ("Upstash-Label", "a,b"),
            ("Upstash-Retries", "0"),
            ("Upstash-Retry-Delay", "pow(2, retried) * 1000"),
        ];
        assert_eq!(headers.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>(), expected);
        assert!(Overrides::default().headers().is_empty());
    }

    #[test]
    fn a_settings_table_is_read_in_full() {
        let overrides = read(
            r#"{"retries": 5, "delay": "1h30m", "retry_delay": "1000", "flow_control": {"key": "k", "rate": 1},
                "label": ["a", "b"], "failure_callback": "https://h/"}"#,
        )
        .unwrap();
        let values: Vec<_> = overrides.headers().iter().map(|(_, value)| value).collect();
        assert_eq!(values, ["90m", "https://h/", "k", "rate=1", "a,b", "5", "1000"]);
        assert_eq!(overrides.delay(), Some(GoDuration::from_secs(5400)));
        assert_eq!(read("{}"), Ok(Overrides::default()));
        assert_eq!(read(r#"{"label": "a, b"}"#).unwrap().header("Upstash-Label"), Some("a,b"));
        assert_eq!(read(r#"{"label": ["a, b", "c", "a"]}"#).unwrap().header(LABEL), Some("a,b,c"));
    }

    #[test]
    fn only_what_is_not_set_comes_from_the_fallback() {
        let key = |key: &str, value: Option<&str>| {
            let value = value.map(|value| FlowControlValue::parse(value).unwrap());
            Overrides::default().with_flow_control(FlowControl::new(FlowControlKey::new(key).unwrap(), value))
        };
        let fallback = key("a", Some("rate=1")).with_retries(1).with_delay(GoDuration::from_secs(7));
        assert_eq!(Overrides::default().or(&fallback), fallback);
        let set = Overrides::default().with_retries(2).or(&fallback);
        assert_eq!((set.header(RETRIES), set.header(DELAY)), (Some("2"), Some("7s")));
        assert_eq!(set.header(FLOW_CONTROL_VALUE), Some("rate=1"));
        let keyed = key("b", None).or(&fallback);
        assert_eq!((keyed.header(FLOW_CONTROL_KEY), keyed.header(FLOW_CONTROL_VALUE)), (Some("b"), None));
        // Nor do limits outlive their key where it is replaced.
        let replaced = fallback.with_flow_control(FlowControl::new(FlowControlKey::new("c").unwrap(), None));
        assert_eq!(replaced.header(FLOW_CONTROL_VALUE), None);
    }

    #[test]
    fn errors_name_the_key_what_it_accepts_and_what_was_wrong() {
        for (json, expected) in [
            (r#"{"retries": -1}"#, "retries must be a whole number from 0 to 4294967295: not this number"),
            (r#"{"retries": "3"}"#, "retries must be a whole number from 0 to 4294967295: not a text"),
            (r#"{"delay": "30"}"#, "delay must be a duration such as \"30s\": missing unit"),
            (r#"{"delay": 30}"#, "delay must be a duration such as \"30s\": not this number"),
            (r#"{"retry_delay": "2 ** 3"}"#, "retry_delay must be an expression in milliseconds"),
            (r#"{"flow_control": {"key": "a", "rate": 0}}"#, "flow_control.key: bad flow control rate"),
            (r#"{"flow_control": {"rate": 1}}"#, "flow_control.key is missing; it must be a text of letters"),
            (r#"{"flow_control": {"key": "a b"}}"#, "flow_control.key must be a text of letters"),
            (
                r#"{"flow_control": {"key": "a", "limit": 1}}"#,
                "flow_control.limit is unknown; accepted are key",
            ),
            (
                r#"{"label": "a b"}"#,
                "label must be a label or a list of labels: bad label; accepted are 1 to 256",
            ),
            (r#"{"label": []}"#, "label must be a label or a list of labels: an empty list"),
            (r#"{"failure_callback": "/x"}"#, "failure_callback must be an absolute http or https URL: "),
            (r#"{"retries": 1, "retries": 2}"#, "retries is given twice"),
            (r#"{"retryDelay": "1"}"#, "retryDelay is unknown; accepted are retries, delay, retry_delay"),
            ("[]", "overrides must be a table"),
        ] {
            let TableError(message) = read(json).unwrap_err();
            assert!(message.contains(expected), "{json}: {message}");
        }
    }
}
