//! A run fails: it enters the dead letter queue, and its failure callback goes out.
//! Sources: QStash documentation "Callbacks" (body), `@upstash/workflow` (workflowRunId, workflowCreatedAt).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::Engine;
use super::api::{ApiError, Response};
use super::dlq::{CallbackRecord, CallbackState, EntryId, Failure};
use super::headers::Headers;
use super::json::set;
use super::message::{Answer, Message, Role};
use super::run::{Run, RunKey, RunState};
use super::settings::{Callback, Directives};
use super::switches::{CallbackDlqId, CreatedAt, SourceHeader};
use super::time::Timestamp;

impl Engine {
    /// Ends a live run because `message` could not be delivered.
    pub(super) fn fail_run(&mut self, key: RunKey, message: Message, answer: &Answer, now: Timestamp) {
        if !self.runs.is_live(key) {
            return;
        }
        let outstanding = self.outbox.remove_run(key);
        self.waiters.drop_run(key);
        let dlq_id = self.dlq.next_id(now);
        self.dlq.insert(dlq_id, key);
        let Some(run) = self.runs.by_key_mut(key) else { return };
        run.state = RunState::Failed;
        run.completed_at = Some(now);
        run.failure = Some(Failure {
            dlq_id: dlq_id.to_string(),
            failed_at: now,
            message,
            answer: answer.clone(),
            outstanding,
            callback: None,
        });
        let run_id = run.id.clone();
        let error_step = answer.headers.value("Upstash-Error-Step-Name");
        self.timeline.record(
            now,
            "run_failed",
            json!({ "runId": run_id, "status": answer.status, "step": error_step }),
        );
        self.timeline.record(now, "dlq_entry", json!({ "runId": run_id, "dlqId": dlq_id.to_string() }));
        self.send_failure_callback(key, now);
        self.end_invocation(key, now);
    }

    /// Queues the failure callback of a failed run, where it has one.
    pub(super) fn send_failure_callback(&mut self, key: RunKey, now: Timestamp) {
        let Some(run) = self.runs.by_key(key) else { return };
        let (Some(callback), Some(failure)) = (run.settings.failure_callback.clone(), &run.failure) else {
            return;
        };
        let body = self.failure_body(run, failure);
        // Parsed when it was published, so that this cannot fail; without directives the defaults hold.
        let directives = Directives::parse(&callback.headers).unwrap_or_default();
        let dlq_id = failure.dlq_id.clone();
        let retries = directives.retries.unwrap_or(failure.message.retries);
        let caller_ip = run.settings.caller_ip.clone();
        let message = Message {
            id: self.ids.message(),
            run: Some(key),
            role: Role::FailureCallback { dlq_id },
            url: callback.url.clone(),
            method: directives.method.clone().unwrap_or_else(|| "POST".to_owned()),
            headers: callback_headers(&directives),
            body,
            retries,
            retry_delay: directives.retry_delay.clone(),
            flow: directives.flow.clone(),
            timeout_ms: directives.timeout_ms,
            caller_ip,
            created_at: now,
            not_before: directives.due(now, |ms| self.scaled(ms)),
            retried: 0,
            attempts: Vec::new(),
        };
        let lost = self.losses.next();
        let (run_id, lost_id) = (run.id.clone(), failure.dlq_id.clone());
        let record = CallbackRecord {
            state: lost.unwrap_or(CallbackState::InProgress),
            message_id: message.id.clone(),
            url: callback.url,
            headers: message.headers.clone(),
            answer: None,
        };
        if let Some(failure) = self.runs.by_key_mut(key).and_then(|run| run.failure.as_mut()) {
            failure.callback = Some(record);
        }
        if lost.is_none() {
            return self.outbox.push(message);
        }
        self.timeline.record(now, "callback_lost", json!({ "runId": run_id, "dlqId": lost_id }));
    }

    /// The failure callback succeeded, or failed for good.
    pub(super) fn settle_callback(
        &mut self,
        message: &Message,
        dlq_id: &str,
        state: CallbackState,
        answer: Answer,
        now: Timestamp,
    ) {
        let run = message.run.and_then(|key| self.runs.by_key_mut(key));
        let run_id = run.as_ref().map(|run| run.id.clone());
        let status = answer.status;
        if let Some(record) = run.and_then(|run| run.failure.as_mut()).and_then(|f| f.callback.as_mut()) {
            record.state = state;
            record.answer = Some(answer);
        }
        let kind = if state == CallbackState::Success { "callback_done" } else { "callback_failed" };
        let fields = json!({ "runId": run_id, "dlqId": dlq_id, "status": status, "url": message.url });
        self.timeline.record(now, kind, fields);
    }

    /// `POST /v2/workflows/dlq/callback/<id>`: sends a failed callback again.
    pub(super) fn retry_callback(&mut self, dlq_id: &str, now: Timestamp) -> Result<Response, ApiError> {
        let key = self.entry_run(dlq_id)?;
        self.expect_callback(key, CallbackState::Fail, "it has not failed")?;
        self.send_failure_callback(key, now);
        let run = self.runs.by_key(key).map(
            |run| json!({ "workflowRunId": run.id, "workflowCreatedAt": self.written_time(run.created_at) }),
        );
        Ok(Response::json(200, &run))
    }

    /// `DELETE /v2/workflows/dlq/callback/<id>`: withdraws a callback that is on its way.
    pub(super) fn cancel_callback(&mut self, dlq_id: &str, now: Timestamp) -> Result<Response, ApiError> {
        let key = self.entry_run(dlq_id)?;
        self.expect_callback(key, CallbackState::InProgress, "it is not in progress")?;
        let record = self.runs.by_key_mut(key).and_then(|run| run.failure.as_mut()?.callback.as_mut());
        if let Some(record) = record {
            record.state = CallbackState::Canceled;
            let message_id = record.message_id.clone();
            self.outbox.remove(&message_id);
        }
        self.timeline.record(now, "callback_canceled", json!({ "dlqId": dlq_id }));
        // The OpenAPI documents 302 as the answer of success; there is nowhere to go.
        Ok(Response::empty(302))
    }

    /// A time in the form that the `created-at` switch asks for.
    pub(super) fn written_time(&self, at: Timestamp) -> Value {
        match self.config.switches.created_at {
            CreatedAt::Number => at.millis().into(),
            CreatedAt::String => at.millis().to_string().into(),
        }
    }

    /// A callback about any message: a call's result, or the callback of a plain message.
    pub(super) fn callback_body(&self, message: &Message, answer: &Answer, source_body: &[u8]) -> Value {
        json!({
            "status": answer.status,
            "header": answer.headers.to_lists(),
            "body": STANDARD.encode(&answer.body),
            "retried": message.retried,
            "maxRetries": message.retries,
            "sourceMessageId": message.id,
            "url": message.url,
            "method": message.method,
            "sourceHeader": self.written_headers(&message.headers),
            "sourceBody": STANDARD.encode(source_body),
            "notBefore": self.written_time(message.not_before),
            "createdAt": self.written_time(message.created_at),
            "callerIP": message.caller_ip,
        })
    }

    fn failure_body(&self, run: &Run, failure: &Failure) -> Vec<u8> {
        // A workflow's callback carries the initial payload, whichever step failed.
        let mut body = self.callback_body(&failure.message, &failure.answer, run.payload());
        set(&mut body, "url", run.url.clone().into());
        set(&mut body, "sourceHeader", self.written_headers(&initial_headers(run)));
        set(&mut body, "workflowRunId", run.id.clone().into());
        set(&mut body, "workflowCreatedAt", self.written_time(run.created_at));
        if self.config.switches.callback_dlq_id == CallbackDlqId::Present {
            set(&mut body, "dlqId", failure.dlq_id.clone().into());
        }
        body.to_string().into_bytes()
    }

    fn written_headers(&self, headers: &Headers) -> Value {
        match self.config.switches.source_header {
            SourceHeader::List => headers.to_lists(),
            SourceHeader::String => headers.to_strings(),
        }
    }

    fn entry_run(&self, dlq_id: &str) -> Result<RunKey, ApiError> {
        let id = EntryId::parse(dlq_id).ok_or_else(|| ApiError::bad_request("invalid DLQ id"))?;
        let entry = self.dlq.entry(id).ok_or_else(|| ApiError::not_found("DLQ message not found"))?;
        Ok(entry.run)
    }

    fn expect_callback(&self, key: RunKey, state: CallbackState, otherwise: &str) -> Result<(), ApiError> {
        let failure = self.runs.by_key(key).and_then(|run| run.failure.as_ref());
        match failure.and_then(|failure| failure.callback.as_ref()) {
            None => Err(ApiError::bad_request("the workflow run has no failure callback")),
            Some(callback) if callback.state == state => Ok(()),
            Some(_) => {
                Err(ApiError::bad_request(format!("the failure callback cannot be changed: {otherwise}")))
            }
        }
    }
}

/// What the run was triggered with, as DLQ entries and callbacks report it.
pub(super) fn initial_headers(run: &Run) -> Headers {
    let mut headers = run.settings.forward.clone();
    if let Some(content_type) = &run.settings.content_type {
        headers.insert("Content-Type", content_type);
    }
    headers.insert("Upstash-Workflow-Runid", &run.id);
    headers.insert("Upstash-Workflow-Url", &run.url);
    headers.insert("Upstash-Workflow-Init", "true");
    if !run.settings.labels.is_empty() {
        headers.insert("Upstash-Label", run.settings.labels.join(","));
    }
    headers
}

/// The fields that a callback forwards. Its body is always JSON.
pub(super) fn callback_headers(directives: &Directives) -> Headers {
    let mut headers = directives.forward.clone();
    headers.insert("Content-Type", "application/json");
    headers
}

/// A callback with nothing but a URL.
pub(super) fn bare(url: String) -> Callback {
    Callback { url, headers: Headers::new() }
}
