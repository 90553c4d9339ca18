//! Every API request that arrived, for tests: without its token and without its body.

use serde_json::{Map, Value, json};

use crate::engine::{Authorization, Engine, Request, Timestamp};

/// A request as it is remembered, until its answer is known.
pub(super) struct Seen(Map<String, Value>);

impl Seen {
    pub(super) fn of(engine: &Engine, request: &Request, now: Timestamp) -> Self {
        let authorization = match engine.authorization(request) {
            Authorization::Absent => "absent",
            Authorization::Present => "present",
            Authorization::Wrong => "wrong",
        };
        let mut headers: Map<String, Value> = request
            .headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), Value::from(value)))
            .collect();
        headers.insert("authorization".to_owned(), authorization.into());
        let query: Vec<&str> =
            request.query.split('&').filter(|pair| !pair.starts_with("qstash_token=")).collect();
        let fields = json!({
            "at": now,
            "method": request.method,
            "path": request.path,
            "query": query.join("&"),
            "headers": headers,
            "bodySize": request.body.len(),
        });
        Self(if let Value::Object(fields) = fields { fields } else { Map::new() })
    }
}

#[derive(Debug, Default)]
pub(super) struct Requests(Vec<Value>);

impl Requests {
    /// Remembers a request with the status of its answer; `None` where the connection was dropped.
    pub(super) fn push(&mut self, seen: Seen, status: Option<u16>) {
        let mut fields = seen.0;
        fields.insert("seq".to_owned(), (self.0.len() + 1).into());
        fields.insert("status".to_owned(), status.into());
        self.0.push(fields.into());
    }

    /// The requests whose `seq` is greater than `after`.
    pub(super) fn after(&self, after: usize) -> &[Value] {
        self.0.get(after.min(self.0.len())..).unwrap_or_default()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
