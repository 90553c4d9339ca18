//! How runs go: the loop closer of a resume.

use super::answer::{list, long, short, time, whole};
use super::call::Call;
use super::error::{ApiError, success};
use super::request::{ApiRequest, Method};
use super::response::ApiResponse;
use super::single::Created;
use crate::ids::{DlqId, RunId};
use crate::json::{Field, Fields, elements};
use crate::text;
use crate::text::{Say, said};
use crate::time::Timestamp;

const LOGS: &str = "/v2/workflows/logs";

/// The most runs that one call may ask for (source: Upstash Workflow OpenAPI, `count` of the logs in run mode).
pub const MAX_RUNS_PER_CALL: usize = 10;

/// How certain runs go: `GET /v2/workflows/logs?workflowRuns=…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunStates {
    runs: Vec<RunRef>,
}

/// A run, and when it was created where that is known: the service finds it faster with both.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunRef {
    /// The run.
    pub run_id: RunId,
    /// Its creation.
    pub created_at: Option<Timestamp>,
}

impl RunRef {
    /// A run by its id, and its creation where that is known.
    #[must_use]
    pub const fn new(run_id: RunId, created_at: Option<Timestamp>) -> Self {
        Self { run_id, created_at }
    }
}

impl From<Created> for RunRef {
    fn from(created: Created) -> Self {
        Self { run_id: created.run_id, created_at: created.created_at }
    }
}

/// Not 1 to [`MAX_RUNS_PER_CALL`] runs, or a run whose id has a comma.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidRunsError;

impl Say for InvalidRunsError {
    fn say(&self, text: &mut String) {
        text.push_str("bad list of runs to look up; accepted are 1 to 10 runs whose ids have no comma");
    }
}

display!(InvalidRunsError);

impl core::error::Error for InvalidRunsError {}

impl RunStates {
    /// Asks for 1 to [`MAX_RUNS_PER_CALL`] runs.
    pub fn new(runs: impl IntoIterator<Item = RunRef>) -> Result<Self, InvalidRunsError> {
        let runs: Vec<RunRef> = runs.into_iter().take(MAX_RUNS_PER_CALL + 1).collect();
        let sound = (1..=MAX_RUNS_PER_CALL).contains(&runs.len())
            && !runs.iter().any(|run| text::find(run.run_id.as_str(), ",").is_some());
        if sound { Ok(Self { runs }) } else { Err(InvalidRunsError) }
    }
}

impl Call for RunStates {
    /// The asked runs that the service knows, in its own order.
    type Output = Vec<Run>;

    fn request(&self) -> ApiRequest {
        let mut list = String::new();
        for run in &self.runs {
            if !list.is_empty() {
                list.push(',');
            }
            list.push_str(run.run_id.as_str());
            if let Some(created_at) = run.created_at {
                list.push('@');
                list.push_str(&said(&created_at.as_millis()));
            }
        }
        let mut request = ApiRequest::new(Method::Get, LOGS);
        request.add("workflowRuns", &list);
        request.add("count", "10");
        request
    }

    fn parse(&self, response: ApiResponse) -> Result<Vec<Run>, ApiError> {
        let (mut runs, _) = read_runs(&response)?;
        runs.retain(|run| self.runs.iter().any(|asked| asked.run_id == run.run_id));
        Ok(runs)
    }
}

/// The runs of a target that were created since a moment, where there are but a few: `GET /v2/workflows/logs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RunsSince<'a> {
    pub(crate) workflow_url: &'a str,
    pub(crate) since: Timestamp,
}

impl Call for RunsSince<'_> {
    /// The runs; `None` where there are more than fit one answer.
    type Output = Option<Vec<Run>>;

    fn request(&self) -> ApiRequest {
        let mut request = ApiRequest::new(Method::Get, LOGS);
        request.add("workflowUrl", self.workflow_url);
        request.add("fromDate", &said(&self.since.as_millis()));
        request.add("count", "10");
        request
    }

    fn parse(&self, response: ApiResponse) -> Result<Option<Vec<Run>>, ApiError> {
        let (mut runs, cursor) = read_runs(&response)?;
        // A service that knows a filter by another name answers with other runs too.
        runs.retain(|run| {
            run.workflow_url.as_deref() == Some(self.workflow_url)
                && run.created_at.is_some_and(|created| created >= self.since)
        });
        Ok(cursor.is_none().then_some(runs))
    }
}

/// How a run goes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Run {
    /// The run.
    pub run_id: RunId,
    /// How far it has got.
    pub state: RunState,
    /// Its target.
    pub workflow_url: Option<String>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// Whether a step is being tried again, because its delivery failed before.
    pub is_retrying: bool,
    /// Its entry in the dead letter queue, where it failed. The entry may have left the queue since.
    pub dlq_id: Option<DlqId>,
}

/// How far a run has got (source: Upstash Workflow OpenAPI, `workflowState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RunState {
    /// Under way.
    Started,
    /// Ended well.
    Success,
    /// Failed after its retries.
    Failed,
    /// Canceled by somebody.
    Canceled,
    /// A state that the documentation does not name.
    Unknown,
}

fn read_runs(response: &ApiResponse) -> Result<(Vec<Run>, Option<String>), ApiError> {
    const FIELDS: &[Field] = &[whole("runs"), short("cursor")];
    const WHAT: &str = "no JSON object with a list `runs` of workflow runs";
    let mut runs = Vec::new();
    success(response)?;
    let cursor = list(response.body(), FIELDS, "runs", WHAT, &mut |run| {
        runs.push(read_run(run).ok_or_else(|| ApiError::malformed(WHAT))?);
        Ok(())
    })?;
    Ok((runs, cursor))
}

fn read_run(run: &[u8]) -> Option<Run> {
    const FIELDS: &[Field] = &[
        short("workflowRunId"),
        short("workflowState"),
        long("workflowUrl"),
        short("workflowRunCreatedAt"),
        short("workflowRunCompletedAt"),
        short("dlqId"),
        whole("steps"),
    ];
    let mut fields = Fields::of(run, FIELDS).ok()?;
    let run_id = RunId::new(fields.word("workflowRunId")?).ok()?;
    let state = match fields.word("workflowState").as_deref() {
        Some("RUN_STARTED") => RunState::Started,
        Some("RUN_SUCCESS") => RunState::Success,
        Some("RUN_FAILED") => RunState::Failed,
        Some("RUN_CANCELED" | "RUN_CANCELLED") => RunState::Canceled,
        _ => RunState::Unknown,
    };
    Some(Run {
        run_id,
        state,
        workflow_url: fields.word("workflowUrl"),
        created_at: time(&mut fields, "workflowRunCreatedAt"),
        completed_at: time(&mut fields, "workflowRunCompletedAt"),
        is_retrying: is_retrying(&fields.raw("steps").unwrap_or_default()),
        dlq_id: fields.word("dlqId").and_then(|id| DlqId::new(id).ok()),
    })
}

/// Whether one of a run's groups of steps has a step that is tried again (source: types of `@upstash/workflow`).
fn is_retrying(groups: &[u8]) -> bool {
    const GROUP: &[Field] = &[whole("steps")];
    const STEP: &[Field] = &[short("state")];
    elements(groups).any(|group| {
        let steps =
            Fields::of(group, GROUP).ok().and_then(|mut group| group.raw("steps")).unwrap_or_default();
        elements(&steps).any(|step| {
            let state = Fields::of(step, STEP).ok().and_then(|mut step| step.word("state"));
            state.as_deref() == Some("STEP_RETRY")
        })
    })
}
