//! `/v2/publish`, `/v2/batch` and their trigger forms: a message arrives and its headers say what it is.
//! Source: QStash OpenAPI; headers of workflow messages as `@upstash/workflow` sends them.

use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{ApiError, Request, Response, decode};
use super::headers::Headers;
use super::json::set;
use super::message::{Message, Role};
use super::retry::DEFAULT_RETRIES;
use super::run::Protocol;
use super::settings::{Directives, is_absolute_url};
use super::time::Timestamp;
use super::{Engine, trigger};

/// A message as it was published.
#[derive(Clone, Debug)]
pub(crate) struct Publication {
    pub(crate) destination: String,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
    pub(crate) caller_ip: String,
}

/// What became of a publication.
pub(crate) struct Published {
    pub(crate) message_id: String,
    pub(crate) deduplicated: bool,
    /// Of a trigger: the run and when it was created.
    pub(crate) run: Option<(String, Timestamp)>,
}

#[derive(Deserialize)]
struct BatchItem {
    destination: String,
    #[serde(default)]
    headers: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    body: Option<Value>,
}

/// Whether the call itself says that its messages trigger workflows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Publish,
    Trigger,
    BatchTrigger,
}

/// `POST /v2/publish/<destination>`.
pub(crate) fn publish(engine: &mut Engine, request: &Request, rest: &str, now: Timestamp) -> Response {
    match engine.accept(publication(request, rest), Form::Publish, now) {
        Ok(published) => {
            Response::json(if published.deduplicated { 202 } else { 201 }, &published.to_message())
        }
        Err(error) => error.into(),
    }
}

/// `POST /v2/trigger/<destination>`.
pub(crate) fn trigger(engine: &mut Engine, request: &Request, rest: &str, now: Timestamp) -> Response {
    match engine.accept(publication(request, rest), Form::Trigger, now) {
        Ok(published) => Response::json(200, &engine.to_run(&published)),
        Err(error) => error.into(),
    }
}

/// `POST /v2/batch` and `/v2/batch/trigger`: an array of results and errors in the order of the items.
pub(crate) fn batch(engine: &mut Engine, request: &Request, form: Form, now: Timestamp) -> Response {
    let Ok(items) = serde_json::from_slice::<Vec<BatchItem>>(&request.body) else {
        let message = "invalid batch: expected a JSON array of {destination, headers, body}";
        return ApiError::bad_request(message).into();
    };
    let mut status = if form == Form::BatchTrigger { 201 } else { 200 };
    let mut results = Vec::with_capacity(items.len());
    for item in items {
        let publication = Publication {
            destination: item.destination,
            headers: item
                .headers
                .iter()
                .collect::<Vec<_>>()
                .into_iter()
                .map(|(n, v)| (n, v.as_str()))
                .collect(),
            body: item.body.map(body_bytes).unwrap_or_default(),
            caller_ip: request.caller_ip.clone(),
        };
        results.push(match engine.accept(publication, form, now) {
            Ok(published) if form == Form::BatchTrigger => engine.to_run(&published),
            Ok(published) => published.to_message(),
            Err(error) => {
                // The first refusal decides the status; the items before it have been acted upon.
                status = if status < 400 { error.status } else { status };
                error.to_json()
            }
        });
    }
    Response::json(status, &results)
}

impl Published {
    fn to_message(&self) -> Value {
        let mut json = json!({ "messageId": self.message_id });
        if self.deduplicated {
            set(&mut json, "deduplicated", true.into());
        }
        json
    }
}

impl Engine {
    fn to_run(&self, published: &Published) -> Value {
        let mut json = published.run.as_ref().map_or_else(
            || json!({ "messageId": published.message_id }),
            |(id, at)| json!({ "workflowRunId": id, "workflowCreatedAt": self.written_time(*at) }),
        );
        if published.deduplicated {
            set(&mut json, "deduplicated", true.into());
        }
        json
    }

    /// Decides by its headers what a message is, and acts on it.
    fn accept(
        &mut self,
        publication: Publication,
        form: Form,
        now: Timestamp,
    ) -> Result<Published, ApiError> {
        let headers = &publication.headers;
        if !is_absolute_url(&publication.destination) {
            let message = "invalid destination url: expected an absolute http:// or https:// URL";
            return Err(ApiError::bad_request(message));
        }
        let directives = Directives::parse(headers)?;
        let run_id = headers.value("Upstash-Workflow-Runid").map(str::to_owned);
        let by_sdk = headers.value("Upstash-Workflow-Sdk-Version").is_some()
            || directives.forward.value("Upstash-Workflow-Sdk-Version").is_some();
        if headers.is_true("Upstash-Workflow-Invoke") {
            return self.invoke(&publication, directives, now);
        }
        if form != Form::Publish || headers.is_true("Upstash-Workflow-Init") {
            let protocol = match form {
                _ if by_sdk => Protocol::Sdk,
                Form::Publish | Form::BatchTrigger => Protocol::Server,
                Form::Trigger => Protocol::Unknown,
            };
            let new = trigger::NewRun::from_publication(publication, directives, protocol);
            return Ok(self.trigger(new, now));
        }
        match run_id {
            Some(run_id) if headers.value("Upstash-Workflow-Calltype") == Some("toCallback") => {
                self.call(&run_id, publication, &directives, now)
            }
            Some(run_id) => self.append(&run_id, publication, &directives, now),
            None => Ok(self.plain(publication, &directives, now)),
        }
    }

    /// A message outside any workflow.
    fn plain(&mut self, publication: Publication, directives: &Directives, now: Timestamp) -> Published {
        let mut headers = directives.forward.clone();
        if let Some(content_type) = &directives.content_type {
            headers.insert("Content-Type", content_type);
        }
        let message = Message {
            id: self.ids.message(),
            run: None,
            role: Role::Plain {
                callback: directives.callback.clone(),
                failure_callback: directives.failure_callback.clone(),
            },
            url: publication.destination,
            method: directives.method.clone().unwrap_or_else(|| "POST".to_owned()),
            headers,
            body: publication.body,
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
        self.timeline.record(
            now,
            "message_published",
            json!({ "messageId": message_id, "url": message.url }),
        );
        self.outbox.push(message);
        Published { message_id, deduplicated: false, run: None }
    }
}

/// The destination is the rest of the path and the query, as they are.
fn publication(request: &Request, rest: &str) -> Publication {
    let mut destination = if is_absolute_url(rest) { rest.to_owned() } else { decode(rest, false) };
    let query: Vec<&str> = request
        .query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("qstash_token="))
        .collect();
    if !query.is_empty() {
        destination.push(if destination.contains('?') { '&' } else { '?' });
        destination.push_str(&query.join("&"));
    }
    Publication {
        destination,
        headers: request.headers.clone(),
        body: request.body.clone(),
        caller_ip: request.caller_ip.clone(),
    }
}

/// Batch bodies are strings; anything else is taken as its JSON text.
fn body_bytes(body: Value) -> Vec<u8> {
    match body {
        Value::Null => Vec::new(),
        Value::String(text) => text.into_bytes(),
        other => other.to_string().into_bytes(),
    }
}
