//! What happened, in order, for people and for tests.

use serde_json::{Map, Value};

use super::time::Timestamp;

/// An append-only record of events `{seq, at, kind, …}`.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    events: Vec<Value>,
}

impl Timeline {
    /// Records an event; `fields` must be a JSON object.
    pub(crate) fn record(&mut self, now: Timestamp, kind: &str, fields: Value) {
        let mut event = Map::new();
        event.insert("seq".to_owned(), (self.events.len() + 1).into());
        event.insert("at".to_owned(), now.millis().into());
        event.insert("kind".to_owned(), kind.into());
        if let Value::Object(fields) = fields {
            event.extend(fields.into_iter().filter(|(_, value)| !value.is_null()));
        }
        self.events.push(event.into());
    }

    /// The events whose `seq` is greater than `after`.
    pub(crate) fn after(&self, after: usize) -> &[Value] {
        self.events.get(after.min(self.events.len())..).unwrap_or_default()
    }
}
