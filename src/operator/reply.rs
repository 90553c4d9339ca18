//! What the operator is told.

use core::fmt;

/// An HTTP answer as a value. `Debug` leaves the body out, which may hold payloads.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperatorReply {
    /// The HTTP status.
    pub status: u16,
    /// Headers by their names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// JSON; empty where there is no body.
    pub body: Vec<u8>,
}

impl fmt::Debug for OperatorReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperatorReply")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

impl OperatorReply {
    /// An error in QStash's shape, which the official SDK shows: `{"error": "…"}`.
    #[must_use]
    pub fn error(status: u16, message: &str) -> Self {
        let mut body = b"{".to_vec();
        push_text(&mut body, "error", message);
        body.push(b'}');
        Self::json(status, body)
    }

    /// 200 with a text of a type.
    pub(crate) fn plain(content_type: &str, text: String) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", content_type.to_owned())],
            body: text.into_bytes(),
        }
    }

    pub(crate) fn json(status: u16, body: Vec<u8>) -> Self {
        Self { status, headers: vec![("content-type", "application/json".to_owned())], body }
    }

    pub(crate) fn method_not_allowed(allow: &'static str) -> Self {
        let mut reply = Self::error(405, &["method not allowed; accepted is ", allow].concat());
        reply.headers.push(("allow", allow.to_owned()));
        reply
    }
}

/// Appends `"name":"text"`; `name` needs no escapes.
pub(super) fn push_text(json: &mut Vec<u8>, name: &str, text: &str) {
    // Text always serialises.
    let text = serde_json::to_string(text).unwrap_or_default();
    json.extend_from_slice(["\"", name, "\":", &text].concat().as_bytes());
}
