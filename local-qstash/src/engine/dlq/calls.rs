//! The DLQ calls: list, get, delete, resume, restart.

use serde_json::{Value, json};

use super::super::Engine;
use super::super::api::{ApiError, Request, Response};
use super::super::settings::Overrides;
use super::super::switches::EntryOnResume;
use super::super::time::Timestamp;
use super::bulk::{MAX_LISTED, MAX_REVIVED, Selection, entry_id};
use super::{Action, DlqEntry, EntryId};

impl Engine {
    /// `GET /v2/workflows/dlq`, and `/v2/dlq` as the SDK asks it.
    pub(in crate::engine) fn dlq_list(&self, request: &Request) -> Result<Response, ApiError> {
        let page = self.page(&Selection::parse(request, MAX_LISTED)?);
        let messages: Vec<Value> =
            page.entries.iter().filter_map(|(id, entry)| self.entry_json(*id, *entry)).collect();
        let mut answer = json!({ "messages": messages });
        self.add_cursor(&mut answer, page.cursor);
        Ok(Response::json(200, &answer))
    }

    /// `GET /v2/workflows/dlq/<id>`.
    pub(in crate::engine) fn dlq_entry(&self, id: &str) -> Result<Response, ApiError> {
        let (id, entry) = self.known_entry(id)?;
        Ok(Response::json(200, &self.entry_json(id, entry)))
    }

    /// `DELETE /v2/workflows/dlq/<id>`.
    pub(in crate::engine) fn dlq_delete(&mut self, id: &str, now: Timestamp) -> Result<Response, ApiError> {
        let (id, _) = self.known_entry(id)?;
        self.delete_entry(id, now);
        Ok(Response::json(200, &json!({ "deleted": 1 })))
    }

    /// `DELETE /v2/workflows/dlq`: ids that are gone already are no error.
    pub(in crate::engine) fn dlq_delete_many(
        &mut self,
        request: &Request,
        now: Timestamp,
    ) -> Result<Response, ApiError> {
        let page = self.page(&Selection::parse(request, MAX_LISTED)?);
        for (id, _) in &page.entries {
            self.delete_entry(*id, now);
        }
        let mut answer = json!({ "deleted": page.entries.len() });
        self.add_cursor(&mut answer, page.cursor);
        Ok(Response::json(200, &answer))
    }

    /// `POST /v2/workflows/dlq/{resume,restart}/<id>`: one object.
    pub(in crate::engine) fn dlq_revive(
        &mut self,
        action: Action,
        id: &str,
        request: &Request,
        now: Timestamp,
    ) -> Result<Response, ApiError> {
        let overrides = Overrides::parse(&request.headers)?;
        let (id, entry) = self.known_entry(id)?;
        let revived = if self.is_revivable(entry) {
            self.revive_entry(action, id, entry, &overrides, now)
        } else {
            None
        };
        let revived = revived.ok_or_else(|| ApiError::not_found("DLQ message not found"))?;
        Ok(Response::json(200, &revived))
    }

    /// `POST /v2/workflows/dlq/{resume,restart}`: up to 50 runs, and a cursor where there are more.
    pub(in crate::engine) fn dlq_revive_many(
        &mut self,
        action: Action,
        request: &Request,
        now: Timestamp,
    ) -> Result<Response, ApiError> {
        let overrides = Overrides::parse(&request.headers)?;
        let page = self.selected(&Selection::parse(request, MAX_REVIVED)?)?;
        let mut runs = Vec::with_capacity(page.entries.len());
        for (id, entry) in page.entries {
            runs.extend(self.revive_entry(action, id, entry, &overrides, now));
        }
        let mut answer = json!({ "workflowRuns": runs });
        self.add_cursor(&mut answer, page.cursor);
        Ok(Response::json(200, &answer))
    }

    fn revive_entry(
        &mut self,
        action: Action,
        id: EntryId,
        entry: DlqEntry,
        overrides: &Overrides,
        now: Timestamp,
    ) -> Option<Value> {
        let (run_id, created_at) = self.revive(action, id, entry.run, overrides, now)?;
        match self.config.switches.entry_on_resume {
            EntryOnResume::Removed => drop(self.dlq.remove(id)),
            EntryOnResume::Kept => self.dlq.mark_resumed(id),
        }
        Some(json!({ "workflowRunId": run_id, "workflowCreatedAt": self.written_time(created_at) }))
    }

    fn delete_entry(&mut self, id: EntryId, now: Timestamp) {
        if let Some(entry) = self.dlq.remove(id) {
            let run_id = self.runs.by_key(entry.run).map(|run| run.id.clone());
            self.timeline.record(now, "dlq_deleted", json!({ "dlqId": id.to_string(), "runId": run_id }));
        }
    }

    fn known_entry(&self, id: &str) -> Result<(EntryId, DlqEntry), ApiError> {
        let parsed = entry_id(id)?;
        let entry = self.dlq.entry(parsed).ok_or_else(|| ApiError::not_found("DLQ message not found"))?;
        Ok((parsed, entry))
    }
}
