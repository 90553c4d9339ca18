//! Requests as values that a shell executes.

use core::fmt;

use crate::http_url::push_percent_encoded;
use crate::ids::DlqId;
use crate::text;
use crate::text::Say;

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

impl Say for Method {
    fn say(&self, text: &mut String) {
        text.push_str(self.as_str());
    }
}

display!(Method);

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

    pub(crate) fn new(method: Method, path: &str) -> Self {
        let repeatable = matches!(method, Method::Get | Method::Delete);
        Self { method, path_and_query: path.to_owned(), headers: Vec::new(), repeatable }
    }

    /// A request about one thing: its name is one more segment of the path, encoded here.
    pub(crate) fn about(method: Method, path: &str, name: &str) -> Self {
        let mut request = Self::new(method, path);
        request.path_and_query.push('/');
        push_percent_encoded(&mut request.path_and_query, name);
        request
    }

    /// Says what the method does not: a `POST` may only set something to a value, a deletion may go on.
    pub(crate) const fn set_repeatable(&mut self, repeatable: bool) {
        self.repeatable = repeatable;
    }

    /// Names entries.
    pub(crate) fn name_ids(&mut self, ids: &[DlqId]) {
        for id in ids {
            self.add("dlqIds", id.as_str());
        }
    }

    /// Appends a query parameter; the value is encoded here.
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        let query = &mut self.path_and_query;
        query.push(if text::find(query, "?").is_some() { '&' } else { '?' });
        query.push_str(name);
        query.push('=');
        push_percent_encoded(query, value);
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
