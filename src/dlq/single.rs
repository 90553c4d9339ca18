//! Calls for one entry of the dead letter queue.

use super::answer::{long, object, short, time};
use super::call::Call;
use super::entry::{Entry, Page};
use super::error::{ApiError, success};
use super::overrides::Overrides;
use super::request::{ApiRequest, Method};
use super::response::ApiResponse;
use crate::ids::{DlqId, RunId};
use crate::json::{Field, elements};
use crate::time::Timestamp;

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
        revival("/v2/workflows/dlq/resume", &self.dlq_id, &self.overrides)
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
        revival("/v2/workflows/dlq/restart", &self.dlq_id, &self.overrides)
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
        let mut runs = Vec::new();
        success(response)?;
        Self::read(response.body(), &mut runs)?;
        runs.pop().ok_or_else(|| ApiError::malformed(NOT_ONE))
    }

    /// Adds the run of such an answer, or of an element of such a list.
    pub(crate) fn read(json: &[u8], runs: &mut Vec<Self>) -> Result<(), ApiError> {
        let mut run = object(json, RUN, "no JSON object of a created run")?;
        if let Some(id) = run.word("workflowRunId") {
            let run_id = RunId::new(id).map_err(|_| ApiError::malformed(NOT_ONE))?;
            runs.push(Self { run_id, created_at: time(&mut run, "workflowCreatedAt") });
            return Ok(());
        }
        let list = run.raw("workflowRuns").unwrap_or_default();
        let mut elements = elements(&list);
        match (elements.next(), elements.next()) {
            (Some(only), None) => Self::read(only, runs),
            _ => Err(ApiError::malformed(NOT_ONE)),
        }
    }
}

const NOT_ONE: &str = "not exactly one `workflowRunId` of a created run";
const RUN: &[Field] = &[short("workflowRunId"), short("workflowCreatedAt"), long("workflowRuns")];

/// A resume or restart.
fn revival(path: &str, entry: &DlqId, overrides: &Overrides) -> ApiRequest {
    let mut request = ApiRequest::about(Method::Post, path, entry.as_str());
    request.headers = overrides.headers().to_vec();
    request
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
        get_entry(&self.dlq_id)
    }

    fn parse(&self, response: ApiResponse) -> Result<Entry, ApiError> {
        success(&response)?;
        Entry::parse(response.body(), Some(&self.dlq_id))
    }
}

/// The request of [`GetEntry`].
pub(crate) fn get_entry(dlq_id: &DlqId) -> ApiRequest {
    ApiRequest::about(Method::Get, ENTRIES, dlq_id.as_str())
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
}

impl Call for DeleteEntry {
    type Output = ();

    fn request(&self) -> ApiRequest {
        ApiRequest::about(Method::Delete, ENTRIES, self.dlq_id.as_str())
    }

    fn parse(&self, response: ApiResponse) -> Result<(), ApiError> {
        success(&response)
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
        let mut request = ApiRequest::new(Method::Get, ENTRIES);
        request.add("workflowRunId", self.run_id.as_str());
        request.add("count", Self::COUNT);
        if let Some(cursor) = &self.cursor {
            request.add("cursor", cursor);
        }
        request
    }

    fn parse(&self, response: ApiResponse) -> Result<Lookup, ApiError> {
        success(&response)?;
        let mut page = Page::default();
        page.read(response.body())?;
        if let Some(at) = page.entries.iter().position(|entry| entry.run_id.as_ref() == Some(&self.run_id)) {
            return Ok(Lookup::Found(Box::new(page.entries.swap_remove(at))));
        }
        if page.cursor.is_none() {
            return Ok(Lookup::Absent);
        }
        // A cursor that does not move on would be followed forever.
        if page.cursor == self.cursor {
            return Err(ApiError::malformed("the same `cursor` again"));
        }
        Ok(Lookup::Continue(Self { run_id: self.run_id.clone(), cursor: page.cursor }))
    }
}
