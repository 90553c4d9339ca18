//! Calls for many entries of the dead letter queue.

use super::call::Call;
use super::error::{ApiError, success};
use super::overrides::Overrides;
use super::pages::Paged;
use super::request::{ApiRequest, Method};
use super::response::ApiResponse;
use super::selection::{Selected, Selection};
use super::single::Created;
use crate::json::{Captured, Field, Fields, Over, elements};

/// Continues failed runs from their failed steps: `POST /v2/workflows/dlq/resume`, up to 50 a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResumeMany {
    selected: Selected,
    overrides: Overrides,
}

/// Runs failed runs again from their first steps: `POST /v2/workflows/dlq/restart`, up to 50 a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestartMany {
    selected: Selected,
    overrides: Overrides,
}

/// Removes entries for good: `DELETE /v2/workflows/dlq`, up to 50 a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteMany {
    selected: Selected,
}

impl ResumeMany {
    /// Resumes the runs of a selection.
    #[must_use]
    pub fn new(selection: impl Into<Selection>, overrides: Overrides) -> Self {
        Self { selected: Selected::new(selection.into()), overrides }
    }

    /// The same from a cursor on that an earlier answer named.
    #[must_use]
    pub fn from_cursor(mut self, cursor: impl Into<String>) -> Self {
        self.selected.cursor = Some(cursor.into());
        self
    }

    /// The same with another count stated, and from a cursor on where there is one. The service may act on fewer.
    #[must_use]
    pub fn page(mut self, count: usize, cursor: Option<String>) -> Self {
        self.selected = self.selected.page(count, cursor);
        self
    }
}

impl RestartMany {
    /// Restarts the runs of a selection.
    #[must_use]
    pub fn new(selection: impl Into<Selection>, overrides: Overrides) -> Self {
        Self { selected: Selected::new(selection.into()), overrides }
    }

    /// The same from a cursor on that an earlier answer named.
    #[must_use]
    pub fn from_cursor(mut self, cursor: impl Into<String>) -> Self {
        self.selected.cursor = Some(cursor.into());
        self
    }

    /// The same with another count stated, and from a cursor on where there is one. The service may act on fewer.
    #[must_use]
    pub fn page(mut self, count: usize, cursor: Option<String>) -> Self {
        self.selected = self.selected.page(count, cursor);
        self
    }
}

impl DeleteMany {
    /// Deletes a selection.
    #[must_use]
    pub fn new(selection: impl Into<Selection>) -> Self {
        Self { selected: Selected::new(selection.into()) }
    }

    /// The same from a cursor on that an earlier answer named.
    #[must_use]
    pub fn from_cursor(mut self, cursor: impl Into<String>) -> Self {
        self.selected.cursor = Some(cursor.into());
        self
    }

    /// The same with another count stated, and from a cursor on where there is one. The service may act on fewer.
    #[must_use]
    pub fn page(mut self, count: usize, cursor: Option<String>) -> Self {
        self.selected = self.selected.page(count, cursor);
        self
    }
}

/// The runs that one bulk call has created. Nothing says which of them belongs to which entry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CreatedMany {
    /// The new runs.
    pub runs: Vec<Created>,
    /// Where to go on; `None` at the end.
    pub cursor: Option<String>,
}

/// What one bulk deletion has removed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeletedMany {
    /// How many entries; those that were gone already do not count.
    pub deleted: u64,
    /// Where to go on; `None` at the end.
    pub cursor: Option<String>,
}

impl CreatedMany {
    pub(crate) fn parse(response: &ApiResponse) -> Result<Self, ApiError> {
        const FIELDS: &[Field] = &[
            Field { name: "workflowRuns", limit: usize::MAX, over: Over::Drop },
            Field { name: "cursor", limit: 4 * 1024, over: Over::Drop },
        ];
        let malformed =
            ApiError::Malformed { what: "no JSON object with a list `workflowRuns` of created runs" };
        let mut answer = Fields::of(success(response)?, FIELDS).map_err(|_| malformed.clone())?;
        let runs = match answer.take("workflowRuns") {
            // Go writes an empty list as `null`.
            Captured::Value { raw, .. } if raw == b"null" => Vec::new(),
            Captured::Value { raw, .. } if raw.starts_with(b"[") => raw,
            _ => return Err(malformed),
        };
        let runs: Result<Vec<Created>, ApiError> = elements(&runs).map(Created::of_element).collect();
        Ok(Self { runs: runs?, cursor: answer.word("cursor") })
    }
}

impl DeletedMany {
    pub(crate) fn parse(response: &ApiResponse) -> Result<Self, ApiError> {
        const FIELDS: &[Field] = &[
            Field { name: "deleted", limit: 64, over: Over::Drop },
            Field { name: "cursor", limit: 4 * 1024, over: Over::Drop },
        ];
        let malformed = ApiError::Malformed { what: "no JSON object with a number `deleted`" };
        let mut answer = Fields::of(success(response)?, FIELDS).map_err(|_| malformed.clone())?;
        let deleted = answer.text("deleted").and_then(|number| number.parse().ok()).ok_or(malformed)?;
        Ok(Self { deleted, cursor: answer.word("cursor") })
    }
}

macro_rules! bulk_call {
    ($call:ident, $output:ident, $items:expr, $request:expr) => {
        impl Call for $call {
            type Output = $output;

            fn request(&self) -> ApiRequest {
                let request: fn(&Self) -> ApiRequest = $request;
                request(self)
            }

            fn parse(&self, response: ApiResponse) -> Result<$output, ApiError> {
                $output::parse(&response)
            }
        }

        impl Paged for $call {
            fn after(&self, page: &$output) -> Option<Self> {
                let mut next = self.clone();
                next.selected = self.selected.after(page.cursor.as_ref())?;
                Some(next)
            }

            fn cursor(&self) -> Option<&str> {
                self.selected.cursor.as_deref()
            }

            fn items(page: &$output) -> u64 {
                let items: fn(&$output) -> u64 = $items;
                items(page)
            }

            fn limited(mut self, count: usize) -> Self {
                self.selected.limit(count);
                self
            }
        }
    };
}

bulk_call!(ResumeMany, CreatedMany, |page| page.runs.len() as u64, |call| {
    let request = call.selected.request(Method::Post, "/v2/workflows/dlq/resume");
    request.with_headers(call.overrides.headers())
});
bulk_call!(RestartMany, CreatedMany, |page| page.runs.len() as u64, |call| {
    let request = call.selected.request(Method::Post, "/v2/workflows/dlq/restart");
    request.with_headers(call.overrides.headers())
});
bulk_call!(DeleteMany, DeletedMany, |page| page.deleted, |call| {
    call.selected.request(Method::Delete, "/v2/workflows/dlq")
});
