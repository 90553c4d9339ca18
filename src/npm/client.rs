//! The DLQ API with all its patience, over JavaScript's `fetch` and timers.

use core::{cell::RefCell, fmt, time::Duration};
use std::rc::Rc;

use js_sys::JSON;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::{
    error::js_error,
    filter::read_filter,
    mailbox::Mailbox,
    object::object,
    types::{self, Plain, Thrown},
    wire::to_object,
    work::Work,
};
use crate::{
    client::{Action, BulkError, BulkJob, CallError, Client, Endpoint, Patience, Scope, World},
    dlq::{
        ApiError, ApiRequest, ApiResponse, Call, CancelCallback, DeleteMany, GetEntry, Ids, List, ListPath,
        Overrides, RestartMany, ResumeMany, RetryCallback, Selection, Transported,
    },
    http_url::HttpUrl,
    ids::DlqId,
    js_host::{entropy, now},
    json::{Table, TableError},
    settings::{DEFAULT_URL, Token, base_url},
    time::Timestamp,
};

/// An account of the DLQ API.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Api {
    endpoint: Rc<Endpoint>,
    patience: Patience,
}

#[wasm_bindgen]
impl Api {
    /// Checks token and address. Default address: `https://qstash.upstash.io`. Times are in milliseconds.
    #[wasm_bindgen(constructor)]
    pub fn new(
        token: String,
        url: Option<String>,
        timeout: u32,
        max_attempts: u32,
        max_elapsed: u32,
    ) -> Result<Self, JsValue> {
        let token = Token::new(token).map_err(|error| invalid("`token`: ", &error))?;
        let url = url.unwrap_or_else(|| DEFAULT_URL.to_owned());
        let url = base_url("`baseUrl`", &url).map_err(|error| invalid("", &error))?;
        let endpoint = Endpoint::new(url, token).map_err(|error| invalid("`baseUrl`: ", &error))?;
        let patience = Patience::DEFAULT
            .with_timeout(Duration::from_millis(timeout.into()))
            .with_bounds(max_attempts, Duration::from_millis(max_elapsed.into()));
        Ok(Self { endpoint: Rc::new(endpoint), patience })
    }

    /// Reads an entry, as the service sends it.
    pub fn get(&self, dlq_id: String) -> Result<Work, JsValue> {
        Ok(self.verbatim(GetEntry::new(id(dlq_id)?)))
    }

    /// Reads a page, as the service sends it. `filter` is a JSON object; without, every entry is meant. `url` and
    /// `response_status` are the criteria of older SDKs.
    pub fn list(
        &self,
        filter: Option<String>,
        count: usize,
        cursor: Option<String>,
        url: Option<String>,
        response_status: Option<u16>,
    ) -> Result<Work, JsValue> {
        let list = filter.map_or(Ok(List::all()), |filter| read_filter(&filter).map(List::matching))?;
        let mut list = list.at(ListPath::Sdk).with_count(count);
        if let Some(url) = url {
            let url = HttpUrl::parse(&url).map_err(|error| invalid("`filter`: url: ", &error))?;
            list = list.with_url(&url);
        }
        if let Some(status) = response_status {
            list = list.with_response_status(status);
        }
        if let Some(cursor) = cursor {
            list = list.from_cursor(cursor);
        }
        Ok(self.verbatim(list))
    }

    /// Does `action` (`resume`, `restart`, `delete`) to a page of what a filter selects, or of everything; the answer is
    /// the service's own.
    pub fn page(
        &self,
        action: &str,
        filter: Option<String>,
        overrides: &str,
        count: usize,
        cursor: Option<String>,
    ) -> Result<Work, JsValue> {
        let selection = match filter {
            None => Selection::All,
            Some(filter) => read_filter(&filter)?.into(),
        };
        Ok(match read_action(action, overrides)? {
            Action::Resume(overrides) => {
                self.verbatim(ResumeMany::new(selection, overrides).page(count, cursor))
            }
            Action::Restart(overrides) => {
                self.verbatim(RestartMany::new(selection, overrides).page(count, cursor))
            }
            Action::Delete => self.verbatim(DeleteMany::new(selection).page(count, cursor)),
        })
    }

    /// Delivers a failure callback again that has failed.
    #[wasm_bindgen(js_name = retryCallback)]
    pub fn retry_callback(&self, dlq_id: String) -> Result<Work, JsValue> {
        let call = RetryCallback::new(id(dlq_id)?);
        Ok(self.work(async move |client| {
            let created =
                client.retry_callback(&call).await.map_err(|error| client.world().failed(&error))?;
            Ok(created.as_ref().map_or(JsValue::UNDEFINED, types::created_run))
        }))
    }

    /// Stops the delivery of a failure callback.
    #[wasm_bindgen(js_name = cancelCallback)]
    pub fn cancel_callback(&self, dlq_id: String) -> Result<Work, JsValue> {
        let call = CancelCallback::new(id(dlq_id)?);
        Ok(self.work(async move |client| {
            client.cancel_callback(&call).await.map_err(|error| client.world().failed(&error))?;
            Ok(JsValue::UNDEFINED)
        }))
    }

    /// Does `action` (`resume`, `restart`, `delete`) to certain entries, to each once.
    pub fn act(&self, action: &str, dlq_ids: Vec<String>, overrides: &str) -> Result<Work, JsValue> {
        let action = read_action(action, overrides)?;
        let ids: Result<Vec<DlqId>, JsValue> = dlq_ids.into_iter().map(id).collect();
        let ids = Ids::new(ids?).map_err(|error| invalid("", &error))?;
        Ok(self.work(async move |client| {
            let acted = client.act(&action, &ids).await;
            Ok(types::acted(&acted, &|text| client.world().redact(text)))
        }))
    }

    /// Does `action` to everything that a filter selects, or to everything. Each step is a page.
    pub fn job(
        &self,
        action: &str,
        filter: Option<String>,
        overrides: &str,
        limit: f64,
    ) -> Result<Job, JsValue> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float cast saturates")]
        let ceiling = limit as u64;
        let scope = match filter {
            None => Scope::All,
            Some(filter) => Scope::Filter(Box::new(read_filter(&filter)?)),
        };
        let job =
            BulkJob::new(read_action(action, overrides)?, scope).with_ceiling(ceiling).at(ListPath::Sdk);
        Ok(Job(Rc::new(RefCell::new(Some(job)))))
    }

    /// The next page of a job: `{acted, totals}`; `undefined` at its end.
    #[must_use]
    pub fn step(&self, job: &Job) -> Work {
        let cell = Rc::clone(&job.0);
        self.work(async move |client| {
            let taken = cell.borrow_mut().take();
            let Some(mut job) = taken else {
                return Err(js_error(
                    "invalid_argument",
                    "one page of a job must end before the next begins",
                ));
            };
            let step = job.next(&client).await;
            *cell.borrow_mut() = Some(job);
            match step {
                None => Ok(JsValue::UNDEFINED),
                Some(Ok(step)) => {
                    let acted = types::acted(&step.acted, &|text| client.world().redact(text));
                    Ok(object([("acted", acted), ("totals", types::totals(&step.totals))]).into())
                }
                Some(Err(BulkError::List(error))) => Err(client.world().failed(&error)),
                Some(Err(error @ BulkError::Cursor(_))) => Err(js_error("malformed", &error.to_string())),
            }
        })
    }
}

impl Api {
    /// A call whose answer is checked, and handed on as the service sent it.
    fn verbatim(&self, call: impl Call + 'static) -> Work {
        let request = call.request();
        let call = Verbatim { request, check: Box::new(move |answer| call.parse(answer).map(|_| ())) };
        self.work(async move |client| client.call(&call).await.map_err(|error| client.world().failed(&error)))
    }

    fn work(&self, task: impl AsyncFnOnce(Client<JsWorld>) -> Result<JsValue, JsValue> + 'static) -> Work {
        let mailbox = Rc::new(Mailbox::default());
        let world = JsWorld { endpoint: Rc::clone(&self.endpoint), mailbox: Rc::clone(&mailbox) };
        let client = Client::new(world).with_patience(self.patience);
        Work::new(mailbox, async move { task(client).await })
    }
}

/// A bulk job between two pages.
#[wasm_bindgen]
pub struct Job(Rc<RefCell<Option<BulkJob>>>);

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").finish_non_exhaustive()
    }
}

struct JsWorld {
    endpoint: Rc<Endpoint>,
    mailbox: Rc<Mailbox>,
}

impl JsWorld {
    fn failed(&self, error: &CallError) -> JsValue {
        Thrown::call(error, &|text| self.redact(text)).plain()
    }

    /// A text without the token, should the service repeat it.
    fn redact(&self, text: &str) -> String {
        self.endpoint.redact(text)
    }
}

impl World for JsWorld {
    fn now(&self) -> Timestamp {
        now()
    }

    fn entropy(&self) -> u64 {
        entropy()
    }

    async fn send(&self, request: ApiRequest, timeout: Duration) -> Transported {
        self.mailbox.call(to_object(&self.endpoint.address(&request)), Some(timeout)).await
    }

    async fn wait(&self, span: Duration) {
        self.mailbox.sleep(span).await;
    }
}

/// Any call, with nothing generic about it.
struct Verbatim {
    request: ApiRequest,
    check: Box<dyn Fn(ApiResponse) -> Result<(), ApiError>>,
}

impl Call for Verbatim {
    type Output = JsValue;

    fn request(&self) -> ApiRequest {
        self.request.clone()
    }

    fn parse(&self, response: ApiResponse) -> Result<JsValue, ApiError> {
        let body = String::from_utf8_lossy(response.body()).into_owned();
        (self.check)(response)?;
        JSON::parse(&body).map_err(|_| ApiError::Malformed { what: "no JSON" })
    }
}

fn id(dlq_id: String) -> Result<DlqId, JsValue> {
    DlqId::new(dlq_id).map_err(|error| invalid("", &error))
}

fn read_action(action: &str, overrides: &str) -> Result<Action, JsValue> {
    match action {
        "resume" => read_overrides(overrides).map(Action::Resume),
        "restart" => read_overrides(overrides).map(Action::Restart),
        _ => Ok(Action::Delete),
    }
}

fn read_overrides(json: &str) -> Result<Overrides, JsValue> {
    let table = Table::parse("the options", json).and_then(Overrides::from_table);
    table.map_err(|TableError(message)| js_error("invalid_argument", &message))
}

pub(super) fn invalid(name: &str, error: &dyn fmt::Display) -> JsValue {
    js_error("invalid_argument", &[name, &error.to_string()].concat())
}
