//! What goes into and out of the API: requests, responses, and the errors that become `{"error": …}`.

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

use super::headers::Headers;

/// One API request, already read from the network.
#[derive(Clone, Default)]
pub struct Request {
    /// Method in upper case.
    pub method: String,
    /// Path as sent, beginning with `/`; not decoded.
    pub path: String,
    /// Query as sent, without `?`; empty where there is none.
    pub query: String,
    /// Header fields.
    pub headers: Headers,
    /// Body bytes.
    pub body: Vec<u8>,
    /// Address of the caller, reported as `callerIP`. Default: empty.
    pub caller_ip: String,
}

impl Request {
    /// A request that shows this token; `target` is the path, with its query if it has one.
    #[must_use]
    pub fn authorized(token: &str, method: &str, target: &str, headers: Headers, body: &[u8]) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers = headers;
        headers.insert("Authorization", format!("Bearer {token}"));
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: body.to_vec(),
            caller_ip: String::new(),
        }
    }

    /// The decoded query parameters in order.
    pub(crate) fn parameters(&self) -> Vec<(String, String)> {
        self.query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decode(name, true), decode(value, true))
            })
            .collect()
    }

    /// The first value of a query parameter; an empty value counts as absent.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        self.parameters().into_iter().find(|(n, v)| n == name && !v.is_empty()).map(|(_, value)| value)
    }
}

/// Without query (it may hold the token) and body.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// One API response.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Header fields besides the content type.
    pub headers: Headers,
    /// JSON, or nothing.
    pub body: Vec<u8>,
}

/// Without body: it may hold payloads, or the signing keys.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status).finish_non_exhaustive()
    }
}

impl Response {
    pub(crate) fn json(status: u16, body: &impl Serialize) -> Self {
        // Serialising a value that was built here cannot fail; an empty body would show at once.
        Self { status, headers: Headers::new(), body: serde_json::to_vec(body).unwrap_or_default() }
    }

    pub(crate) const fn empty(status: u16) -> Self {
        Self { status, headers: Headers::new(), body: Vec::new() }
    }
}

/// A refusal, answered as `{"error": "<text>"}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) message: String,
}

impl ApiError {
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self { status: 400, message: message.into() }
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self { status: 404, message: message.into() }
    }

    /// A header that does not parse; names it and says what it accepts.
    pub(crate) fn header(name: &str, problem: impl fmt::Display) -> Self {
        Self::bad_request(format!("invalid {name} header: {problem}"))
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({ "error": self.message })
    }
}

impl From<ApiError> for Response {
    fn from(error: ApiError) -> Self {
        Self::json(error.status, &error.to_json())
    }
}

/// Decodes percent escapes, and `+` as a blank where `form` says so; a broken escape stays as it is.
pub(crate) fn decode(text: &str, form: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        let escaped = (first == b'%').then(|| tail.get(..2)).flatten();
        let escaped = escaped
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(byte) = escaped {
            bytes.push(byte);
            rest = tail.get(2..).unwrap_or_default();
        } else if form && first == b'+' {
            bytes.push(b' ');
        } else {
            bytes.push(first);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Request, decode};

    #[test]
    fn query_parameters_are_decoded_and_repeated_names_kept() {
        let request = Request { query: "dlqIds=1-0&dlqIds=2%2D1&label=a+b".to_owned(), ..Request::default() };

        let expected = [("dlqIds", "1-0"), ("dlqIds", "2-1"), ("label", "a b")];
        assert_eq!(request.parameters(), expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
    }

    #[test]
    fn broken_escapes_are_left_alone() {
        assert_eq!(decode("50%", false), "50%");
        assert_eq!(decode("%zz%41", false), "%zzA");
    }
}
