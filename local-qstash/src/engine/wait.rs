//! Events and webhooks: a run waits, somebody notifies it, or time runs out.
//! Sources: QStash OpenAPI (`/v2/notify`, `/v2/waiters`), bodies as `@upstash/workflow` sends them.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Engine;
use super::api::{ApiError, Request, Response};
use super::durations;
use super::headers::Headers;
use super::json::set;
use super::run::{CallType, Entry, RunKey, Step};
use super::time::Timestamp;

/// A wait without a timeout of its own.
const DEFAULT_TIMEOUT: &str = "7d";

#[derive(Debug)]
struct Waiter {
    event_id: String,
    run: RunKey,
    url: String,
    deadline: Timestamp,
    step: Value,
    headers: Headers,
    timeout_url: Option<String>,
    timeout_headers: Value,
}

/// Every run that waits for an event, in the order of their arrival.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    list: Vec<Waiter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WaitRequest {
    url: String,
    #[serde(default)]
    timeout: Option<String>,
    #[serde(default)]
    timeout_url: Option<String>,
    #[serde(default)]
    timeout_headers: BTreeMap<String, Vec<String>>,
    step: Value,
}

impl Waiters {
    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        self.list.iter().map(|waiter| waiter.deadline).min()
    }

    pub(super) fn drop_run(&mut self, run: RunKey) {
        self.list.retain(|waiter| waiter.run != run);
    }

    /// Takes the waiters that `wanted` picks.
    fn take(&mut self, wanted: impl Fn(&Waiter) -> bool) -> Vec<Waiter> {
        let (taken, kept) = std::mem::take(&mut self.list).into_iter().partition(wanted);
        self.list = kept;
        taken
    }
}

impl Waiter {
    fn to_json(&self) -> Value {
        json!({
            "url": self.url,
            "deadline": self.deadline.secs(),
            "headers": self.headers.to_lists(),
            "timeoutUrl": self.timeout_url,
            "timeoutHeaders": self.timeout_headers,
        })
    }
}

impl Engine {
    /// `POST /v2/wait/<eventId>`.
    pub(super) fn wait(
        &mut self,
        event_id: &str,
        request: &Request,
        now: Timestamp,
    ) -> Result<Response, ApiError> {
        let accepted = "invalid wait: expected {url, timeout, step} with stepId, stepName and stepType";
        let wait: WaitRequest =
            serde_json::from_slice(&request.body).map_err(|_| ApiError::bad_request(accepted))?;
        let step = Step::from_json(&wait.step).ok_or_else(|| ApiError::bad_request(accepted))?;
        let timeout_headers: Headers = wait
            .timeout_headers
            .iter()
            .filter_map(|(name, values)| values.first().map(|value| (name, value.as_str())))
            .collect();
        let run_id = request
            .headers
            .value("Upstash-Workflow-RunId")
            .or_else(|| timeout_headers.value("Upstash-Workflow-RunId"))
            .ok_or_else(|| ApiError::header("Upstash-Workflow-RunId", "required"))?;
        let key = self.live_run(run_id)?;
        let timeout = wait.timeout.as_deref().unwrap_or(DEFAULT_TIMEOUT);
        let timeout = durations::parse(timeout)
            .map_err(|problem| ApiError::bad_request(format!("invalid timeout: {problem}")))?;
        self.timeline.record(
            now,
            "waiting",
            json!({ "runId": run_id, "eventId": event_id, "name": step.name, "stepId": step.id }),
        );
        let waiter = Waiter {
            event_id: event_id.to_owned(),
            run: key,
            url: wait.url,
            deadline: now.plus(self.scaled(timeout)),
            step: wait.step,
            headers: request.headers.rebased("Upstash-Forward-", ""),
            timeout_url: wait.timeout_url,
            timeout_headers: timeout_headers.to_lists(),
        };
        let early = self
            .runs
            .by_key_mut(key)
            .and_then(|run| run.early_events.get_mut(event_id))
            .filter(|stored| !stored.is_empty())
            .map(|stored| stored.remove(0));
        match early {
            Some(data) => {
                self.wake(waiter, Some(&data), now);
            }
            None => self.waiters.list.push(waiter),
        }
        Ok(Response::json(201, &json!({})))
    }

    /// `POST /v2/notify/<eventId>`: wakes every waiter of the event; without one, the event is lost.
    pub(super) fn notify(&mut self, event_id: &str, data: &[u8], now: Timestamp) -> Response {
        let woken = self.waiters.take(|waiter| waiter.event_id == event_id);
        let results: Vec<Value> =
            woken.into_iter().map(|waiter| self.wake(waiter, Some(data), now)).collect();
        Response::json(201, &results)
    }

    /// `POST /v2/notify/<runId>/<eventId>`: wakes that run, or is kept until it waits.
    pub(super) fn notify_run(
        &mut self,
        run_id: &str,
        event_id: &str,
        data: &[u8],
        now: Timestamp,
    ) -> Result<Response, ApiError> {
        let key = self.runs.live(run_id).ok_or_else(|| ApiError::not_found("workflow run not found"))?;
        let mut woken = self.waiters.take(|waiter| waiter.event_id == event_id && waiter.run == key);
        if let Some(waiter) = woken.pop() {
            self.waiters.list.extend(woken);
            return Ok(Response::json(201, &self.wake(waiter, Some(data), now)));
        }
        if let Some(run) = self.runs.by_key_mut(key) {
            run.early_events.entry(event_id.to_owned()).or_default().push(data.to_vec());
        }
        Ok(Response::json(201, &json!({ "messageId": self.ids.message() })))
    }

    /// `GET /v2/waiters/<eventId>`.
    pub(super) fn list_waiters(&self, event_id: &str) -> Response {
        let of_event = self.waiters.list.iter().filter(|waiter| waiter.event_id == event_id);
        Response::json(200, &of_event.map(Waiter::to_json).collect::<Vec<_>>())
    }

    /// A call of `/v2/workflows/hooks/<userId>/<runId>/<eventId>`: the whole request becomes the event's data.
    pub(super) fn hook(
        &mut self,
        run_id: &str,
        event_id: &str,
        request: &Request,
        now: Timestamp,
    ) -> Response {
        let url = if request.query.is_empty() {
            request.path.clone()
        } else {
            format!("{}?{}", request.path, request.query)
        };
        let data = json!({
            "method": request.method,
            "header": request.headers.to_strings(),
            "body": STANDARD.encode(&request.body),
            "proto": "http",
            "host": request.headers.value("Host").unwrap_or("localhost"),
            "url": url,
        });
        match self.notify_run(run_id, event_id, data.to_string().as_bytes(), now) {
            Ok(_) => Response::empty(200),
            Err(error) => error.into(),
        }
    }

    /// Lets the waits go on whose time has come.
    pub(super) fn expire_waits(&mut self, now: Timestamp) {
        for waiter in self.waiters.take(|waiter| waiter.deadline <= now) {
            self.wake(waiter, None, now);
        }
    }

    /// Appends the waiting step, with the event's data or marked as timed out.
    fn wake(&mut self, waiter: Waiter, data: Option<&[u8]>, now: Timestamp) -> Value {
        let shown = waiter.to_json();
        let mut step = waiter.step;
        set(&mut step, "waitTimeout", data.is_none().into());
        set(&mut step, "waitEventId", waiter.event_id.clone().into());
        if let Some(data) = data {
            set(&mut step, "out", STANDARD.encode(data).into());
        }
        let message_id = self.ids.message();
        let run_id = self.runs.by_key(waiter.run).map(|run| run.id.clone());
        let kind = if data.is_some() { "notified" } else { "wait_timed_out" };
        self.timeline.record(now, kind, json!({ "runId": run_id, "eventId": waiter.event_id }));
        let entry = Entry {
            message_id: message_id.clone(),
            step: Step::from_json(&step),
            body: step.to_string().into_bytes(),
            call_type: CallType::Step,
            url: waiter.url,
            method: "POST".to_owned(),
            forward: waiter.headers,
            created_at: now,
        };
        self.record_step(waiter.run, entry, now, None, now);
        json!({ "waiter": shown, "messageId": message_id, "error": "" })
    }
}
