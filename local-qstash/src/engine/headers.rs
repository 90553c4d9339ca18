//! HTTP header fields as the engine keeps them: names in canonical form, values in order.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

/// A case-insensitive multimap of header fields.
///
/// Names are kept in the canonical form that QStash reports (`upstash-workflow-runid` becomes `Upstash-Workflow-Runid`).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(BTreeMap<String, Vec<String>>);

impl Headers {
    /// No fields.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Sets a field, replacing every value it had.
    pub fn insert(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(canonical(name), vec![value.into()]);
    }

    /// Adds a value to a field.
    pub fn append(&mut self, name: &str, value: impl Into<String>) {
        self.0.entry(canonical(name)).or_default().push(value.into());
    }

    /// The first value of a field.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.get(&canonical(name)).and_then(|values| values.first()).map(String::as_str)
    }

    /// Whether the first value of a field is `true`, in any case.
    #[must_use]
    pub fn is_true(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Drops a field.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(&canonical(name));
    }

    /// Every name and value, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .flat_map(|(name, values)| values.iter().map(move |value| (name.as_str(), value.as_str())))
    }

    /// Takes over every field of `other`, replacing fields of the same name.
    pub fn merge(&mut self, other: &Self) {
        for (name, values) in &other.0 {
            self.0.insert(name.clone(), values.clone());
        }
    }

    /// The fields whose name begins with `prefix`, with the prefix replaced by `replacement`.
    pub(crate) fn rebased(&self, prefix: &str, replacement: &str) -> Self {
        let mut rebased = Self::new();
        for (name, values) in &self.0 {
            let rest = name.get(..prefix.len()).filter(|head| head.eq_ignore_ascii_case(prefix));
            if let Some(rest) = rest.and_then(|_| name.get(prefix.len()..)).filter(|rest| !rest.is_empty()) {
                rebased.0.insert(canonical(&format!("{replacement}{rest}")), values.clone());
            }
        }
        rebased
    }

    /// Keeps the fields whose name satisfies `keep`.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.0.retain(|name, _| keep(name));
    }

    /// `{"Name": ["value", …]}`, the form of the DLQ and of callbacks.
    pub(crate) fn to_lists(&self) -> Value {
        self.0.iter().map(|(name, values)| (name.clone(), Value::from(values.clone()))).collect()
    }

    /// `{"Name": "value"}`, the form that some documentation samples show.
    pub(crate) fn to_strings(&self) -> Value {
        self.0.iter().map(|(name, values)| (name.clone(), Value::from(values.join(", ")))).collect()
    }
}

/// Names only: values may be tokens.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl<N: AsRef<str>, V: Into<String>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        let mut headers = Self::new();
        for (name, value) in fields {
            headers.append(name.as_ref(), value);
        }
        headers
    }
}

fn canonical(name: &str) -> String {
    let mut at_start = true;
    name.chars()
        .map(|c| {
            let written = if at_start { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
            at_start = c == '-';
            written
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Headers;

    #[test]
    fn names_match_in_any_case_and_are_reported_in_canonical_form() {
        let headers: Headers = [("upstash-workflow-RunId", "wfr_1")].into_iter().collect();

        assert_eq!(headers.value("UPSTASH-WORKFLOW-RUNID"), Some("wfr_1"));
        assert_eq!(headers.to_lists().to_string(), r#"{"Upstash-Workflow-Runid":["wfr_1"]}"#);
    }

    #[test]
    fn rebasing_takes_only_names_that_go_on_after_the_prefix() {
        let headers: Headers = [("Upstash-Failure-Callback", "u"), ("upstash-failure-callback-retries", "2")]
            .into_iter()
            .collect();

        let rebased = headers.rebased("Upstash-Failure-Callback-", "Upstash-");

        assert_eq!(rebased.iter().collect::<Vec<_>>(), [("Upstash-Retries", "2")]);
    }
}
