//! A message becomes an HTTP request: headers, body, signature.
//! Sources: QStash documentation "Receiving", headers that `@upstash/workflow` reads.

use std::fmt;

use serde_json::json;

use super::Engine;
use super::headers::Headers;
use super::message::{Answer, Message, Role};
use super::outbox::DeliveryId;
use super::run::{Protocol, Run};
use super::sign::sign;
use super::switches::{CallbackRunIdHeader, LazyFetch};
use super::time::Timestamp;

/// One HTTP request to a destination. The shell sends it and reports the [`Outcome`].
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// To be given back with the outcome.
    pub id: DeliveryId,
    /// Method in upper case.
    pub method: String,
    /// The destination as published; the signature covers exactly this.
    pub url: String,
    /// Every header field that the destination gets, besides those of the connection.
    pub headers: Headers,
    /// Body bytes.
    pub body: Vec<u8>,
    /// When to give up, in milliseconds.
    pub timeout_ms: u64,
}

/// How a delivery ended.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The destination answered.
    Answered {
        /// HTTP status.
        status: u16,
        /// Header fields.
        headers: Headers,
        /// Body bytes.
        body: Vec<u8>,
    },
    /// No answer came within the time limit.
    TimedOut,
    /// No connection, or a connection that broke before the answer.
    Unreachable,
}

/// Without body: it holds payloads.
impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("id", &self.id)
            .field("method", &self.method)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// Without body: it may hold payloads.
impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered { status, .. } => {
                f.debug_struct("Answered").field("status", status).finish_non_exhaustive()
            }
            Self::TimedOut => f.write_str("TimedOut"),
            Self::Unreachable => f.write_str("Unreachable"),
        }
    }
}

impl From<Outcome> for Answer {
    fn from(outcome: Outcome) -> Self {
        let silent = |text: &str| Self { body: text.as_bytes().to_vec(), ..Self::default() };
        match outcome {
            Outcome::Answered { status, headers, body } => Self { status, headers, body },
            Outcome::TimedOut => silent("the destination did not answer within the time limit"),
            Outcome::Unreachable => silent("could not reach the destination"),
        }
    }
}

impl Engine {
    /// Builds the request for a delivery that has begun; `None` if its message is gone.
    pub(super) fn build_delivery(
        &mut self,
        id: DeliveryId,
        message_id: &str,
        now: Timestamp,
    ) -> Option<Delivery> {
        let message = self.outbox.message(message_id)?;
        let run = message.run.and_then(|key| self.runs.by_key(key));
        let body = self.delivered_body(message, run);
        let mut headers = match (&message.role, run) {
            (Role::Step { entry }, Some(run)) => step_headers(message, run, *entry),
            (Role::CallResult { .. }, Some(run)) => call_result_headers(message, run),
            (Role::FailureCallback { .. }, Some(run)) => self.failure_headers(message, run),
            _ => message.headers.clone(),
        };
        self.add_common(&mut headers, message);
        let token_id = self.ids.token();
        let message = self.outbox.message(message_id)?;
        let key = &self.config.credentials.current_key;
        headers.insert("Upstash-Signature", sign(key, &message.url, &body, &token_id, now));
        // Not scaled: endpoints take the time that they take.
        let limit = self.config.delivery_timeout_ms;
        let timeout_ms = message.timeout_ms.map_or(limit, |asked| asked.min(limit));
        Some(Delivery {
            id,
            method: message.method.clone(),
            url: message.url.clone(),
            headers,
            body,
            timeout_ms,
        })
    }

    fn delivered_body(&self, message: &Message, run: Option<&Run>) -> Vec<u8> {
        let lazy = self.config.switches.lazy_fetch == LazyFetch::On;
        match (&message.role, run) {
            (Role::Step { .. } | Role::CallResult { .. }, Some(run))
                if lazy && run.settings.has_feature("LazyFetch") =>
            {
                Vec::new()
            }
            (Role::Step { entry }, Some(run)) => {
                // A prefix, not everything so far: the SDK looks at the last entry to see which branch is meant.
                serde_json::to_vec(&run.raw_steps(entry + 1)).unwrap_or_default()
            }
            _ => message.body.clone(),
        }
    }

    /// Headers of the failure callback's own, over those of the run that failed.
    fn failure_headers(&self, message: &Message, run: &Run) -> Headers {
        let mut headers = message.headers.clone();
        let run_id = match self.config.switches.callback_run_id_header {
            CallbackRunIdHeader::New => &run.id,
            CallbackRunIdHeader::Original => &run.original_id,
        };
        headers.insert("Upstash-Workflow-RunId", run_id);
        headers.insert("Upstash-Workflow-Init", "false");
        headers.insert("Upstash-Workflow-Url", &run.url);
        headers.insert("Upstash-Workflow-CallType", "failureCall");
        headers.insert("Upstash-Workflow-CreatedAt", run.created_at.millis().to_string());
        add_labels(&mut headers, run);
        headers
    }

    /// What every delivery carries.
    fn add_common(&self, headers: &mut Headers, message: &Message) {
        headers.insert("Upstash-Message-Id", &message.id);
        headers.insert("Upstash-Retried", message.retried.to_string());
        headers.insert("Upstash-Retries", message.retries.to_string());
        if let Some(expression) = &message.retry_delay {
            headers.insert("Upstash-Retry-Delay", expression.as_str());
        }
        if let Some(flow) = &message.flow {
            headers.insert("Upstash-Flow-Control-Key", &flow.key);
            headers.insert("Upstash-Flow-Control-Value", flow.limits.to_header());
        }
        if let Some(region) = &self.config.region {
            headers.insert("Upstash-Region", region);
        }
        if !message.caller_ip.is_empty() {
            headers.insert("Upstash-Caller-Ip", &message.caller_ip);
        }
        headers.insert("User-Agent", "Upstash-QStash");
    }

    /// Records that a delivery was answered, or was not.
    pub(super) fn record_delivery(&mut self, message_id: &str, answer: &Answer, now: Timestamp) {
        let Some(message) = self.outbox.message(message_id) else { return };
        let run = message.run.and_then(|key| self.runs.by_key(key));
        let step = match message.role {
            Role::Step { entry } => run.and_then(|run| run.entries.get(entry)),
            _ => None,
        };
        let step = step.map(|entry| entry.step.as_ref().map_or("init", |step| step.name.as_str()));
        let kind = match message.role {
            Role::Call { .. } => "call_delivery",
            Role::CallResult { .. } => "call_result_delivery",
            Role::FailureCallback { .. } => "callback_sent",
            Role::Plain { .. } => "message_delivery",
            Role::Step { .. } => "delivery",
        };
        let fields = json!({
            "runId": run.map(|run| &run.id),
            "step": step,
            "attempt": message.retried + 1,
            "status": answer.status,
            "url": message.url,
            "messageId": message.id,
        });
        self.timeline.record(now, kind, fields);
    }
}

/// Source-of-run headers: settings of the trigger hold for every later delivery.
fn step_headers(message: &Message, run: &Run, entry: usize) -> Headers {
    let mut headers = run.settings.forward.clone();
    headers.merge(&message.headers);
    if run.settings.protocol == Protocol::Unknown {
        headers.remove("Upstash-Workflow-Sdk-Version");
        headers.insert("Upstash-Workflow-Unknown-Sdk", "true");
    } else {
        headers.insert("Upstash-Workflow-Sdk-Version", "1");
    }
    headers.insert("Upstash-Workflow-Init", if entry == 0 { "true" } else { "false" });
    add_run(&mut headers, run);
    headers.insert("Upstash-Workflow-CallType", "step");
    headers
}

/// Without the SDK version: with it, the SDK would take the callback for a list of steps.
fn call_result_headers(message: &Message, run: &Run) -> Headers {
    let mut headers = run.settings.forward.clone();
    headers.merge(&message.headers);
    headers.remove("Upstash-Workflow-Sdk-Version");
    headers.insert("Upstash-Workflow-Init", "false");
    add_run(&mut headers, run);
    headers.insert("Upstash-Workflow-CallType", "fromCallback");
    headers
}

fn add_run(headers: &mut Headers, run: &Run) {
    headers.insert("Upstash-Workflow-RunId", &run.id);
    headers.insert("Upstash-Workflow-Url", &run.url);
    headers.insert("Upstash-Workflow-CreatedAt", run.created_at.millis().to_string());
    if let Some(content_type) = &run.settings.content_type {
        headers.insert("Content-Type", content_type);
    }
    add_labels(headers, run);
}

fn add_labels(headers: &mut Headers, run: &Run) {
    if !run.settings.labels.is_empty() {
        headers.insert("Upstash-Label", run.settings.labels.join(","));
    }
}
