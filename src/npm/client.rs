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
    dlq::{
        Call, CancelCallback, DeleteMany, GetEntry, Ids, ListPath, Overrides, RestartMany, ResumeMany,
        RetryCallback, Selection,
    },
    ids::DlqId,
    json::TableError,
    settings::{DEFAULT_URL, Token, base_url},
    text,
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
        let url = base_url(url).map_err(|problem| invalid("`baseUrl` ", &problem))?;
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
                let call = GetEntry::new(id(which)?);
                Kind::Verbatim(Verbatim::new(call.request(), Check::Entry(call)))
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
                for dlq_id in text::parts(which, 0) {
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
                Kind::Verbatim(Verbatim::new(list.request(), Check::Page(list)))
            }
            "page" => {
                let selection = read_selection(Pairs(which))?;
                Kind::Verbatim(match read_action(action, overrides)? {
                    Action::Resume(overrides) => {
                        let call = ResumeMany::new(selection, overrides).page(few, cursor);
                        Verbatim::new(call.request(), Check::Created)
                    }
                    Action::Restart(overrides) => {
                        let call = RestartMany::new(selection, overrides).page(few, cursor);
                        Verbatim::new(call.request(), Check::Created)
                    }
                    Action::Delete => {
                        let call = DeleteMany::new(selection).page(few, cursor);
                        Verbatim::new(call.request(), Check::Deleted)
                    }
                })
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
    let overrides = Overrides::from_json("the options", overrides)
        .map_err(|TableError(message)| js_error("invalid_argument", &message))?;
    Ok(if action == "resume" { Action::Resume(overrides) } else { Action::Restart(overrides) })
}
