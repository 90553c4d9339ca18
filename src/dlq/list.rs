//! Pages of the dead letter queue.

use super::call::Call;
use super::entry::Page;
use super::error::{ApiError, success};
use super::filter::Filter;
use super::pages::Paged;
use super::request::{ApiRequest, Method};
use super::response::ApiResponse;
use super::selection::Ids;
use crate::http_url::HttpUrl;

/// The most entries on one page (source: Upstash Workflow OpenAPI).
pub const MAX_PER_PAGE: usize = 100;

/// Lists entries, a page a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    path: ListPath,
    which: Which,
    legacy: Vec<(&'static str, String)>,
    count: usize,
    cursor: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Which {
    All,
    Filter(Box<Filter>),
    Ids(Ids),
}

/// The two addresses of the list: documentation and official SDK disagree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ListPath {
    /// `GET /v2/workflows/dlq`, as documented.
    #[default]
    Documented,
    /// `GET /v2/dlq?source=workflow`, as the official SDK asks.
    Sdk,
}

impl List {
    /// Lists every entry.
    #[must_use]
    pub const fn all() -> Self {
        Self {
            path: ListPath::Documented,
            which: Which::All,
            legacy: Vec::new(),
            count: MAX_PER_PAGE,
            cursor: None,
        }
    }

    /// Lists the entries that meet the criteria.
    #[must_use]
    pub fn matching(filter: Filter) -> Self {
        Self { which: Which::Filter(Box::new(filter)), ..Self::all() }
    }

    /// Lists those of certain entries that are there. QStash documents this for its other queue only, so that a
    /// service that does not know it may list any entry: the answer must be read with that in mind.
    pub(crate) fn of_ids(ids: Ids) -> Self {
        Self { which: Which::Ids(ids), ..Self::all() }
    }

    /// The same for entries of this target, by the name that the official SDK's types call deprecated.
    #[must_use]
    pub fn with_url(mut self, url: &HttpUrl) -> Self {
        self.legacy.push(("url", url.as_str().to_owned()));
        self
    }

    /// The same for entries whose failing delivery had this status. The official SDK's types call it deprecated, so that
    /// a service may ignore it; calls that act on what they select do not have it.
    #[must_use]
    pub fn with_response_status(mut self, status: u16) -> Self {
        self.legacy.push(("responseStatus", status.to_string()));
        self
    }

    /// The same at the other address.
    #[must_use]
    pub fn at(self, path: ListPath) -> Self {
        Self { path, ..self }
    }

    /// The same with at most `count` entries a page; 1 to [`MAX_PER_PAGE`], beyond which the nearest is taken.
    /// Default: [`MAX_PER_PAGE`].
    #[must_use]
    pub fn with_count(self, count: usize) -> Self {
        Self { count: count.clamp(1, MAX_PER_PAGE), ..self }
    }

    /// The same from a cursor on that an earlier page named.
    #[must_use]
    pub fn from_cursor(self, cursor: impl Into<String>) -> Self {
        Self { cursor: Some(cursor.into()), ..self }
    }

    /// How many entries a page may have.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }
}

impl Call for List {
    type Output = Page;

    fn request(&self) -> ApiRequest {
        let mut request = match self.path {
            ListPath::Documented => ApiRequest::new(Method::Get, "/v2/workflows/dlq".to_owned()),
            ListPath::Sdk => {
                ApiRequest::new(Method::Get, "/v2/dlq".to_owned()).with_parameter("source", "workflow")
            }
        };
        match &self.which {
            Which::All => {}
            Which::Filter(filter) => request = filter.write_to(request),
            Which::Ids(ids) => {
                for id in ids.as_slice() {
                    request = request.with_parameter("dlqIds", id.as_str());
                }
            }
        }
        for (name, value) in &self.legacy {
            request = request.with_parameter(name, value);
        }
        request = request.with_parameter("count", &self.count.to_string());
        match &self.cursor {
            None => request,
            Some(cursor) => request.with_parameter("cursor", cursor),
        }
    }

    fn parse(&self, response: ApiResponse) -> Result<Page, ApiError> {
        Page::parse(success(&response)?)
    }
}

impl Paged for List {
    fn after(&self, page: &Page) -> Option<Self> {
        Some(Self { cursor: Some(page.cursor.clone()?), ..self.clone() })
    }

    fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    fn items(page: &Page) -> u64 {
        page.entries.len() as u64
    }

    fn limited(self, count: usize) -> Self {
        let count = count.min(self.count);
        self.with_count(count)
    }
}
