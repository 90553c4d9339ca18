//! Calls for many entries of the dead letter queue.

use super::answer::{list, number, object, short, whole};
use super::call::Call;
use super::error::{ApiError, success};
use super::overrides::Overrides;
use super::pages::Paged;
use super::request::{ApiRequest, Method};
use super::response::ApiResponse;
use super::selection::{MAX_PER_CALL, Selected, Selection};
use super::single::Created;
use crate::json::Field;

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
        Self { selected: Selected::new(selection.into(), MAX_PER_CALL), overrides }
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
        self.selected.page(count, cursor);
        self
    }
}

impl RestartMany {
    /// Restarts the runs of a selection.
    #[must_use]
    pub fn new(selection: impl Into<Selection>, overrides: Overrides) -> Self {
        Self { selected: Selected::new(selection.into(), MAX_PER_CALL), overrides }
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
        self.selected.page(count, cursor);
        self
    }
}

impl DeleteMany {
    /// Deletes a selection.
    #[must_use]
    pub fn new(selection: impl Into<Selection>) -> Self {
        Self { selected: Selected::new(selection.into(), MAX_PER_CALL) }
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
        self.selected.page(count, cursor);
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
    /// Adds the created runs, and gives the cursor that leads on.
    pub(crate) fn read(json: &[u8], runs: &mut Vec<Created>) -> Result<Option<String>, ApiError> {
        const FIELDS: &[Field] = &[whole("workflowRuns"), short("cursor")];
        const WHAT: &str = "no JSON object with a list `workflowRuns` of created runs";
        list(json, FIELDS, "workflowRuns", WHAT, &mut |run| Created::read(run, runs))
    }

    fn parse(response: &ApiResponse) -> Result<Self, ApiError> {
        let mut runs = Vec::new();
        success(response)?;
        let cursor = Self::read(response.body(), &mut runs)?;
        Ok(Self { runs, cursor })
    }
}

impl DeletedMany {
    pub(crate) fn read(json: &[u8]) -> Result<Self, ApiError> {
        const FIELDS: &[Field] = &[short("deleted"), short("cursor")];
        const WHAT: &str = "no JSON object with a number `deleted`";
        let mut answer = object(json, FIELDS, WHAT)?;
        match number(&mut answer, "deleted") {
            Some(deleted) => Ok(Self { deleted, cursor: answer.word("cursor") }),
            None => Err(ApiError::malformed(WHAT)),
        }
    }

    fn parse(response: &ApiResponse) -> Result<Self, ApiError> {
        success(response)?;
        Self::read(response.body())
    }
}

/// A call that resumes many, without those that it is about.
pub(crate) fn resume_many(overrides: &Overrides) -> ApiRequest {
    revival("/v2/workflows/dlq/resume", overrides)
}

/// A call that restarts many, without those that it is about.
pub(crate) fn restart_many(overrides: &Overrides) -> ApiRequest {
    revival("/v2/workflows/dlq/restart", overrides)
}

/// A call that deletes many, without those that it is about.
pub(crate) fn delete_many() -> ApiRequest {
    ApiRequest::new(Method::Delete, "/v2/workflows/dlq")
}

fn revival(path: &str, overrides: &Overrides) -> ApiRequest {
    let mut request = ApiRequest::new(Method::Post, path);
    request.headers = overrides.headers().to_vec();
    request
}

macro_rules! bulk_call {
    ($call:ident, $output:ident, $items:expr, $request:expr) => {
        impl Call for $call {
            type Output = $output;

            fn request(&self) -> ApiRequest {
                let request: fn(&Self) -> ApiRequest = $request;
                let mut request = request(self);
                self.selected.act_in(&mut request);
                request
            }

            fn parse(&self, response: ApiResponse) -> Result<$output, ApiError> {
                $output::parse(&response)
            }
        }

        impl Paged for $call {
            fn after(mut self, page: &$output) -> Option<Self> {
                self.selected.advance(page.cursor.as_ref()).then_some(self)
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

bulk_call!(ResumeMany, CreatedMany, |page| page.runs.len() as u64, |call| resume_many(&call.overrides));
bulk_call!(RestartMany, CreatedMany, |page| page.runs.len() as u64, |call| restart_many(&call.overrides));
bulk_call!(DeleteMany, DeletedMany, |page| page.deleted, |_| delete_many());
