//! What the query says about the entries that are meant.

use super::exchange::MAX_ENTRIES;
use super::route::{Operation, Route};
use super::values::{Kind, refused};
use crate::dlq::{ApiRequest, MAX_PER_PAGE};
use crate::http_url::{percent_decode, query_pairs};
use crate::text::said;
use crate::time::decimal;

/// The longest unknown key that an error repeats, in bytes.
const MAX_SHOWN_BYTES: usize = 64;

/// What a query means.
pub(super) struct Query {
    /// The request with the parameters that every call has.
    pub(super) request: ApiRequest,
    /// Certain entries, each once.
    pub(super) ids: Vec<String>,
    /// How many entries at most.
    pub(super) count: Option<usize>,
    /// Where to begin.
    pub(super) cursor: Option<String>,
}

/// A key, what its value stands for, who takes it, and whether it may be given more than once.
struct Key {
    name: &'static str,
    kind: Kind,
    taken_by: u8,
    is_list: bool,
}

const LIST: u8 = 1;
const BULK: u8 = 2;
const LOGS: u8 = 4;
const ALL: u8 = LIST | BULK | LOGS;

/// What the official SDK sends and the OpenAPI description names, and `all`.
static KEYS: [Key; 22] = [
    many("dlqIds", Kind::Entry, LIST | BULK),
    one("all", Kind::True, BULK),
    one("count", Kind::Count, ALL),
    one("cursor", Kind::Cursor, ALL),
    one("fromDate", Kind::From, ALL),
    one("toDate", Kind::To, ALL),
    many("workflowUrl", Kind::Url, ALL),
    one("workflowRunId", Kind::Run, ALL),
    one("workflowCreatedAt", Kind::Moment, ALL),
    many("label", Kind::Label, ALL),
    many("failureFunctionState", Kind::CallbackState, LIST | BULK),
    many("callerIp", Kind::Address, ALL),
    many("flowControlKey", Kind::FlowControlKey, ALL),
    one("source", Kind::Workflow, LIST),
    one("url", Kind::Any, LIST),
    one("responseStatus", Kind::Any, LIST),
    one("workflowRuns", Kind::Any, LOGS),
    one("state", Kind::Any, LOGS),
    one("messageId", Kind::Any, LOGS),
    one("groupBy", Kind::Any, LOGS),
    many("host", Kind::Any, LOGS),
    many("path", Kind::Any, LOGS),
];

const fn one(name: &'static str, kind: Kind, taken_by: u8) -> Key {
    Key { name, kind, taken_by, is_list: false }
}

const fn many(name: &'static str, kind: Kind, taken_by: u8) -> Key {
    Key { name, kind, taken_by, is_list: true }
}

/// Reads the query of a route. It must say which entries are meant, and in one way only.
pub(super) fn read(text: &str, route: Route) -> Result<Query, String> {
    let (taken_by, max) = match route.operation {
        Operation::List => (LIST, MAX_PER_PAGE),
        Operation::ReviveMany | Operation::DeleteMany => (BULK, MAX_ENTRIES),
        Operation::Logs => (LOGS, MAX_PER_PAGE),
        Operation::One | Operation::ReviveOne => (0, 0),
    };
    let mut query = Query { request: route.request, ids: Vec::new(), count: None, cursor: None };
    if taken_by == LIST && query.request.path_and_query == "/v2/dlq" {
        // Without it the service lists messages that are no workflow runs.
        query.request.add("source", "workflow");
    }
    let (mut seen, mut all, mut criteria) = (0_u32, false, false);
    let (mut from, mut to) = (0, u64::MAX);
    for (name, value) in query_pairs(text) {
        let name = percent_decode(name).unwrap_or_default();
        let at = KEYS.iter().position(|key| key.taken_by & taken_by != 0 && key.name == name);
        let Some((at, key)) = at.and_then(|at| Some((at, KEYS.get(at)?))) else {
            return Err(unknown(&name, taken_by));
        };
        if !key.is_list && seen & 1 << at != 0 {
            return Err(refused(key.name, "given twice; accepted: one value"));
        }
        seen |= 1 << at;
        let Some(value) = percent_decode(value) else {
            return Err(refused(key.name, "bad escape; accepted: %00 to %FF that spell UTF-8"));
        };
        // The service reads a comma as "or", like a key that is repeated.
        for value in value.splitn(if key.is_list { usize::MAX } else { 1 }, ',') {
            let value = key.kind.read(key.name, value)?;
            match key.kind {
                Kind::True => all = true,
                Kind::Count => query.count = Some(count(&value, max)?),
                Kind::Cursor => query.cursor = Some(value).filter(|cursor| !cursor.is_empty()),
                Kind::Entry if query.ids.contains(&value) => {}
                // Looked at before all are compared with each other.
                Kind::Entry if query.ids.len() == MAX_ENTRIES => {
                    return Err(refused("dlqIds", "accepted: 1 to 2000"));
                }
                Kind::Entry => query.ids.push(value),
                Kind::Workflow => {}
                _ => {
                    criteria = true;
                    let moment = decimal(&value).unwrap_or_default();
                    match key.kind {
                        Kind::From => from = moment,
                        Kind::To => to = moment,
                        _ => {}
                    }
                    query.request.add(key.name, &value);
                }
            }
        }
    }
    if from > to {
        return Err(refused("fromDate", "accepted: moments up to `toDate`"));
    }
    if taken_by == BULK {
        let named = !query.ids.is_empty();
        // The official SDK says `{ all: true }` by a count and nothing else.
        if !(named || criteria || all) && query.count.is_none() {
            return Err(NO_ENTRIES.to_owned());
        }
        let is_paged = query.count.is_some() || query.cursor.is_some();
        if named && (criteria || all || is_paged) || criteria && all {
            return Err(TWO_WAYS.to_owned());
        }
    }
    Ok(query)
}

const NO_ENTRIES: &str = "no entries are named; accepted: `dlqIds`, criteria such as `label`, `all=true`, or a `count` \
    of any";
const TWO_WAYS: &str = "entries are named in two ways; accepted: `dlqIds` alone, or either criteria or `all=true`, with \
    `count` and `cursor`";

fn count(value: &str, max: usize) -> Result<usize, String> {
    let count = decimal(value).and_then(|count| usize::try_from(count).ok());
    let accepted = || ["accepted: 1 to ", &said(&max)].concat();
    count.filter(|count| (1..=max).contains(count)).ok_or_else(|| refused("count", &accepted()))
}

fn unknown(name: &str, taken_by: u8) -> String {
    let shown: String = name.chars().take(MAX_SHOWN_BYTES).collect();
    let mut why = "unknown key; accepted:".to_owned();
    for key in &KEYS {
        if key.taken_by & taken_by != 0 {
            why.push(' ');
            why.push_str(key.name);
        }
    }
    if taken_by == 0 {
        why.push_str(" none here");
    }
    refused(&shown, &why)
}
