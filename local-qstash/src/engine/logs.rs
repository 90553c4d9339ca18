//! `/v2/workflows/events` and `/v2/workflows/logs`: how runs went. Source: QStash OpenAPI, types of `@upstash/workflow`.

use serde_json::{Value, json};

use super::Engine;
use super::api::{ApiError, Request, Response};
use super::dlq::Failure;
use super::json::set;
use super::message::{Attempt, Message, Role};
use super::run::{Entry, Run, RunKey, RunState};
use super::switches::CursorEnd;

/// Runs on one page. Source: QStash OpenAPI.
const MAX_RUNS: usize = 10;

#[derive(Default)]
struct Query {
    ids: Vec<(String, Option<u64>)>,
    run_id: Option<String>,
    state: Option<String>,
    url: Option<String>,
    label: Option<String>,
    created_at: Option<u64>,
    message_id: Option<String>,
    from: Option<u64>,
    to: Option<u64>,
    caller_ip: Option<String>,
    flow_key: Option<String>,
    /// The run with which the page before this one ended.
    before: Option<u64>,
    count: Option<usize>,
}

impl Engine {
    pub(super) fn run_logs(&self, request: &Request) -> Result<Response, ApiError> {
        let query = Query::parse(request)?;
        let count = query.count.unwrap_or(MAX_RUNS).clamp(1, MAX_RUNS);
        let before = |key: RunKey| query.before.is_none_or(|cursor| key.number() < cursor);
        let asked = query.names();
        let candidates: Box<dyn Iterator<Item = (RunKey, &Run)>> = if asked.is_empty() {
            Box::new(self.runs.newest_first())
        } else {
            Box::new(self.runs.named(asked.into_iter()))
        };
        let matching = candidates.filter(|(key, run)| before(*key) && query.matches(run));
        let mut page: Vec<(RunKey, &Run)> = matching.take(count + 1).collect();
        let more = page.len() > count;
        page.truncate(count);
        let last = page.last().filter(|_| more).map(|(key, _)| key.number());
        let runs: Vec<Value> = page.into_iter().map(|(key, run)| self.run_json(key, run)).collect();
        let mut answer = json!({ "runs": runs });
        if let Some(last) = last {
            set(&mut answer, "cursor", last.to_string().into());
        } else if self.config.switches.cursor_end == CursorEnd::Empty {
            set(&mut answer, "cursor", "".into());
        }
        Ok(Response::json(200, &answer))
    }

    fn run_json(&self, key: RunKey, run: &Run) -> Value {
        let mut json = json!({
            "workflowRunId": run.id,
            "workflowUrl": run.url,
            "workflowState": run.state.as_str(),
            "workflowRunCreatedAt": run.created_at,
            "steps": self.groups(key, run),
        });
        if let Some(at) = run.completed_at {
            set(&mut json, "workflowRunCompletedAt", at.millis().into());
        }
        if let Some(response) = &run.response {
            set(&mut json, "workflowRunResponse", response.clone().into());
        }
        if let Some(first) = run.settings.labels.first() {
            set(&mut json, "label", first.clone().into());
            set(&mut json, "labels", run.settings.labels.clone().into());
        }
        if let Some(invoker) = &run.invoker {
            set(
                &mut json,
                "invoker",
                json!({
                    "workflowRunId": invoker.run_id,
                    "workflowUrl": invoker.url,
                    "workflowRunCreatedAt": invoker.run_created_at,
                }),
            );
        }
        if let Some(failure) = &run.failure {
            set(&mut json, "dlqId", failure.dlq_id.clone().into());
            if let Some(function) = self.failure_function(failure) {
                set(&mut json, "failureFunction", function);
            }
        }
        json
    }

    fn failure_function(&self, failure: &Failure) -> Option<Value> {
        let callback = failure.callback.as_ref()?;
        let mut json = json!({
            "messageId": callback.message_id,
            "url": callback.url,
            "state": callback.state.as_str(),
            "failHeaders": failure.answer.headers.to_lists(),
            "failStatus": failure.answer.status,
            "failResponse": String::from_utf8_lossy(&failure.answer.body),
            "dlqId": failure.dlq_id,
        });
        if let Some(message) = self.outbox.message(&callback.message_id) {
            set(&mut json, "errors", message.attempts.iter().map(error_json).collect());
        }
        if let Some(answer) = &callback.answer {
            set(&mut json, "responseStatus", answer.status.into());
            set(&mut json, "responseBody", String::from_utf8_lossy(&answer.body).into());
            set(&mut json, "responseHeaders", answer.headers.to_lists());
        }
        Some(json)
    }

    /// Recorded steps, alone or as parallel groups; then what is on its way, or was when the run failed.
    fn groups(&self, key: RunKey, run: &Run) -> Vec<Value> {
        let is_parallel = |entry: &Entry| entry.step.as_ref().is_some_and(|step| step.concurrent > 1);
        let shown: Vec<&Entry> = run
            .entries
            .iter()
            .enumerate()
            .filter(|(index, entry)| {
                *index == 0 || entry.step.as_ref().is_some_and(|step| step.target.is_none())
            })
            .map(|(_, entry)| entry)
            .collect();
        let mut groups: Vec<Value> = shown
            .chunk_by(|a, b| is_parallel(a) && is_parallel(b))
            .map(|group| {
                let kind = if group.first().is_some_and(|entry| is_parallel(entry)) { "parallel" } else { "sequential" };
                json!({ "type": kind, "steps": group.iter().map(|entry| step_json(entry, run)).collect::<Vec<_>>() })
            })
            .collect();
        let pending: Vec<Value> = match (&run.failure, run.state) {
            (Some(failure), _) => {
                let last = Attempt { at: failure.failed_at, answer: failure.answer.clone() };
                std::iter::once(pending_json(&failure.message, run, "STEP_FAILED", Some(&last)))
                    .chain(failure.outstanding.iter().map(|m| pending_json(m, run, "STEP_CANCELED", None)))
                    .collect()
            }
            (None, RunState::Started) => {
                let state = |m: &Message| if m.retried > 0 { "STEP_RETRY" } else { "STEP_PROGRESS" };
                self.outbox
                    .of_run(key)
                    .map(|message| pending_json(message, run, state(message), None))
                    .collect()
            }
            _ => Vec::new(),
        };
        if !pending.is_empty() {
            groups.push(json!({ "type": "next", "steps": pending }));
        }
        groups
    }
}

impl Query {
    fn parse(request: &Request) -> Result<Self, ApiError> {
        let mut query = Self::default();
        for (name, value) in request.parameters() {
            let number = || {
                value
                    .parse::<u64>()
                    .map_err(|_| ApiError::bad_request(format!("invalid {name}: expected a whole number")))
            };
            match name.as_str() {
                _ if value.is_empty() => {}
                "workflowRuns" => query.ids.extend(value.split(',').map(run_and_time)),
                "workflowRunId" => query.run_id = Some(value),
                "state" => query.state = Some(value),
                "workflowUrl" => query.url = Some(value),
                "label" => query.label = Some(value),
                "workflowCreatedAt" => query.created_at = Some(number()?),
                "messageId" => query.message_id = Some(value),
                "fromDate" => query.from = Some(number()?),
                "toDate" => query.to = Some(number()?),
                "callerIp" | "callerIP" => query.caller_ip = Some(value),
                "flowControlKey" => query.flow_key = Some(value),
                "cursor" => query.before = Some(number()?),
                "count" => query.count = Some(usize::try_from(number()?).unwrap_or(usize::MAX)),
                _ => {}
            }
        }
        Ok(query)
    }

    /// The ids that are asked for, if any.
    fn names(&self) -> Vec<&str> {
        self.ids.iter().map(|(id, _)| id.as_str()).chain(self.run_id.as_deref()).collect()
    }

    fn matches(&self, run: &Run) -> bool {
        let created = run.created_at.millis();
        let named = |(id, at): &(String, Option<u64>)| *id == run.id && at.is_none_or(|at| at == created);
        let flow_key = run.settings.flow.as_ref().map(|flow| &flow.key);
        (self.ids.is_empty() || self.ids.iter().any(named))
            && self.run_id.as_ref().is_none_or(|id| run.id == *id)
            && self.state.as_ref().is_none_or(|state| run.state.as_str() == state)
            && self.url.as_ref().is_none_or(|url| run.url == *url)
            && self.label.as_ref().is_none_or(|label| run.settings.labels.contains(label))
            && self.created_at.is_none_or(|at| created == at)
            && self
                .message_id
                .as_ref()
                .is_none_or(|id| run.entries.iter().any(|entry| entry.message_id == *id))
            && self.from.is_none_or(|from| created >= from)
            && self.to.is_none_or(|to| created <= to)
            && self.caller_ip.as_ref().is_none_or(|ip| run.settings.caller_ip == *ip)
            && self.flow_key.as_ref().is_none_or(|key| flow_key == Some(key))
    }
}

/// `<run id>@<created at>`; the time may be left out.
fn run_and_time(text: &str) -> (String, Option<u64>) {
    text.split_once('@').map_or((text.to_owned(), None), |(id, at)| (id.to_owned(), at.parse().ok()))
}

fn step_json(entry: &Entry, run: &Run) -> Value {
    let mut json = serde_json::from_slice(&entry.body).ok().filter(|_| entry.step.is_some()).unwrap_or_else(|| {
        json!({ "stepName": "init", "stepType": "Initial", "concurrent": 1, "out": String::from_utf8_lossy(&entry.body) })
    });
    set(&mut json, "callType", entry.call_type.as_str().into());
    set(&mut json, "messageId", entry.message_id.clone().into());
    set(&mut json, "state", "STEP_SUCCESS".into());
    set(&mut json, "retries", run.settings.retries.into());
    set(&mut json, "createdAt", entry.created_at.millis().into());
    set(&mut json, "headers", entry.forward.to_lists());
    json
}

fn pending_json(message: &Message, run: &Run, state: &str, last: Option<&Attempt>) -> Value {
    let step = match message.role {
        Role::Step { entry } => run.entries.get(entry).and_then(|entry| entry.step.as_ref()),
        _ => None,
    };
    let errors: Vec<Value> = message.attempts.iter().chain(last).map(error_json).collect();
    let mut json = json!({ "messageId": message.id, "state": state, "retries": message.retries });
    // Only a plan knows which step its delivery executes.
    if let Some(step) = step.filter(|step| step.target.is_some()) {
        set(&mut json, "stepName", step.name.clone().into());
    }
    if let Some(expression) = &message.retry_delay {
        set(&mut json, "retryDelay", expression.as_str().into());
    }
    if !errors.is_empty() {
        set(&mut json, "errors", errors.into());
    }
    json
}

fn error_json(attempt: &Attempt) -> Value {
    let answer = &attempt.answer;
    let body = String::from_utf8_lossy(&answer.body);
    let error = if answer.status == 0 {
        body.clone().into_owned()
    } else {
        format!("{} {}", answer.status, reason(answer.status)).trim_end().to_owned()
    };
    json!({
        "error": error,
        "status": answer.status,
        "headers": answer.headers.to_lists(),
        "body": body,
        "time": attempt.at,
    })
}

/// Reason phrases of the statuses that endpoints fail with.
const fn reason(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        408 => "Request Timeout",
        409 => "Conflict",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}
