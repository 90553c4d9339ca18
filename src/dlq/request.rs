//! Requests as values that a shell executes.

use core::fmt;

use crate::http_url::percent_encode;

/// The methods of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `DELETE`
    Delete,
}

impl Method {
    /// The name as it stands in a request.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A request to the QStash API, without body.
///
/// Host and token are not part of it: the shell adds those that it was configured with, so that nothing in a
/// callback can choose where a token goes. `Debug` leaves the header values out.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiRequest {
    /// The method.
    pub method: Method,
    /// An absolute path with its query, encoded.
    pub path_and_query: String,
    /// Headers besides `Authorization`.
    pub headers: Vec<(&'static str, String)>,
    repeatable: bool,
}

impl ApiRequest {
    /// Whether sending it twice has the effect of sending it once. Resume and restart start a run each time, and a
    /// deletion by filter goes on to the next entries.
    #[must_use]
    pub const fn is_safe_to_repeat(&self) -> bool {
        self.repeatable
    }

    pub(super) const fn new(method: Method, path: String) -> Self {
        let repeatable = matches!(method, Method::Get | Method::Delete);
        Self { method, path_and_query: path, headers: Vec::new(), repeatable }
    }

    pub(super) fn with_headers(mut self, headers: Vec<(&'static str, String)>) -> Self {
        self.headers = headers;
        self
    }

    /// A `POST` that sets something to a value.
    pub(super) const fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    pub(super) const fn not_repeatable(mut self) -> Self {
        self.repeatable = false;
        self
    }

    /// Appends a query parameter; the value is encoded here.
    pub(super) fn with_parameter(mut self, name: &'static str, value: &str) -> Self {
        self.path_and_query.push(if self.path_and_query.contains('?') { '&' } else { '?' });
        self.path_and_query.push_str(name);
        self.path_and_query.push('=');
        self.path_and_query.push_str(&percent_encode(value));
        self
    }
}

impl fmt::Debug for ApiRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiRequest(")?;
        f.write_str(self.method.as_str())?;
        f.write_str(" ")?;
        f.write_str(&self.path_and_query)?;
        for (name, _) in &self.headers {
            f.write_str(", ")?;
            f.write_str(name)?;
        }
        f.write_str(")")
    }
}

/// `base` with `segment` as one more path segment, encoded.
pub(super) fn path_with(base: &str, segment: &str) -> String {
    let mut path = base.to_owned();
    path.push('/');
    path.push_str(&percent_encode(segment));
    path
}
