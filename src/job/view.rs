//! A job as operators see it.

use super::chunk::{ENTRY, behind, entry_key, parts};
use super::order::Order;
use super::state::{Phase, Rest, State};
use crate::{durable::Records, json::Object};

/// What is shown of a job, without its entries.
pub(super) fn write(state: &State, order: Option<&Order>, view: &mut Object) {
    view.text("id", &state.id).text("state", state.shown());
    if let Some(asked) = state.asked {
        view.text("asked", if asked == Rest::Paused { "pause" } else { "cancel" });
    }
    if !state.reason.is_empty() {
        view.text("reason", &state.reason);
    }
    view.open("counts", '{');
    view.number("found", state.found)
        .number("resumed", state.resumed)
        .number("gone", state.gone)
        .number("refused", state.refused)
        .number("failed", state.failed)
        .number("left", state.left());
    view.close('}');
    if state.more > 0 {
        view.flag("more", true);
    }
    if order.is_some_and(|order| order.canary.is_some()) {
        view.open("canary", '{');
        view.number("known", state.known).number("failed", state.broken);
        view.close('}');
    }
    view.number("startedAt", state.started).number("changedAt", state.changed);
    let is_waiting = state.rest.is_none() && state.phase != Phase::Listing && state.due > state.changed;
    if is_waiting {
        view.number("until", state.due);
    }
    view.raw("order", &state.order);
}

/// Adds entries behind one of them, and the cursor that leads on.
pub(super) fn write_items(records: &dyn Records, cursor: &str, limit: usize, view: &mut Object) {
    let from = if cursor.is_empty() { String::new() } else { behind(&entry_key(cursor)) };
    let items = records.scan(ENTRY, &from, limit.saturating_add(1));
    view.open("items", '[');
    for (key, value) in items.iter().take(limit) {
        let (state, run, words) = parts(value);
        view.open_element();
        view.text("dlqId", key.strip_prefix(ENTRY).unwrap_or_default());
        if run != "-" {
            view.text("runId", run);
        }
        view.text("state", state);
        if !words.is_empty() {
            view.text("detail", words);
        }
        view.close('}');
    }
    view.close(']');
    let last = limit.checked_sub(1).and_then(|last| items.get(last)).filter(|_| items.len() > limit);
    if let Some((last, _)) = last {
        view.text("cursor", last.strip_prefix(ENTRY).unwrap_or_default());
    }
}
