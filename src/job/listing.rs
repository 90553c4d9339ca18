//! Which entries a job is about: all that match when it starts, found out before anything is done to any of them.

use super::chunk::{entry_key, found};
use super::desk::{Desk, Get, Turn};
use super::state::{Phase, Rest};
use super::transcript;
use crate::{
    client::Memory,
    dlq::{ApiRequest, Call, List, MAX_PER_PAGE, Page, RepeatedCursorError, TransportFault, Transported},
    text::said,
    time::Timestamp,
};

/// How often the queue is gone through at most: a cursor that counts entries skips some when others leave meanwhile.
const MAX_PASSES: u64 = 3;

impl Desk<'_> {
    /// The next page of the list.
    pub(super) fn list(&mut self) -> Turn {
        let Some(list) = self.next_list() else { return Turn::On };
        self.get(list.request(), "no JSON object with a list `messages` of DLQ entries")
    }

    /// Gets what a step is about; `wanted` says what every answer so far was not. Where none ever is, the job has failed.
    pub(super) fn get(&mut self, request: ApiRequest, wanted: &'static str) -> Turn {
        let mut get = Get::new(request, wanted);
        match self.play(&mut get, &Memory::new()) {
            Turn::On => {
                transcript::clear(self.records);
                self.fail(&get.failure());
                Turn::On
            }
            turn => turn,
        }
    }

    /// Takes a page in; `false` where it is none.
    pub(super) fn listed(&mut self, answer: &Transported) -> bool {
        let mut page = Page::default();
        match answer {
            Ok(response) if response.is_success() && page.read(response.body()).is_ok() => self.take(page),
            // Entries come with their payloads.
            Err(error)
                if matches!(error.fault(), TransportFault::TooLarge { .. }) && self.state.count > 1 =>
            {
                self.state.count /= 2;
            }
            _ => return false,
        }
        transcript::clear(self.records);
        true
    }

    fn next_list(&mut self) -> Option<List> {
        let filter = self.order.filter(Timestamp::from_millis(self.state.started));
        let filter = filter.map_err(|error| self.fail(&said(&error))).ok()?;
        let count = usize::try_from(self.state.count).unwrap_or(MAX_PER_PAGE);
        let list = List::matching(filter).with_count(count);
        Some(if self.state.cursor.is_empty() { list } else { list.from_cursor(self.state.cursor.clone()) })
    }

    fn take(&mut self, page: Page) {
        let Some(list) = self.next_list() else { return };
        for entry in &page.entries {
            let key = entry_key(entry.dlq_id.as_str());
            if !list.selects(entry) || self.records.get(&key).is_some() {
                continue;
            }
            if self.state.found >= self.order.ceiling {
                self.state.more = 1;
                break;
            }
            (self.state.found, self.state.news) = (self.state.found + 1, 1);
            let (value, is_refused) = found(entry);
            self.state.refused += u64::from(is_refused);
            self.records.put(&key, &value);
        }
        self.state.pages += 1;
        match page.cursor.filter(|_| self.state.more == 0) {
            Some(cursor) => self.go_to(cursor),
            None if self.state.more == 0 && self.wants_another_pass() => {
                self.state.pass += 1;
                (self.state.pages, self.state.news) = (0, 0);
                self.state.cursor.clear();
            }
            None => self.end_listing(),
        }
    }

    /// Goes on behind a page, unless that would never end.
    fn go_to(&mut self, cursor: String) {
        let key = ["cursor/", &said(&self.state.pass), "/", &cursor].concat();
        if self.records.get(&key).is_some() {
            self.fail(&said(&RepeatedCursorError::new(&cursor)));
        }
        self.records.put(&key, "");
        self.state.cursor = cursor;
    }

    const fn wants_another_pass(&self) -> bool {
        self.state.news == 1 && self.state.pages > 1 && self.state.pass + 1 < MAX_PASSES
    }

    fn end_listing(&mut self) {
        self.state.phase = if self.order.canary.is_some() { Phase::Canary } else { Phase::Running };
        if self.order.dry_run || self.state.left() == 0 {
            self.state.rest = Some(Rest::Done);
        }
    }
}
