//! The end of runs, and their steps while they last: `/v2/workflows/runs`.

use serde_json::json;

use super::Engine;
use super::api::{ApiError, Request, Response};
use super::run::{Run, RunKey, RunState};
use super::time::Timestamp;

const DEFAULT_COUNT: usize = 100;

impl Engine {
    /// `GET /v2/workflows/runs/<id>`: the steps of a live run, for endpoints that got an empty delivery.
    pub(super) fn run_steps(&self, run_id: &str) -> Result<Response, ApiError> {
        let run = self.runs.live(run_id).and_then(|key| self.runs.by_key(key));
        let run = run.ok_or_else(|| ApiError::not_found("workflow run not found"))?;
        Ok(Response::json(200, &run.raw_steps(run.entries.len())))
    }

    /// `DELETE /v2/workflows/runs/<id>?cancel=`: the endpoint says that the route function returned, or wants to stop.
    pub(super) fn end_run(
        &mut self,
        run_id: &str,
        request: &Request,
        now: Timestamp,
    ) -> Result<Response, ApiError> {
        // A person who cancels a run by its id leaves the parameter out.
        let cancel = request.parameter("cancel").is_none_or(|value| value != "false");
        match self.runs.live(run_id) {
            Some(key) => {
                let response = String::from_utf8(request.body.clone()).ok().filter(|body| !body.is_empty());
                let state = if cancel { RunState::Canceled } else { RunState::Success };
                self.finish(key, state, response, now);
                Ok(Response::json(200, &json!({})))
            }
            // Ending a run twice is not an error, cancelling an unknown one is.
            None if !cancel && self.runs.key_of(run_id).is_some() => Ok(Response::json(200, &json!({}))),
            None => Err(ApiError::not_found("workflow run not found")),
        }
    }

    /// `DELETE /v2/workflows/runs`: cancels by ids or by filters; ids that are not live are ignored.
    pub(super) fn cancel_runs(&mut self, request: &Request, now: Timestamp) -> Result<Response, ApiError> {
        let parameters = request.parameters();
        let mut ids = Vec::new();
        let mut filter = RunFilter::default();
        let mut count = DEFAULT_COUNT;
        for (name, value) in parameters {
            match name.as_str() {
                "workflowRunIds" => ids.extend(value.split(',').map(str::to_owned)),
                "count" => {
                    count = value
                        .parse()
                        .map_err(|_| ApiError::bad_request("invalid count: expected a whole number"))?;
                }
                _ => filter.set(&name, value)?,
            }
        }
        let matching: Vec<RunKey> = if ids.is_empty() {
            let live = self.runs.newest_first().filter(|(_, run)| run.state == RunState::Started);
            live.filter(|(_, run)| filter.matches(run)).map(|(key, _)| key).take(count).collect()
        } else {
            ids.iter().filter_map(|id| self.runs.live(id)).collect()
        };
        for key in &matching {
            self.finish(*key, RunState::Canceled, None, now);
        }
        Ok(Response::json(200, &json!({ "cancelled": matching.len() })))
    }

    fn finish(&mut self, key: RunKey, state: RunState, response: Option<String>, now: Timestamp) {
        self.outbox.remove_run(key);
        self.waiters.drop_run(key);
        if let Some(run) = self.runs.by_key_mut(key) {
            run.state = state;
            run.completed_at = Some(now);
            run.response = response;
            let kind = if state == RunState::Success { "run_completed" } else { "run_canceled" };
            self.timeline.record(now, kind, json!({ "runId": run.id }));
        }
        self.end_invocation(key, now);
    }
}

/// Which runs a bulk cancellation means.
#[derive(Default)]
struct RunFilter {
    url: Option<String>,
    exact_url: bool,
    label: Option<String>,
    from: Option<u64>,
    to: Option<u64>,
    caller_ip: Option<String>,
    flow_key: Option<String>,
}

impl RunFilter {
    fn set(&mut self, name: &str, value: String) -> Result<(), ApiError> {
        let millis = |value: &str| {
            value
                .parse()
                .map_err(|_| ApiError::bad_request(format!("invalid {name}: expected epoch milliseconds")))
        };
        match name {
            "workflowUrl" => self.url = Some(value),
            "workflowUrlExactMatch" => self.exact_url = value == "true",
            "label" => self.label = Some(value),
            "fromDate" => self.from = Some(millis(&value)?),
            "toDate" => self.to = Some(millis(&value)?),
            "callerIp" | "callerIP" => self.caller_ip = Some(value),
            "flowControlKey" => self.flow_key = Some(value),
            "qstash_token" => {}
            _ => return Err(ApiError::bad_request(format!("unknown filter: {name}"))),
        }
        Ok(())
    }

    fn matches(&self, run: &Run) -> bool {
        let url = |url: &String| if self.exact_url { run.url == *url } else { run.url.starts_with(url) };
        let created = run.created_at.millis();
        let flow_key = run.settings.flow.as_ref().map(|flow| &flow.key);
        self.url.as_ref().is_none_or(url)
            && self.label.as_ref().is_none_or(|label| run.settings.labels.contains(label))
            && self.from.is_none_or(|from| created >= from)
            && self.to.is_none_or(|to| created <= to)
            && self.caller_ip.as_ref().is_none_or(|ip| run.settings.caller_ip == *ip)
            && self.flow_key.as_ref().is_none_or(|key| flow_key == Some(key))
    }
}
