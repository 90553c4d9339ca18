//! `context.invoke`: a run starts another one and gets its result as a step.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Engine;
use super::api::ApiError;
use super::headers::Headers;
use super::json::set;
use super::publish::{Publication, Published};
use super::run::{CallType, Entry, Invoker, Protocol, RunKey, RunState, Step};
use super::settings::Directives;
use super::time::Timestamp;
use super::trigger::NewRun;

/// What the SDK wraps around the child's payload.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    #[serde(default)]
    body: Option<Value>,
    #[serde(default)]
    headers: std::collections::BTreeMap<String, Vec<String>>,
    workflow_run_id: String,
    #[serde(default)]
    workflow_run_created_at: Value,
    workflow_url: String,
    step: Value,
}

impl Engine {
    pub(super) fn invoke(
        &mut self,
        publication: &Publication,
        directives: Directives,
        now: Timestamp,
    ) -> Result<Published, ApiError> {
        let envelope: Envelope = serde_json::from_slice(&publication.body).map_err(|_| {
            ApiError::bad_request("invalid invoke: expected {body, workflowRunId, workflowUrl, step}")
        })?;
        self.live_run(&envelope.workflow_run_id)?;
        if Step::from_json(&envelope.step).is_none() {
            return Err(ApiError::bad_request("invalid invoke: step needs stepId, stepName and stepType"));
        }
        let payload = match envelope.body {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::String(text)) => text.into_bytes(),
            Some(other) => other.to_string().into_bytes(),
        };
        let mut parent_headers = Headers::new();
        for (name, values) in &envelope.headers {
            for value in values {
                parent_headers.append(name, value);
            }
        }
        let child = Publication { body: payload, ..publication.clone() };
        let mut new = NewRun::from_publication(child, directives, Protocol::Sdk);
        let parent_run_id = envelope.workflow_run_id.clone();
        new.invoker = Some(Invoker {
            run_id: envelope.workflow_run_id,
            run_created_at: envelope.workflow_run_created_at,
            url: envelope.workflow_url,
            step: envelope.step,
            forward: parent_headers.rebased("Upstash-Forward-", ""),
        });
        let published = self.trigger(new, now);
        let child_id = published.run.as_ref().map(|(id, _)| id);
        self.timeline.record(now, "invoked", json!({ "runId": parent_run_id, "invokedRunId": child_id }));
        Ok(published)
    }

    /// A run ended: the one that invoked it, if any, gets the result as a step.
    pub(super) fn end_invocation(&mut self, key: RunKey, now: Timestamp) {
        let Some(run) = self.runs.by_key(key) else { return };
        let Some(invoker) = &run.invoker else { return };
        let Some(parent) = self.runs.live(&invoker.run_id) else { return };
        let out = match (run.state, &run.failure) {
            (RunState::Failed, Some(failure)) => {
                json!({ "body": String::from_utf8_lossy(&failure.answer.body), "isFailed": true })
            }
            (RunState::Canceled, _) => json!({ "body": "", "isCanceled": true }),
            _ => json!({ "body": run.response.clone().unwrap_or_default() }),
        };
        let mut step = invoker.step.clone();
        set(&mut step, "out", out.to_string().into());
        let entry = Entry {
            message_id: String::new(),
            step: Step::from_json(&step),
            body: step.to_string().into_bytes(),
            call_type: CallType::Step,
            url: invoker.url.clone(),
            method: "POST".to_owned(),
            forward: invoker.forward.clone(),
            created_at: now,
        };
        let entry = Entry { message_id: self.ids.message(), ..entry };
        self.record_step(parent, entry, now, None, now);
    }
}
