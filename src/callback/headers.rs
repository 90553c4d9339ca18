//! The request headers of a callback, and header maps inside its body.

use crate::json::{Captured, Field, Keys, Over, Scanner, decode, lossy};

/// The SDK stores it when the run is triggered, so that the body's id is trusted more.
pub(super) const RUN_ID: &str = "Upstash-Workflow-RunId";
/// The endpoint of the workflow.
pub(super) const WORKFLOW_URL: &str = "Upstash-Workflow-Url";
/// The same for every delivery of this callback.
pub(super) const MESSAGE_ID: &str = "Upstash-Message-Id";
/// Labels of the run, separated by commas.
pub(super) const LABEL: &str = "Upstash-Label";
/// Where the account lives that the run is of.
pub(super) const REGION: &str = "Upstash-Region";
/// How often the delivery of this callback was retried.
pub(super) const RETRIED: &str = "Upstash-Retried";

/// The headers of a request that are read.
const REQUEST_HEADERS: &[Field] = &[
    header(RUN_ID),
    header(WORKFLOW_URL),
    header(MESSAGE_ID),
    header(LABEL),
    header(RETRIED),
    header(REGION),
];

pub(super) const fn header(name: &'static str) -> Field {
    Field { name, limit: 8 * 1024, over: Over::Cut }
}

/// The headers of a callback that matter, as received: a name for each value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallbackHeaders(pub(super) Vec<(&'static str, String)>);

impl CallbackHeaders {
    /// The names of all headers that [`CallbackHeaders::read`] asks for.
    pub const NAMES: [&'static str; 6] = [RUN_ID, WORKFLOW_URL, MESSAGE_ID, LABEL, RETRIED, REGION];

    /// Takes the headers of the request from `header`, which looks a value up by its name without regard to case.
    pub fn read(mut header: impl FnMut(&'static str) -> Option<String>) -> Self {
        let mut headers = Vec::new();
        for &name in &Self::NAMES {
            if let Some(value) = header(name) {
                headers.push((name, value));
            }
        }
        Self(headers)
    }

    /// The same from a JSON object of names and values, or lists of values; anything else is one without entries.
    pub(crate) fn of_map(map: Vec<u8>) -> Self {
        let mut headers = Self::default();
        headers.add(&Captured::Value { raw: map, cut: false }, REQUEST_HEADERS);
        headers
    }

    /// The first value of a header; empty where there is none.
    pub(super) fn value(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    /// Adds the wanted headers of a JSON header map, `{"Name": ["value"]}` or `{"Name": "value"}`, that may be cut;
    /// anything else than an object is a map without entries.
    pub(super) fn add(&mut self, map: &Captured, wanted: &'static [Field]) {
        let Captured::Value { raw, .. } = map else { return };
        let mut scanner = Scanner::new(wanted, Keys::AnyCase);
        scanner.push(raw);
        let mut captures = scanner.salvage();
        for field in wanted {
            if let Captured::Value { raw, cut: false } = captures.take(field.name) {
                self.add_values(field.name, &raw);
            }
        }
    }

    /// Adds the strings of a JSON string or array of strings, or a number.
    fn add_values(&mut self, name: &'static str, mut raw: &[u8]) {
        match raw.first() {
            Some(b'"' | b'[') => {}
            Some(b'0'..=b'9') => return self.0.push((name, lossy(raw))),
            _ => return,
        }
        while let Some((byte, rest)) = raw.split_first() {
            raw = rest;
            if *byte == b'"' {
                let decoded = decode(raw);
                self.0.push((name, decoded.text));
                raw = raw.get(decoded.len..).unwrap_or_default();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: &[Field] = &[
        Field { name: "Retry-After", limit: 16, over: Over::Cut },
        Field { name: "Label", limit: 8, over: Over::Cut },
    ];

    fn take(map: &str, name: &str) -> Vec<String> {
        let mut headers = CallbackHeaders::default();
        headers.add(&Captured::Value { raw: map.into(), cut: true }, WANTED);
        headers.0.into_iter().filter(|(known, _)| *known == name).map(|(_, value)| value).collect()
    }

    #[test]
    fn a_value_counts_whole_or_not_at_all() {
        assert_eq!(take(r#"{"label":["a"],"retry-after":["12","3"]"#, "Retry-After"), ["12", "3"]);
        assert_eq!(take(r#"{"label":["a"],"retry-after":["12","3"#, "Label"), ["a"]);
        for cut in [
            r#"{"retry-after":["12","3"#,
            r#"{"retry-after":"12"#,
            r#"{"retry-after":12"#,
            r#"{"retry-after":"#,
        ] {
            assert!(take(cut, "Retry-After").is_empty(), "{cut}");
        }
        assert!(take(r#"{"label":["a","b","c"]}"#, "Label").is_empty());
    }
}
