//! Pages: which entries one call lists or acts on, and the cursor for the next call.

use serde_json::Value;

use super::super::Engine;
use super::super::api::{ApiError, Request};
use super::super::json::set;
use super::super::switches::{BulkMissingId, CursorEnd, EntryOnResume, ListOrder, SecondResume};
use super::filter::Filter;
use super::{DlqEntry, EntryId};

/// A page of the list. Source: QStash OpenAPI.
pub(super) const MAX_LISTED: usize = 100;
/// Runs resumed or restarted by one call. Source: Upstash Workflow documentation, "Bulk Restart".
pub(super) const MAX_REVIVED: usize = 50;

/// What a call selects: certain entries, or a filter and a page.
pub(super) struct Selection {
    ids: Vec<EntryId>,
    filter: Filter,
    count: usize,
    cursor: Option<EntryId>,
}

/// The selected entries and the cursor behind them.
pub(super) struct Page {
    pub(super) entries: Vec<(EntryId, DlqEntry)>,
    pub(super) cursor: Option<EntryId>,
}

impl Selection {
    /// Reads the query; `max` caps `count` and is its default.
    pub(super) fn parse(request: &Request, max: usize) -> Result<Self, ApiError> {
        let mut selection = Self { ids: Vec::new(), filter: Filter::default(), count: max, cursor: None };
        for (name, value) in request.parameters() {
            match name.as_str() {
                "dlqIds" => {
                    for id in value.split(',') {
                        selection.ids.push(entry_id(id.trim())?);
                    }
                }
                "count" => {
                    let count: usize = value.parse().ok().filter(|count| *count > 0).ok_or_else(|| {
                        ApiError::bad_request("invalid count: expected a positive whole number")
                    })?;
                    selection.count = count.min(max);
                }
                "cursor" if value.is_empty() => {}
                "cursor" => {
                    let cursor = EntryId::parse(&value).ok_or_else(|| {
                        ApiError::bad_request("invalid cursor: expected one of an earlier answer")
                    })?;
                    selection.cursor = Some(cursor);
                }
                "source" | "qstash_token" | "order" => {}
                _ if selection.filter.set(&name, &value)? => {}
                _ => return Err(ApiError::bad_request(format!("unknown filter: {name}"))),
            }
        }
        Ok(selection)
    }
}

impl Engine {
    /// The entries of one page in the order that the `list-order` switch asks for.
    pub(super) fn page(&self, selection: &Selection) -> Page {
        let matches = |(_, entry): &(EntryId, DlqEntry)| {
            let run = self.runs.by_key(entry.run);
            run.and_then(|run| Some((run, run.failure.as_ref()?)))
                .is_some_and(|(run, failure)| selection.filter.matches(run, failure))
        };
        let listed = selection.ids.is_empty();
        let named = |(id, _): &(EntryId, DlqEntry)| listed || selection.ids.contains(id);
        let latest_first = self.config.switches.list_order == ListOrder::Latest;
        let behind = |(id, _): &(EntryId, DlqEntry)| {
            selection.cursor.is_none_or(|cursor| if latest_first { *id < cursor } else { *id > cursor })
        };
        let chosen = |place: &(EntryId, DlqEntry)| behind(place) && named(place) && matches(place);
        // The filter is looked at all the same: a beginning after its end selects nothing.
        let entries =
            self.dlq.between(selection.filter.from.unwrap_or(0), selection.filter.to.unwrap_or(u64::MAX));
        let mut entries: Vec<_> = if latest_first {
            entries.rev().filter(chosen).take(selection.count + 1).collect()
        } else {
            entries.filter(chosen).take(selection.count + 1).collect()
        };
        let more = entries.len() > selection.count;
        entries.truncate(selection.count);
        let cursor = entries.last().filter(|_| more).map(|(id, _)| *id);
        Page { entries, cursor }
    }

    /// What a bulk resume or restart acts on: named entries must exist, unless a switch says otherwise.
    pub(super) fn selected(&self, selection: &Selection) -> Result<Page, ApiError> {
        if selection.ids.is_empty() {
            let mut page = self.page(selection);
            page.entries.retain(|(_, entry)| self.is_revivable(*entry));
            return Ok(page);
        }
        if selection.ids.len() > MAX_REVIVED {
            return Err(ApiError::bad_request(format!("too many dlqIds: expected at most {MAX_REVIVED}")));
        }
        let mut entries = Vec::with_capacity(selection.ids.len());
        for &id in &selection.ids {
            let entry = self.dlq.entry(id).filter(|entry| self.is_revivable(*entry));
            match entry {
                Some(entry) if entries.iter().all(|(other, _)| *other != id) => entries.push((id, entry)),
                Some(_) => {}
                None if self.config.switches.bulk_missing_id == BulkMissingId::ActOnRest => {}
                None => return Err(ApiError::not_found("some DLQ messages were not found")),
            }
        }
        Ok(Page { entries, cursor: None })
    }

    /// Whether an entry can be resumed: not if it was and a second time counts as gone.
    pub(super) fn is_revivable(&self, entry: DlqEntry) -> bool {
        let switches = &self.config.switches;
        let gone = switches.entry_on_resume == EntryOnResume::Removed
            || switches.second_resume == SecondResume::NotFound;
        !(entry.resumed && gone)
    }

    /// Adds the cursor of a page, or marks its end.
    pub(super) fn add_cursor(&self, answer: &mut Value, cursor: Option<EntryId>) {
        match cursor {
            Some(cursor) => set(answer, "cursor", cursor.to_string().into()),
            None if self.config.switches.cursor_end == CursorEnd::Empty => set(answer, "cursor", "".into()),
            None => {}
        }
    }
}

/// An id as lists return it.
pub(super) fn entry_id(text: &str) -> Result<EntryId, ApiError> {
    EntryId::parse(text)
        .ok_or_else(|| ApiError::bad_request("invalid DLQ id: expected one that a list returned"))
}
