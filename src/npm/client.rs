//! The DLQ API with all its patience, over JavaScript's `fetch` and timers.

use core::{fmt, time::Duration};
use std::rc::Rc;

use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::{
    error::{invalid, js_error},
    filter::read,
    pairs::Pairs,
    request::whole,
    task::{Account, Check, Kind, Task},
    work::Work,
};
use crate::{
    client::{Act, Action, BulkJob, DeedKind, Endpoint, Memory, Patience},
    dlq::{Call, CancelCallback, Ids, MAX_PER_PAGE, Overrides, RetryCallback, get_entry},
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
        let url = base_url(url)
            .map_err(|problem| js_error("invalid_argument", &["`baseUrl` ", &problem].concat()))?;
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
            "act" => {
                let mut ids = Vec::new();
                for dlq_id in text::parts(which, 0) {
                    ids.push(id(dlq_id)?);
                }
                let ids = Ids::checked(&ids).map_err(|error| invalid("", &error))?;
                Kind::Act(Act::many(read_action(action, overrides)?, ids))
            }
            "list" | "page" | "job" => {
                let mut list = read(Pairs(which)).map_err(|fault| js_error("invalid_argument", &fault))?;
                if operation == "list" {
                    list.selected().page(few.min(MAX_PER_PAGE), cursor);
                    Kind::verbatim(list.request(), Check::Page)
                } else {
                    let action = read_action(action, overrides)?;
                    if operation == "page" {
                        list.selected().page(few, cursor);
                        let mut request = action.request();
                        list.selected().act_in(&mut request);
                        let check =
                            if matches!(action, Action::Delete) { Check::Deleted } else { Check::Created };
                        Kind::verbatim(request, check)
                    } else {
                        Kind::Job(Box::new(BulkJob::over(action, *list).with_ceiling(whole(count))))
                    }
                }
            }
            _ => {
                let dlq_id = id(which)?;
                match operation {
                    "retryCallback" => {
                        let request = RetryCallback::new(dlq_id.clone()).request();
                        Kind::Callback(Act::one(DeedKind::RetryCallback, request, dlq_id))
                    }
                    "cancelCallback" => {
                        let request = CancelCallback::new(dlq_id.clone()).request();
                        Kind::Callback(Act::one(DeedKind::CancelCallback, request, dlq_id))
                    }
                    _ => Kind::verbatim(get_entry(&dlq_id), Check::Entry(dlq_id)),
                }
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
