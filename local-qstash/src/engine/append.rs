//! A step's result or plan is recorded and delivered onwards.

use serde_json::json;

use super::Engine;
use super::api::ApiError;
use super::publish::{Publication, Published};
use super::run::{CallType, Entry, RunKey, Step};
use super::settings::Directives;
use super::time::Timestamp;

impl Engine {
    /// Appends to a live run; a run that has ended refuses with 400, which the SDK takes as "already finished".
    pub(crate) fn append(
        &mut self,
        run_id: &str,
        publication: Publication,
        directives: &Directives,
        now: Timestamp,
    ) -> Result<Published, ApiError> {
        let key = self.live_run(run_id)?;
        let step = serde_json::from_slice(&publication.body).ok().and_then(|json| Step::from_json(&json));
        let Some(step) = step else {
            return Err(ApiError::bad_request(
                "invalid step: expected JSON with stepId, stepName and stepType",
            ));
        };
        if let Some(message_id) = self.recorded(key, &publication.body) {
            return Ok(Published { message_id, deduplicated: true, run: None });
        }
        let entry = Entry {
            message_id: self.ids.message(),
            body: publication.body,
            call_type: CallType::Step,
            step: Some(step),
            url: publication.destination,
            method: directives.method.clone().unwrap_or_else(|| "POST".to_owned()),
            forward: directives.forward.clone(),
            created_at: now,
        };
        let message_id = entry.message_id.clone();
        let due = directives.due(now, |ms| self.scaled(ms));
        self.record_step(key, entry, due, Some(directives), now);
        Ok(Published { message_id, deduplicated: false, run: None })
    }

    /// Records an entry and queues its delivery.
    pub(crate) fn record_step(
        &mut self,
        key: RunKey,
        entry: Entry,
        due: Timestamp,
        item: Option<&Directives>,
        now: Timestamp,
    ) {
        let Some(run) = self.runs.by_key_mut(key) else { return };
        if let Some(step) = &entry.step {
            self.timeline.record(
                now,
                "step_recorded",
                json!({
                    "runId": run.id,
                    "messageId": entry.message_id,
                    "name": step.name,
                    "type": step.kind,
                    "stepId": step.target.unwrap_or(step.id),
                    "plan": step.target.is_some().then_some(true),
                }),
            );
        }
        run.entries.push(entry);
        let index = run.entries.len() - 1;
        self.push_step(key, index, due, item, now);
    }

    pub(crate) fn live_run(&self, run_id: &str) -> Result<RunKey, ApiError> {
        self.runs
            .live(run_id)
            .ok_or_else(|| ApiError::bad_request("can not append to a a cancelled workflow"))
    }

    /// The message of a step with exactly this body: the service drops repetitions of the same content.
    fn recorded(&self, key: RunKey, body: &[u8]) -> Option<String> {
        let run = self.runs.by_key(key)?;
        let same = |entry: &&Entry| entry.step.is_some() && entry.body == body;
        run.entries.iter().find(same).map(|entry| entry.message_id.clone())
    }
}
