//! The DLQ API with all its patience, over JavaScript's `fetch` and timers.

use core::{fmt, time::Duration};
use std::rc::Rc;

use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::{
    error::{invalid, js_error},
    filter::{read_list, read_selection},
    pairs::Pairs,
    request::whole,
    task::{Account, Check, Kind, Task, Verbatim},
    work::Work,
};
use crate::{
    client::{Act, Action, BulkJob, DeedKind, Endpoint, Memory, Patience, Scope},
    dlq::{Call, CancelCallback, Ids, ListPath, Overrides, RetryCallback, Selected, Selection, get_entry},
    ids::DlqId,
    json::{Table, TableError},
    settings::{DEFAULT_URL, Token, base_url},
};

/// An account of the DLQ API.
#[wasm_bindgen]
pub struct Api(Rc<Account>);

#[wasm_bindgen]
impl Api {
    /// Checks token and address; an empty one is `https://qstash.upstash.io`. Times are in milliseconds.
    #[wasm_bindgen(constructor)]
    pub fn new(
        token: String,
        url: &str,
        timeout: u32,
        max_attempts: u32,
        max_elapsed: u32,
    ) -> Result<Self, JsValue> {
        let token = Token::new(token).map_err(|error| invalid("`token`: ", &error))?;
        let url = if url.is_empty() { DEFAULT_URL } else { url };
        let url = base_url("`baseUrl`", url).map_err(|error| invalid("", &error))?;
        let endpoint = Endpoint::new(url, token).map_err(|error| invalid("`baseUrl`: ", &error))?;
        let patience = Patience::DEFAULT
            .with_timeout(Duration::from_millis(timeout.into()))
            .with_bounds(max_attempts, Duration::from_millis(max_elapsed.into()));
        Ok(Self(Rc::new(Account { endpoint, patience, memory: Memory::new() })))
    }

    /// Begins with something. `which` it is about:
    ///
    /// - `get`, `retryCallback`, `cancelCallback`: an id.
    /// - `act`: ids with NUL between them; `action` (`resume`, `restart`, `delete`) is done to each of these once.
    /// - `list`, `page`, `job`: criteria, names and values with NUL between them; none select everything. A `list` is a
    ///   page as the service sends it; `page` does `action` to as many as one call takes, and has the service's own answer;
    ///   `job` does it to each once, a page a turn.
    ///
    /// `overrides` is a JSON object as in a policy; `count` bounds a page, or the entries of a job.
    pub fn begin(
        &self,
        operation: &str,
        action: &str,
        which: &str,
        overrides: &str,
        count: f64,
        cursor: Option<String>,
    ) -> Result<Work, JsValue> {
        let few = usize::try_from(whole(count)).unwrap_or(usize::MAX);
        let kind = match operation {
            "get" => {
                let dlq_id = id(which)?;
                Kind::Verbatim(Verbatim::new(get_entry(&dlq_id), Check::Entry(dlq_id)))
            }
            "retryCallback" => {
                let call = RetryCallback::new(id(which)?);
                Kind::Callback(Act::one(DeedKind::RetryCallback, call.request(), call.dlq_id))
            }
            "cancelCallback" => {
                let call = CancelCallback::new(id(which)?);
                Kind::Callback(Act::one(DeedKind::CancelCallback, call.request(), call.dlq_id))
            }
            "act" => {
                let mut ids = Vec::new();
                for dlq_id in which.split('\0') {
                    ids.push(id(dlq_id)?);
                }
                let ids = Ids::new(ids).map_err(|error| invalid("", &error))?;
                Kind::Act(Act::many(read_action(action, overrides)?, ids))
            }
            "list" => {
                let mut list = read_list(Pairs(which))?.with_count(few);
                if let Some(cursor) = cursor {
                    list = list.from_cursor(cursor);
                }
                Kind::Verbatim(Verbatim::new(list.request(), Check::Page))
            }
            "page" => {
                let selected = Selected::new(read_selection(Pairs(which))?, 0).page(few, cursor);
                let action = read_action(action, overrides)?;
                let mut request = action.request();
                selected.act_in(&mut request);
                let check = if let Action::Delete = action { Check::Deleted } else { Check::Created };
                Kind::Verbatim(Verbatim::new(request, check))
            }
            _ => {
                let scope = match read_selection(Pairs(which))? {
                    Selection::Filter(filter) => Scope::Filter(Box::new(filter)),
                    _ => Scope::All,
                };
                let job = BulkJob::new(read_action(action, overrides)?, scope);
                Kind::Job(job.with_ceiling(whole(count)).at(ListPath::Sdk))
            }
        };
        Ok(Work::task(Task { account: Rc::clone(&self.0), kind }))
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").finish_non_exhaustive()
    }
}

fn id(dlq_id: &str) -> Result<DlqId, JsValue> {
    DlqId::new(dlq_id).map_err(|error| invalid("", &error))
}

fn read_action(action: &str, overrides: &str) -> Result<Action, JsValue> {
    if action == "delete" {
        return Ok(Action::Delete);
    }
    let overrides = Table::parse("the options", overrides)
        .and_then(Overrides::from_table)
        .map_err(|TableError(message)| js_error("invalid_argument", &message))?;
    Ok(if action == "resume" { Action::Resume(overrides) } else { Action::Restart(overrides) })
}
