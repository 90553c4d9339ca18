//! A run begins.

use std::collections::BTreeMap;

use serde_json::json;

use super::Engine;
use super::headers::Headers;
use super::message::{Message, Role};
use super::publish::{Publication, Published};
use super::retry::DEFAULT_RETRIES;
use super::run::{CallType, Entry, Invoker, Protocol, Run, RunKey, RunSettings, RunState};
use super::settings::{Callback, Directives};
use super::time::Timestamp;

/// What a run begins with.
pub(crate) struct NewRun {
    pub(crate) id: Option<String>,
    pub(crate) url: String,
    pub(crate) method: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) settings: RunSettings,
    pub(crate) directives: Directives,
    pub(crate) invoker: Option<Invoker>,
}

impl NewRun {
    pub(crate) fn from_publication(
        publication: Publication,
        mut directives: Directives,
        protocol: Protocol,
    ) -> Self {
        let headers = &publication.headers;
        let failure_callback = directives
            .failure_callback
            .take()
            .map(|callback| if protocol == Protocol::Server { wired(callback) } else { callback });
        let mut forward = directives.forward.clone();
        if protocol == Protocol::Server {
            forward.insert("Upstash-Workflow-Sdk-Version", "1");
        }
        Self {
            id: headers.value("Upstash-Workflow-Runid").map(str::to_owned),
            url: publication.destination,
            method: directives.method.clone().unwrap_or_else(|| "POST".to_owned()),
            payload: publication.body,
            settings: RunSettings {
                retries: directives.retries.unwrap_or(DEFAULT_RETRIES),
                retry_delay: directives.retry_delay.clone(),
                flow: directives.flow.clone(),
                labels: directives.labels.clone().unwrap_or_default(),
                timeout_ms: directives.timeout_ms,
                failure_callback,
                forward,
                content_type: directives.content_type.clone(),
                feature_set: headers.value("Upstash-Feature-Set").unwrap_or_default().to_owned(),
                caller_ip: publication.caller_ip,
                protocol,
            },
            directives,
            invoker: None,
        }
    }
}

impl Engine {
    /// Starts a run, unless one with its id is live.
    pub(crate) fn trigger(&mut self, new: NewRun, now: Timestamp) -> Published {
        if let Some(key) = new.id.as_deref().and_then(|id| self.runs.live(id)) {
            return self.trigger_again(key, &new, now);
        }
        let id = new.id.unwrap_or_else(|| self.ids.run());
        let message_id = self.ids.message();
        let entry = Entry {
            message_id: message_id.clone(),
            body: new.payload,
            call_type: CallType::Step,
            step: None,
            url: new.url.clone(),
            method: new.method,
            forward: Headers::new(),
            created_at: now,
        };
        self.timeline.record(now, "run_triggered", json!({ "runId": id, "url": new.url }));
        let key = self.runs.insert(Run {
            id: id.clone(),
            url: new.url,
            created_at: now,
            state: RunState::Started,
            completed_at: None,
            response: None,
            settings: new.settings,
            entries: vec![entry],
            invoker: new.invoker,
            failure: None,
            early_events: BTreeMap::new(),
            original_id: id.clone(),
        });
        let due = new.directives.due(now, |ms| self.scaled(ms));
        self.push_step(key, 0, due, None, now);
        Published { message_id, deduplicated: false, run: Some((id, now)) }
    }

    /// Queues the message that carries the entry at `index`. `item` may set limits of its own.
    pub(crate) fn push_step(
        &mut self,
        key: RunKey,
        index: usize,
        due: Timestamp,
        item: Option<&Directives>,
        now: Timestamp,
    ) {
        let Some(run) = self.runs.by_key(key) else { return };
        let Some(entry) = run.entries.get(index) else { return };
        let settings = &run.settings;
        let message = Message {
            id: entry.message_id.clone(),
            run: Some(key),
            role: Role::Step { entry: index },
            url: entry.url.clone(),
            method: entry.method.clone(),
            headers: entry.forward.clone(),
            body: Vec::new(),
            retries: item.and_then(|item| item.retries).unwrap_or(settings.retries),
            retry_delay: item
                .and_then(|item| item.retry_delay.clone())
                .or_else(|| settings.retry_delay.clone()),
            flow: item.and_then(|item| item.flow.clone()).or_else(|| settings.flow.clone()),
            timeout_ms: item.and_then(|item| item.timeout_ms).or(settings.timeout_ms),
            caller_ip: settings.caller_ip.clone(),
            created_at: now,
            not_before: due,
            retried: 0,
            attempts: Vec::new(),
        };
        self.outbox.push(message);
    }

    /// A trigger for a live run: a duplicate, or the endpoint's answer to a delivery that asked it to publish again.
    fn trigger_again(&mut self, key: RunKey, new: &NewRun, now: Timestamp) -> Published {
        let Some(run) = self.runs.by_key_mut(key) else {
            return Published { message_id: String::new(), deduplicated: true, run: None };
        };
        let named = Some((run.id.clone(), run.created_at));
        let message_id = run.entries.first().map(|entry| entry.message_id.clone()).unwrap_or_default();
        if run.settings.protocol != Protocol::Unknown || new.settings.protocol != Protocol::Sdk {
            self.timeline.record(
                now,
                "run_deduplicated",
                json!({ "runId": named.as_ref().map(|named| &named.0) }),
            );
            return Published { message_id, deduplicated: true, run: named };
        }
        // The publisher's settings hold; only what makes it an SDK run is taken over.
        run.settings.protocol = Protocol::Sdk;
        run.settings.feature_set.clone_from(&new.settings.feature_set);
        let message_id = self.ids.message();
        if let Some(entry) = run.entries.first_mut() {
            entry.message_id.clone_from(&message_id);
        }
        self.push_step(key, 0, now, None, now);
        Published { message_id, deduplicated: false, run: named }
    }
}

/// What an SDK adds to a failure callback so that its own endpoints recognise one.
fn wired(mut callback: Callback) -> Callback {
    for name in
        ["Upstash-Forward-Upstash-Workflow-Is-Failure", "Upstash-Forward-Upstash-Workflow-Failure-Callback"]
    {
        callback.headers.insert(name, "true");
    }
    callback
}
