//! Entries for tests that need a queue but no workflow.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::Engine;
use super::super::headers::Headers;
use super::super::message::{Answer, Message, Role};
use super::super::publish::Publication;
use super::super::retry::DEFAULT_RETRIES;
use super::super::run::{CallType, Entry, Protocol, Run, RunState};
use super::super::settings::Directives;
use super::super::time::Timestamp;
use super::super::trigger::NewRun;
use super::{CallbackRecord, CallbackState, Failure};

/// A failed run to be planted. Every field is optional.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Planted {
    /// How many entries. Default: 1.
    pub count: usize,
    /// Default: generated. With a count above 1, `-<n>` is added.
    pub workflow_run_id: Option<String>,
    /// Where a resumed run is delivered. Default: `http://127.0.0.1:9/workflow`, which refuses connections.
    pub workflow_url: String,
    /// Epoch milliseconds. Default: when it failed.
    pub workflow_created_at: Option<u64>,
    /// When it failed, in epoch milliseconds. Default: the present.
    pub failed_at: Option<u64>,
    /// With a count above 1: how many milliseconds each failed after the one before. Default: 0.
    pub spread: u64,
    /// Status of the failed delivery's answer. Default: 500.
    pub response_status: u16,
    /// Its body. Default: an SDK's error JSON.
    pub response_body: String,
    /// Its headers. Default: none.
    pub response_header: BTreeMap<String, String>,
    /// The run's payload. Default: `{}`.
    pub body: String,
    /// The run's headers, as a publisher would send them (`Upstash-…`). Default: none.
    pub headers: BTreeMap<String, String>,
    /// Retries of the run's deliveries. Default: 3.
    pub max_retries: u32,
    /// Flow control of the run. Default: none.
    pub flow_control_key: Option<String>,
    /// Limits of the key, such as `parallelism=3, rate=10`. Default: `parallelism=10`.
    pub flow_control_value: String,
    /// Labels of the run. Default: none.
    pub labels: Vec<String>,
    /// Where the run's failures are reported. Default: nowhere. Planting itself sends no callback.
    pub failure_callback: Option<String>,
    /// State of the failure callback that is claimed to have been sent; without `failureCallback` it went to the
    /// workflow's URL. Default: none was sent.
    #[serde(alias = "failureCallbackState")]
    pub failure_function_state: Option<String>,
    /// Address of the publisher. Default: `127.0.0.1`.
    pub caller_ip: String,
}

impl Default for Planted {
    fn default() -> Self {
        Self {
            count: 1,
            workflow_run_id: None,
            workflow_url: "http://127.0.0.1:9/workflow".to_owned(),
            workflow_created_at: None,
            failed_at: None,
            spread: 0,
            response_status: 500,
            response_body: r#"{"error":"Error","message":"planted"}"#.to_owned(),
            response_header: BTreeMap::new(),
            body: "{}".to_owned(),
            headers: BTreeMap::new(),
            max_retries: DEFAULT_RETRIES,
            flow_control_key: None,
            flow_control_value: "parallelism=10".to_owned(),
            labels: Vec::new(),
            failure_callback: None,
            failure_function_state: None,
            caller_ip: "127.0.0.1".to_owned(),
        }
    }
}

impl Engine {
    /// Puts failed runs into the dead letter queue; `{dlqId, workflowRunId}` of each. An error says what is wrong.
    pub fn plant(&mut self, planted: &Planted, now: Timestamp) -> Result<Vec<Value>, String> {
        let mut headers: Headers =
            planted.headers.iter().map(|(name, value)| (name, value.as_str())).collect();
        headers.insert("Upstash-Workflow-Sdk-Version", "1");
        if !planted.labels.is_empty() {
            headers.insert("Upstash-Label", planted.labels.join(","));
        }
        headers.insert("Upstash-Retries", planted.max_retries.to_string());
        if let Some(key) = &planted.flow_control_key {
            headers.insert("Upstash-Flow-Control-Key", key);
            headers.insert("Upstash-Flow-Control-Value", &planted.flow_control_value);
        }
        let called = planted.failure_function_state.as_ref().map(|_| &planted.workflow_url);
        if let Some(url) = planted.failure_callback.as_ref().or(called) {
            headers.insert("Upstash-Failure-Callback", url);
        }
        let state = planted.failure_function_state.as_deref().map(CallbackState::parse).transpose()?;
        (0..planted.count)
            .map(|index| {
                let publication = Publication {
                    destination: planted.workflow_url.clone(),
                    headers: headers.clone(),
                    body: planted.body.clone().into_bytes(),
                    caller_ip: planted.caller_ip.clone(),
                };
                let directives = Directives::parse(&headers).map_err(|error| error.message)?;
                let new = NewRun::from_publication(publication, directives, Protocol::Sdk);
                Ok(self.plant_one(planted, index, new, state, now))
            })
            .collect()
    }

    fn plant_one(
        &mut self,
        planted: &Planted,
        index: usize,
        new: NewRun,
        state: Option<CallbackState>,
        now: Timestamp,
    ) -> Value {
        let later = planted.spread.saturating_mul(index as u64);
        let failed_at = planted.failed_at.unwrap_or(now.millis()).saturating_add(later);
        let failed_at = Timestamp::from_millis(failed_at);
        let run_id = match &planted.workflow_run_id {
            Some(id) if planted.count > 1 => format!("{id}-{index}"),
            Some(id) => id.clone(),
            None => self.ids.run(),
        };
        let message = planted_message(self.ids.message(), &new, failed_at);
        let entry = Entry {
            message_id: message.id.clone(),
            body: new.payload,
            call_type: CallType::Step,
            step: None,
            url: new.url.clone(),
            method: new.method,
            forward: Headers::new(),
            created_at: failed_at,
        };
        let dlq_id = self.dlq.next_id(failed_at);
        let callback =
            new.settings.failure_callback.as_ref().zip(state).map(|(callback, state)| CallbackRecord {
                state,
                message_id: self.ids.message(),
                url: callback.url.clone(),
                headers: Headers::new(),
                answer: None,
            });
        let key = self.runs.insert(Run {
            id: run_id.clone(),
            url: new.url,
            created_at: planted.workflow_created_at.map_or(failed_at, Timestamp::from_millis),
            state: RunState::Failed,
            completed_at: Some(failed_at),
            response: None,
            settings: new.settings,
            entries: vec![entry],
            invoker: None,
            failure: Some(Failure {
                dlq_id: dlq_id.to_string(),
                failed_at,
                message,
                answer: Answer {
                    status: planted.response_status,
                    headers: planted
                        .response_header
                        .iter()
                        .map(|(name, value)| (name, value.as_str()))
                        .collect(),
                    body: planted.response_body.clone().into_bytes(),
                },
                outstanding: Vec::new(),
                callback,
            }),
            early_events: BTreeMap::new(),
            original_id: run_id.clone(),
        });
        self.dlq.insert(dlq_id, key);
        let ids = json!({ "dlqId": dlq_id.to_string(), "workflowRunId": run_id });
        self.timeline.record(
            now,
            "dlq_entry",
            json!({ "runId": run_id, "dlqId": dlq_id.to_string(), "planted": true }),
        );
        ids
    }
}

fn planted_message(id: String, new: &NewRun, now: Timestamp) -> Message {
    Message {
        id,
        run: None,
        role: Role::Step { entry: 0 },
        url: new.url.clone(),
        method: new.method.clone(),
        headers: Headers::new(),
        body: Vec::new(),
        retries: new.settings.retries,
        retry_delay: new.settings.retry_delay.clone(),
        flow: new.settings.flow.clone(),
        timeout_ms: new.settings.timeout_ms,
        caller_ip: new.settings.caller_ip.clone(),
        created_at: now,
        not_before: now,
        retried: new.settings.retries,
        attempts: Vec::new(),
    }
}
