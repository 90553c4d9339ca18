//! Pages of the dead letter queue.

use super::call::Call;
use super::entry::{Entry, Page};
use super::error::{ApiError, success};
use super::filter::Filter;
use super::pages::Paged;
use super::pairs::Pairs;
use super::request::{ApiRequest, Method};
use super::response::ApiResponse;
use super::selection::{Selected, Selection};
use crate::http_url::HttpUrl;
use crate::ids::DlqId;
use crate::text::said;

/// The most entries on one page (source: Upstash Workflow OpenAPI).
pub const MAX_PER_PAGE: usize = 100;

/// Lists entries, a page a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    path: ListPath,
    selected: Selected,
    legacy: Pairs,
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
        Self::of(Selection::All)
    }

    /// Lists the entries that meet the criteria.
    #[must_use]
    pub const fn matching(filter: Filter) -> Self {
        Self::of(Selection::Filter(filter))
    }

    const fn of(selection: Selection) -> Self {
        let selected = Selected::new(selection, MAX_PER_PAGE);
        Self { path: ListPath::Documented, selected, legacy: Pairs::NONE }
    }

    /// The same for entries of this target, by the name that the official SDK's types call deprecated.
    #[must_use]
    pub fn with_url(mut self, url: &HttpUrl) -> Self {
        self.legacy.add("url", url.as_str().to_owned());
        self
    }

    /// The same for entries whose failing delivery had this status. The official SDK's types call it deprecated, so that
    /// a service may ignore it; calls that act on what they select do not have it.
    #[must_use]
    pub fn with_response_status(mut self, status: u16) -> Self {
        self.legacy.add("responseStatus", said(&status));
        self
    }

    /// The same at the other address.
    #[must_use]
    pub const fn at(mut self, path: ListPath) -> Self {
        self.path = path;
        self
    }

    /// The same with at most `count` entries a page; 1 to [`MAX_PER_PAGE`], beyond which the nearest is taken.
    /// Default: [`MAX_PER_PAGE`].
    #[must_use]
    pub fn with_count(mut self, count: usize) -> Self {
        self.selected.count = count.clamp(1, MAX_PER_PAGE);
        self
    }

    /// The same from a cursor on that an earlier page named.
    #[must_use]
    pub fn from_cursor(mut self, cursor: impl Into<String>) -> Self {
        self.selected.cursor = Some(cursor.into());
        self
    }

    /// How many entries a page may have.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.selected.count
    }

    /// The same for entries that meet the criteria.
    #[cfg(feature = "npm")]
    pub(crate) fn filter(&mut self, filter: Filter) {
        self.selected.selection = Selection::Filter(filter);
    }

    /// The same with a criterion that only lists take.
    #[cfg(feature = "npm")]
    pub(crate) fn set_legacy(&mut self, criterion: &'static str, value: &str) {
        self.legacy.set(criterion, value.to_owned());
    }

    /// What is selected.
    #[cfg(feature = "npm")]
    pub(crate) const fn selected(&mut self) -> &mut Selected {
        &mut self.selected
    }

    /// Whether an entry meets the criteria, as far as it shows.
    pub(crate) fn selects(&self, entry: &Entry) -> bool {
        match &self.selected.selection {
            Selection::Filter(filter) => filter.matches(entry),
            Selection::Ids(_) | Selection::All => true,
        }
    }

    /// Takes the dates out: from when to when entries are listed, both included, in epoch milliseconds.
    pub(crate) fn take_dates(&mut self) -> (u64, u64) {
        match &mut self.selected.selection {
            Selection::Filter(filter) => filter.take_dates(),
            Selection::Ids(_) | Selection::All => (0, u64::MAX),
        }
    }

    /// Goes on, or to the beginning.
    pub(crate) fn go_to(&mut self, cursor: Option<String>) {
        self.selected.cursor = cursor;
    }

    /// Has at most half as many entries a page; `false` where that is less than one.
    pub(crate) const fn halve(&mut self) -> bool {
        let count = self.selected.count / 2;
        if count == 0 {
            return false;
        }
        self.selected.count = count;
        true
    }

    /// Has at most this many entries a page.
    pub(crate) fn shorten(&mut self, count: usize) {
        self.selected.limit(count);
    }
}

/// Lists those of certain entries that are there. QStash documents this for its other queue only, so that a service that
/// does not know it may list any entry: the answer must be read with that in mind.
pub(crate) fn list_of(ids: &[DlqId]) -> ApiRequest {
    let mut request = ApiRequest::new(Method::Get, "/v2/workflows/dlq");
    request.name_ids(ids);
    request.add("count", "100");
    request
}

impl Call for List {
    type Output = Page;

    fn request(&self) -> ApiRequest {
        let mut request = match self.path {
            ListPath::Documented => ApiRequest::new(Method::Get, "/v2/workflows/dlq"),
            ListPath::Sdk => ApiRequest::new(Method::Get, "/v2/dlq?source=workflow"),
        };
        self.selected.name_in(&mut request);
        for (name, value) in self.legacy.as_slice() {
            request.add(name, value);
        }
        self.selected.count_in(&mut request);
        request
    }

    fn parse(&self, response: ApiResponse) -> Result<Page, ApiError> {
        success(&response)?;
        let mut page = Page::default();
        page.read(response.body())?;
        Ok(page)
    }
}

impl Paged for List {
    fn after(mut self, page: &Page) -> Option<Self> {
        self.selected.advance(page.cursor.as_ref()).then_some(self)
    }

    fn cursor(&self) -> Option<&str> {
        self.selected.cursor.as_deref()
    }

    fn items(page: &Page) -> u64 {
        page.entries.len() as u64
    }

    fn limited(mut self, count: usize) -> Self {
        self.selected.limit(count);
        self
    }
}
