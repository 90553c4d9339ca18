//! `context.call`: the server calls a third party and brings the answer to the workflow. Also callbacks of plain messages.

use serde_json::json;

use super::Engine;
use super::api::ApiError;
use super::failure::callback_headers;
use super::headers::Headers;
use super::message::{Answer, Message, Role};
use super::publish::{Publication, Published};
use super::retry::DEFAULT_RETRIES;
use super::run::{CallType, Entry};
use super::settings::{Callback, Directives};
use super::time::Timestamp;

impl Engine {
    /// A step asks for a third-party call; the message is recorded but never shown to the workflow as a step.
    pub(super) fn call(
        &mut self,
        run_id: &str,
        publication: Publication,
        directives: &Directives,
        now: Timestamp,
    ) -> Result<Published, ApiError> {
        let key = self.live_run(run_id)?;
        let Some(callback) = directives.callback.clone() else {
            return Err(ApiError::header(
                "Upstash-Callback",
                "a workflow call needs the URL of its workflow",
            ));
        };
        let step_id = callback.headers.value("Upstash-Forward-Upstash-Workflow-Stepid");
        let step_id = step_id.and_then(|id| id.parse().ok());
        let mut headers = directives.forward.clone();
        if let Some(content_type) = &directives.content_type {
            headers.insert("Content-Type", content_type);
        }
        let message = Message {
            id: self.ids.message(),
            run: Some(key),
            role: Role::Call { callback, step_id },
            url: publication.destination.clone(),
            method: directives.method.clone().unwrap_or_else(|| "POST".to_owned()),
            headers,
            body: publication.body.clone(),
            retries: directives.retries.unwrap_or(DEFAULT_RETRIES),
            retry_delay: directives.retry_delay.clone(),
            flow: directives.flow.clone(),
            timeout_ms: directives.timeout_ms,
            caller_ip: publication.caller_ip,
            created_at: now,
            not_before: directives.due(now, |ms| self.scaled(ms)),
            retried: 0,
            attempts: Vec::new(),
        };
        let message_id = message.id.clone();
        if let Some(run) = self.runs.by_key_mut(key) {
            let entry =
                call_entry(&message, CallType::ToCallback, publication.destination, publication.body, now);
            run.entries.push(entry);
        }
        self.timeline.record(
            now,
            "call_started",
            json!({ "runId": run_id, "messageId": message_id, "url": message.url, "stepId": step_id }),
        );
        self.outbox.push(message);
        Ok(Published { message_id, deduplicated: false, run: None })
    }

    /// The third party answered, or was given up on: either way the workflow hears of it.
    pub(super) fn return_call(&mut self, call: &Message, answer: &Answer, now: Timestamp) {
        let (Role::Call { callback, step_id }, Some(key)) = (&call.role, call.run) else { return };
        if !self.runs.is_live(key) {
            return;
        }
        let mut message = self.callback_message(call, callback, answer, now);
        message.run = Some(key);
        message.role = Role::CallResult { step_id: *step_id };
        if let Some(run) = self.runs.by_key_mut(key) {
            message.flow = message.flow.or_else(|| run.settings.flow.clone());
            message.retry_delay = message.retry_delay.or_else(|| run.settings.retry_delay.clone());
            if callback.headers.value("Upstash-Retries").is_none() {
                message.retries = run.settings.retries;
            }
            let body = message.body.clone();
            let entry = call_entry(&message, CallType::FromCallback, callback.url.clone(), body, now);
            run.entries.push(entry);
        }
        self.outbox.push(message);
    }

    /// Queues the callback of a plain message.
    pub(super) fn call_back(
        &mut self,
        source: &Message,
        callback: &Callback,
        answer: &Answer,
        now: Timestamp,
    ) {
        let message = self.callback_message(source, callback, answer, now);
        self.outbox.push(message);
    }

    fn callback_message(
        &mut self,
        source: &Message,
        callback: &Callback,
        answer: &Answer,
        now: Timestamp,
    ) -> Message {
        // Parsed when it was published, so that this cannot fail; without directives the defaults hold.
        let directives = Directives::parse(&callback.headers).unwrap_or_default();
        Message {
            id: self.ids.message(),
            run: None,
            role: Role::Plain { callback: None, failure_callback: None },
            url: callback.url.clone(),
            method: directives.method.clone().unwrap_or_else(|| "POST".to_owned()),
            headers: callback_headers(&directives),
            body: self.callback_body(source, answer, &source.body).to_string().into_bytes(),
            retries: directives.retries.unwrap_or(source.retries),
            retry_delay: directives.retry_delay.clone(),
            flow: directives.flow.clone(),
            timeout_ms: directives.timeout_ms,
            caller_ip: source.caller_ip.clone(),
            created_at: now,
            not_before: directives.due(now, |ms| self.scaled(ms)),
            retried: 0,
            attempts: Vec::new(),
        }
    }
}

fn call_entry(message: &Message, call_type: CallType, url: String, body: Vec<u8>, now: Timestamp) -> Entry {
    Entry {
        message_id: message.id.clone(),
        body,
        call_type,
        step: None,
        url,
        method: message.method.clone(),
        forward: Headers::new(),
        created_at: now,
    }
}
