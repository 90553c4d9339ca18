//! The request headers of a callback, and header maps inside its body.

use crate::json::{Captured, Captures, Field, Keys, Scanner, decode, lossy};

/// The request headers of a callback that matter, as received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallbackHeaders {
    /// `Upstash-Workflow-RunId`. The SDK stores it when the run is triggered, so that the body's id is trusted more.
    pub run_id: Option<String>,
    /// `Upstash-Workflow-Url`: the endpoint of the workflow.
    pub workflow_url: Option<String>,
    /// `Upstash-Message-Id`: the same for every delivery of this callback.
    pub message_id: Option<String>,
    /// `Upstash-Label`: labels of the run, separated by commas.
    pub label: Option<String>,
    /// `Upstash-Retried`: how often the delivery of this callback was retried.
    pub retried: Option<String>,
}

impl CallbackHeaders {
    /// The names of all headers that [`CallbackHeaders::read`] asks for.
    pub const NAMES: [&'static str; 5] = [
        "Upstash-Workflow-RunId",
        "Upstash-Workflow-Url",
        "Upstash-Message-Id",
        "Upstash-Label",
        "Upstash-Retried",
    ];

    /// Takes the headers from `header`, which looks a value up by its name without regard to case.
    pub fn read(header: impl FnMut(&'static str) -> Option<String>) -> Self {
        let [run_id, workflow_url, message_id, label, retried] = Self::NAMES.map(header);
        Self { run_id, workflow_url, message_id, label, retried }
    }
}

/// The wanted headers of a JSON header map, `{"Name": ["value"]}` or `{"Name": "value"}`, that may be cut.
pub(super) struct HeaderMap {
    captures: Captures,
}

impl HeaderMap {
    /// Reads a captured map; anything else than an object is a map without entries.
    pub(super) fn read(map: &Captured, wanted: &'static [Field]) -> Self {
        let mut scanner = Scanner::new(wanted, Keys::AnyCase);
        if let Captured::Value { raw, .. } = map {
            scanner.push(raw);
        }
        Self { captures: scanner.salvage() }
    }

    /// Moves out the values of one header, in their order.
    pub(super) fn take(&mut self, name: &str) -> Vec<String> {
        let Captured::Value { raw, cut: false } = self.captures.take(name) else { return Vec::new() };
        match raw.first() {
            Some(b'"' | b'[') => strings(&raw),
            Some(b'0'..=b'9') => vec![lossy(&raw)],
            _ => Vec::new(),
        }
    }
}

/// The strings of a JSON string or array of strings.
fn strings(mut raw: &[u8]) -> Vec<String> {
    let mut strings = Vec::new();
    while let Some((byte, rest)) = raw.split_first() {
        raw = rest;
        if *byte == b'"' {
            let decoded = decode(raw);
            strings.push(decoded.text);
            raw = raw.get(decoded.len..).unwrap_or_default();
        }
    }
    strings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Over;

    const WANTED: &[Field] = &[
        Field { name: "Retry-After", limit: 16, over: Over::Cut },
        Field { name: "Label", limit: 8, over: Over::Cut },
    ];

    fn take(map: &str, name: &str) -> Vec<String> {
        HeaderMap::read(&Captured::Value { raw: map.into(), cut: true }, WANTED).take(name)
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
