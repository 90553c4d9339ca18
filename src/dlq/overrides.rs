//! What a resumed or restarted run does differently from its original.

use core::fmt;

use super::{FlowControl, GoDuration, Labels, RetryDelay};
use crate::{
    http_url::HttpUrl,
    json::{Table, TableError},
};

/// The settings that resume and restart may override. What is not set is taken over from the original run (source:
/// Upstash Workflow OpenAPI).
///
/// In a policy they are a table with the keys `retries`, `delay`, `retry_delay`, `flow_control` (`key`, `parallelism`,
/// `rate`, `period`), `label` and `failure_callback`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Overrides {
    /// Retries of each remaining step (`Upstash-Retries`). Default: as in the original run.
    pub retries: Option<u32>,
    /// The wait before the next step (`Upstash-Delay`), sent in whole seconds, rounded up. Default: none.
    pub delay: Option<GoDuration>,
    /// The delay between retries (`Upstash-Retry-Delay`). Default: as in the original run.
    pub retry_delay: Option<RetryDelay>,
    /// Flow control (`Upstash-Flow-Control-Key` and `-Value`). Default: as in the original run.
    pub flow_control: Option<FlowControl>,
    /// Labels of the new run (`Upstash-Label`). Default: as in the original run.
    pub labels: Option<Labels>,
    /// Where a further failure is reported (`Upstash-Failure-Callback`). Default: as in the original run.
    pub failure_callback: Option<HttpUrl>,
}

impl Overrides {
    /// The same with another number of retries.
    #[must_use]
    pub const fn with_retries(mut self, retries: u32) -> Self {
        self.retries = Some(retries);
        self
    }

    /// The same with another wait before the next step.
    #[must_use]
    pub fn with_delay(mut self, delay: impl Into<GoDuration>) -> Self {
        self.delay = Some(delay.into());
        self
    }

    /// The same with another delay between retries.
    #[must_use]
    pub fn with_retry_delay(mut self, retry_delay: RetryDelay) -> Self {
        self.retry_delay = Some(retry_delay);
        self
    }

    /// The same with other flow control.
    #[must_use]
    pub fn with_flow_control(mut self, flow_control: FlowControl) -> Self {
        self.flow_control = Some(flow_control);
        self
    }

    /// The same with other labels.
    #[must_use]
    pub fn with_labels(mut self, labels: impl Into<Labels>) -> Self {
        self.labels = Some(labels.into());
        self
    }

    /// The same with another failure callback.
    #[must_use]
    pub fn with_failure_callback(mut self, url: HttpUrl) -> Self {
        self.failure_callback = Some(url);
        self
    }

    /// The same with every unset one taken from `fallback`.
    #[must_use]
    pub fn or(self, fallback: &Self) -> Self {
        Self {
            retries: self.retries.or(fallback.retries),
            delay: self.delay.or(fallback.delay),
            retry_delay: self.retry_delay.or_else(|| fallback.retry_delay.clone()),
            flow_control: self.flow_control.or_else(|| fallback.flow_control.clone()),
            labels: self.labels.or_else(|| fallback.labels.clone()),
            failure_callback: self.failure_callback.or_else(|| fallback.failure_callback.clone()),
        }
    }

    /// Reads a table of a configuration.
    pub(crate) fn from_table(mut table: Table<'_>) -> Result<Self, TableError> {
        let overrides = Self {
            retries: table.number("retries", u32::MAX)?,
            delay: table.text("delay", "a duration such as \"30s\"")?,
            retry_delay: table
                .text("retry_delay", "an expression in milliseconds such as \"1000 * retried\"")?,
            flow_control: FlowControl::from_table(table.table("flow_control")?)?,
            labels: {
                let lists: Vec<Labels> = table.one_or_many("label", "a label or a list of labels")?;
                let labels = lists.iter().flat_map(Labels::iter).cloned();
                let labels = (!lists.is_empty()).then(|| Labels::new(labels));
                labels.transpose().map_err(|error| table.refused("label", &error))?
            },
            failure_callback: table.text("failure_callback", "an absolute http or https URL")?,
        };
        table.end()?;
        Ok(overrides)
    }

    /// The request headers that carry what is set.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = Vec::new();
        let mut push = |name, value: Option<&dyn fmt::Display>| {
            if let Some(value) = value {
                headers.push((name, value.to_string()));
            }
        };
        // The documented units of a delay end at seconds.
        let delay = self.delay.map(GoDuration::rounded_up_to_secs);
        let flow_control = self.flow_control.as_ref();
        push("Upstash-Retries", self.retries.as_ref().map(|value| value as _));
        push("Upstash-Delay", delay.as_ref().map(|value| value as _));
        push("Upstash-Retry-Delay", self.retry_delay.as_ref().map(|value| value as _));
        push("Upstash-Flow-Control-Key", flow_control.map(|value| &value.key as _));
        push(
            "Upstash-Flow-Control-Value",
            flow_control.and_then(|value| value.value.as_ref()).map(|value| value as _),
        );
        push("Upstash-Label", self.labels.as_ref().map(|value| value as _));
        push("Upstash-Failure-Callback", self.failure_callback.as_ref().map(|value| value as _));
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlq::{FlowControlKey, FlowControlValue};

    fn read(json: &str) -> Result<Overrides, TableError> {
        Overrides::from_table(Table::parse("overrides", json)?)
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
            ("Upstash-Retries", "0"),
            ("Upstash-Delay", "31s"),
            ("Upstash-Retry-Delay", "pow(2, retried) * 1000"),
            ("Upstash-Flow-Control-Key", "orders"),
            ("Upstash-Flow-Control-Value", "parallelism=2, rate=5"),
            ("Upstash-Label", "a,b"),
            ("Upstash-Failure-Callback", "https://redrive.example/?attempt=2"),
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
        let names: Vec<_> = overrides.headers().into_iter().map(|(_, value)| value).collect();
        assert_eq!(names, ["5", "90m", "1000", "k", "rate=1", "a,b", "https://h/"]);
        assert_eq!(read("{}"), Ok(Overrides::default()));
        assert_eq!(read(r#"{"label": "a, b"}"#).unwrap().labels, Some(Labels::parse("a,b").unwrap()));
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
