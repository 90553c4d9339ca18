//! A failed run comes back to life as a new run: from the step that failed, or from the beginning.
//!
//! The recipe for a resume: copy the recorded entries, give every message that was on its way a new id, write the same
//! ids into the copied entries (an endpoint that fetches its steps finds its own message by id), and deliver them.
//! Of a failed parallel group that means every plan without a result.

use std::collections::BTreeMap;

use serde_json::json;

use super::Engine;
use super::dlq::{Action, EntryId, Failure};
use super::failure::bare;
use super::message::{Message, Role};
use super::run::{Run, RunKey, RunSettings, RunState};
use super::settings::Overrides;
use super::switches::{FailureCallbackOverride, LabelOverride};
use super::time::Timestamp;

impl Engine {
    /// Starts the new run; its id and creation time. `None` if the run has no failure, which entries always have.
    pub(super) fn revive(
        &mut self,
        action: Action,
        dlq_id: EntryId,
        key: RunKey,
        overrides: &Overrides,
        now: Timestamp,
    ) -> Option<(String, Timestamp)> {
        let failed = self.runs.by_key(key)?;
        let failure = failed.failure.clone()?;
        let failed_id = failed.id.clone();
        let mut run = Run {
            id: self.ids.run(),
            created_at: now,
            state: RunState::Started,
            completed_at: None,
            response: None,
            failure: None,
            invoker: None,
            ..failed.clone()
        };
        let again = match action {
            Action::Resume => Again::of(&run, &failure),
            Action::Restart => {
                run.entries.truncate(1);
                run.early_events.clear();
                Again { entries: vec![0], messages: Vec::new() }
            }
        };
        self.override_settings(&mut run.settings, overrides);
        let messages = self.renamed(&mut run, again.messages, &again.entries);
        let (id, delay) = (run.id.clone(), overrides.delay_ms.unwrap_or(0));
        let due = now.plus(self.scaled(delay));
        let kind = if action == Action::Resume { "resumed" } else { "restarted" };
        self.timeline.record(
            now,
            kind,
            json!({
                "runId": id,
                "fromRunId": failed_id,
                "dlqId": dlq_id.to_string(),
                "headers": overrides.given.to_strings(),
            }),
        );
        let key = self.runs.insert(run);
        for index in again.entries {
            // A sleeping plan keeps what is left of its sleep.
            let asleep = failure.sleeping_until(index).unwrap_or(due);
            self.push_step(key, index, due.max(asleep), None, now);
        }
        for message in messages {
            self.outbox.push(Message { run: Some(key), not_before: due, created_at: now, ..message });
        }
        Some((id, now))
    }

    /// What `overrides` change; everything else stays as it was triggered.
    fn override_settings(&self, settings: &mut RunSettings, overrides: &Overrides) {
        settings.retries = overrides.retries.unwrap_or(settings.retries);
        if let Some(expression) = &overrides.retry_delay {
            settings.retry_delay = Some(expression.clone());
        }
        if let Some(flow) = overrides.flow(settings.flow.as_ref()) {
            settings.flow = Some(flow);
        }
        if let Some(labels) = &overrides.labels {
            if self.config.switches.label_override == LabelOverride::Replace {
                settings.labels.clear();
            }
            let new =
                labels.iter().filter(|label| !settings.labels.contains(label)).cloned().collect::<Vec<_>>();
            settings.labels.extend(new);
        }
        let kept = self.config.switches.failure_callback_override == FailureCallbackOverride::Kept;
        if let (Some(url), true) = (&overrides.failure_callback, kept) {
            let mut callback = settings.failure_callback.take().unwrap_or_else(|| bare(url.clone()));
            callback.url.clone_from(url);
            settings.failure_callback = Some(callback);
        }
    }

    /// New ids for everything that is delivered again, in the messages and in the entries alike.
    fn renamed(&mut self, run: &mut Run, messages: Vec<Message>, entries: &[usize]) -> Vec<Message> {
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        let of_entries = entries.iter().filter_map(|index| run.entries.get(*index));
        let old = of_entries.map(|entry| &entry.message_id).chain(messages.iter().map(|message| &message.id));
        for id in old {
            names.entry(id.clone()).or_insert_with(|| self.ids.message());
        }
        for entry in &mut run.entries {
            if let Some(name) = names.get(&entry.message_id) {
                entry.message_id.clone_from(name);
            }
        }
        let rename = |message: Message| Message {
            id: names.get(&message.id).cloned().unwrap_or(message.id),
            retried: 0,
            attempts: Vec::new(),
            retries: if matches!(message.role, Role::Call { .. }) {
                message.retries
            } else {
                run.settings.retries
            },
            ..message
        };
        messages.into_iter().map(rename).collect()
    }
}

/// What a resumed run delivers first.
struct Again {
    /// Recorded entries, by index.
    entries: Vec<usize>,
    /// Third-party calls and their results, which are no entries that could be delivered by themselves.
    messages: Vec<Message>,
}

impl Again {
    fn of(run: &Run, failure: &Failure) -> Self {
        let on_the_way = || std::iter::once(&failure.message).chain(&failure.outstanding);
        let messages: Vec<Message> = on_the_way()
            .filter(|message| matches!(message.role, Role::Call { .. } | Role::CallResult { .. }))
            .cloned()
            .collect();
        let called: Vec<u64> = messages
            .iter()
            .filter_map(|message| match message.role {
                Role::Call { step_id, .. } | Role::CallResult { step_id } => step_id,
                _ => None,
            })
            .collect();
        let was_on_the_way = |index: usize| {
            on_the_way().any(|message| matches!(message.role, Role::Step { entry } if entry == index))
        };
        let is_open_plan = |index: usize| {
            let step = run.entries.get(index).and_then(|entry| entry.step.as_ref());
            step.and_then(|step| step.target).is_some_and(|target| !called.contains(&target))
        };
        let mut entries: Vec<usize> = (0..run.entries.len())
            .filter(|index| (was_on_the_way(*index) || is_open_plan(*index)) && !run.is_answered(*index))
            .collect();
        if entries.is_empty() && messages.is_empty() {
            // The step that waited for something outside went on by itself: let it wait again.
            let last = (0..run.entries.len()).rev().find(|index| {
                run.entries.get(*index).is_some_and(|entry| entry.step.is_some() || *index == 0)
            });
            entries.extend(last);
        }
        Self { entries, messages }
    }
}
