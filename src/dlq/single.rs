//! Calls for one entry of the dead letter queue.

use super::call::Call;
use super::entry::{Entry, Page};
use super::error::{ApiError, success};
use super::overrides::Overrides;
use super::request::{ApiRequest, Method, path_with};
use super::response::ApiResponse;
use crate::ids::{DlqId, RunId};
use crate::json::{Field, Fields, Over, elements};
use crate::time::{Timestamp, parse_wire_time};

const ENTRIES: &str = "/v2/workflows/dlq";

/// Continues a failed run from its failed step: `POST /v2/workflows/dlq/resume/{dlqId}`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resume {
    /// The entry of the failed run.
    pub dlq_id: DlqId,
    /// What the new run does differently.
    pub overrides: Overrides,
}

impl Resume {
    /// Resumes the run of `dlq_id`.
    #[must_use]
    pub const fn new(dlq_id: DlqId, overrides: Overrides) -> Self {
        Self { dlq_id, overrides }
    }
}

impl Call for Resume {
    type Output = Created;

    fn request(&self) -> ApiRequest {
        ApiRequest::new(Method::Post, path_with("/v2/workflows/dlq/resume", self.dlq_id.as_str()))
            .with_headers(self.overrides.headers())
    }

    fn parse(&self, response: ApiResponse) -> Result<Created, ApiError> {
        Created::parse(&response)
    }
}

/// Runs a failed run again from its first step: `POST /v2/workflows/dlq/restart/{dlqId}`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Restart {
    /// The entry of the failed run.
    pub dlq_id: DlqId,
    /// What the new run does differently.
    pub overrides: Overrides,
}

impl Restart {
    /// Restarts the run of `dlq_id`.
    #[must_use]
    pub const fn new(dlq_id: DlqId, overrides: Overrides) -> Self {
        Self { dlq_id, overrides }
    }
}

impl Call for Restart {
    type Output = Created;

    fn request(&self) -> ApiRequest {
        ApiRequest::new(Method::Post, path_with("/v2/workflows/dlq/restart", self.dlq_id.as_str()))
            .with_headers(self.overrides.headers())
    }

    fn parse(&self, response: ApiResponse) -> Result<Created, ApiError> {
        Created::parse(&response)
    }
}

/// The run that resume or restart has created.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Created {
    /// Its id, always a new one.
    pub run_id: RunId,
    /// When it was created, where the answer says so readably.
    pub created_at: Option<Timestamp>,
}

impl Created {
    /// A run that became known in another way than by an answer.
    pub(crate) const fn new(run_id: RunId, created_at: Option<Timestamp>) -> Self {
        Self { run_id, created_at }
    }

    /// Reads the answer to a resume or restart of one entry, be it the documented object or the list of the bulk
    /// form with one element.
    pub fn parse(response: &ApiResponse) -> Result<Self, ApiError> {
        let body = success(response)?;
        let mut run = run_fields(body)?;
        let mut id = run.word("workflowRunId");
        if id.is_none()
            && let Some(list) = run.raw("workflowRuns")
        {
            let mut runs = elements(&list);
            run = match (runs.next(), runs.next()) {
                (Some(only), None) => run_fields(only)?,
                _ => {
                    return Err(ApiError::Malformed {
                        what: "not exactly one of `workflowRuns` for one DLQ entry",
                    });
                }
            };
            id = run.word("workflowRunId");
        }
        Self::from_fields(id, run)
    }

    /// Reads one of a list of created runs.
    pub(super) fn of_element(run: &[u8]) -> Result<Self, ApiError> {
        let mut run = run_fields(run)?;
        let id = run.word("workflowRunId");
        Self::from_fields(id, run)
    }

    fn from_fields(id: Option<String>, mut run: Fields) -> Result<Self, ApiError> {
        let run_id = id.ok_or(ApiError::Malformed { what: "no `workflowRunId` of a created run" })?;
        let run_id = RunId::new(run_id)
            .map_err(|_| ApiError::Malformed { what: "a `workflowRunId` that is no run id" })?;
        let created_at = run.text("workflowCreatedAt").and_then(|time| parse_wire_time(&time));
        Ok(Self { run_id, created_at })
    }
}

/// The answer for one run, or for one of a list.
fn run_fields(run: &[u8]) -> Result<Fields, ApiError> {
    const fn field(name: &'static str) -> Field {
        Field { name, limit: 64 * 1024, over: Over::Drop }
    }
    const FIELDS: &[Field] = &[field("workflowRunId"), field("workflowCreatedAt"), field("workflowRuns")];

    Fields::of(run, FIELDS).map_err(|_| ApiError::Malformed { what: "no JSON object of a created run" })
}

/// Reads an entry: `GET /v2/workflows/dlq/{dlqId}`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GetEntry {
    /// The entry.
    pub dlq_id: DlqId,
}

impl GetEntry {
    /// Reads the entry `dlq_id`.
    #[must_use]
    pub const fn new(dlq_id: DlqId) -> Self {
        Self { dlq_id }
    }
}

impl Call for GetEntry {
    type Output = Entry;

    fn request(&self) -> ApiRequest {
        ApiRequest::new(Method::Get, path_with(ENTRIES, self.dlq_id.as_str()))
    }

    fn parse(&self, response: ApiResponse) -> Result<Entry, ApiError> {
        Entry::parse(success(&response)?, &self.dlq_id)
    }
}

/// Removes an entry for good: `DELETE /v2/workflows/dlq/{dlqId}`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeleteEntry {
    /// The entry.
    pub dlq_id: DlqId,
}

impl DeleteEntry {
    /// Removes the entry `dlq_id`.
    #[must_use]
    pub const fn new(dlq_id: DlqId) -> Self {
        Self { dlq_id }
    }

    pub(crate) fn read(response: &ApiResponse) -> Result<(), ApiError> {
        success(response).map(|_| ())
    }
}

impl Call for DeleteEntry {
    type Output = ();

    fn request(&self) -> ApiRequest {
        ApiRequest::new(Method::Delete, path_with(ENTRIES, self.dlq_id.as_str()))
    }

    fn parse(&self, response: ApiResponse) -> Result<(), ApiError> {
        Self::read(&response)
    }
}

/// Looks for the entry of a run: `GET /v2/workflows/dlq?workflowRunId=…`.
///
/// The service's filter may match by prefix, so that the entry can be on a later page than the first.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FindByRun {
    /// The failed run.
    pub run_id: RunId,
    /// Where to go on. Default: at the first page.
    pub cursor: Option<String>,
}

/// What a look for the entry of a run has found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lookup {
    /// The entry.
    Found(Box<Entry>),
    /// The run has no entry.
    Absent,
    /// Not on this page: send this call next.
    Continue(FindByRun),
}

impl FindByRun {
    /// Entries per page. Few, because every one comes with its payload, and the filter leaves hardly more than one.
    const COUNT: &str = "10";

    /// Looks for the entry of `run_id`.
    #[must_use]
    pub const fn new(run_id: RunId) -> Self {
        Self { run_id, cursor: None }
    }
}

impl Call for FindByRun {
    type Output = Lookup;

    fn request(&self) -> ApiRequest {
        let request = ApiRequest::new(Method::Get, ENTRIES.to_owned())
            .with_parameter("workflowRunId", self.run_id.as_str())
            .with_parameter("count", Self::COUNT);
        match &self.cursor {
            None => request,
            Some(cursor) => request.with_parameter("cursor", cursor),
        }
    }

    fn parse(&self, response: ApiResponse) -> Result<Lookup, ApiError> {
        let page = Page::parse(success(&response)?)?;
        let found = page.entries.into_iter().find(|entry| entry.run_id.as_ref() == Some(&self.run_id));
        Ok(match (found, page.cursor) {
            (Some(entry), _) => Lookup::Found(Box::new(entry)),
            (None, None) => Lookup::Absent,
            // A cursor that does not move on would be followed forever.
            (None, cursor) if cursor == self.cursor => {
                return Err(ApiError::Malformed { what: "the same `cursor` again" });
            }
            (None, cursor) => Lookup::Continue(Self { run_id: self.run_id.clone(), cursor }),
        })
    }
}
