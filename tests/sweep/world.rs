//! A queue, a ledger and a clock in memory.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde_json::{Value, json};
use workflow_redrive::dlq::{ApiRequest, ApiResponse, Method, Transported};
use workflow_redrive::durable::{Actor, MemoryRecords, Office};
use workflow_redrive::http_url::{HttpUrl, percent_decode, query_pairs};
use workflow_redrive::ledger::{self, Claimant, Shard};
use workflow_redrive::recovery::{Case, Claim, Conclusion, Host, Moment};
use workflow_redrive::settings::{Account, Settings};
use workflow_redrive::sweep::{KEEPER, Keeper, Orders, Sweeper, sweep};
use workflow_redrive::time::Timestamp;

use crate::common::{CURRENT, NEXT, NOW};

/// The address that our callbacks go to.
pub(crate) const OWN: &str = "https://redrive.example/";
pub(crate) const TOKEN: &str = "token-of-the-account";

/// An entry of a run that failed so long ago, with a callback to us that has failed.
pub(crate) fn entry(ago: Duration, n: usize) -> Value {
    let at = NOW.as_millis() - u64::try_from(ago.as_millis()).unwrap();
    json!({
        "dlqId": format!("{at}-{n}"),
        "workflowRunId": format!("wfr_{n}"),
        "workflowUrl": "https://app.example/flow",
        "responseStatus": 503,
        "failureCallback": OWN,
        "failureFunctionState": "CALLBACK_FAIL",
        "createdAt": at,
        "body": "payload-that-nobody-is-told",
    })
}

/// Minutes.
pub(crate) const fn mins(mins: u64) -> Duration {
    Duration::from_mins(mins)
}

/// An entry with another field, or without it where the value is `null`.
pub(crate) fn with(mut entry: Value, field: &str, value: Value) -> Value {
    if value.is_null() {
        entry.as_object_mut().unwrap().remove(field);
    } else {
        entry[field] = value;
    }
    entry
}

pub(crate) struct World {
    pub(crate) settings: Settings,
    /// By the token of the account.
    pub(crate) queues: RefCell<BTreeMap<String, Vec<Value>>>,
    pub(crate) page: Cell<usize>,
    actors: RefCell<BTreeMap<String, MemoryRecords>>,
    pub(crate) is_ledger_there: Cell<bool>,
    pub(crate) has_ledger: Cell<bool>,
    /// Answers of the list instead of pages, in order; `None` is the page.
    pub(crate) lists: RefCell<VecDeque<Option<Transported>>>,
    /// Answers to a resume instead of the right one, by entry.
    pub(crate) resumes: RefCell<BTreeMap<String, Transported>>,
    pub(crate) now: Cell<Timestamp>,
    /// How long each call takes.
    pub(crate) takes: Cell<Duration>,
    /// `POST /v2/…` of what was sent, and the token.
    pub(crate) sent: RefCell<Vec<(String, String)>>,
    pub(crate) headers: RefCell<Vec<Vec<(&'static str, String)>>>,
    pub(crate) told: RefCell<Vec<String>>,
    runs: Cell<usize>,
}

impl World {
    pub(crate) fn new(entries: Vec<Value>) -> Self {
        Self::with(&[], entries)
    }

    pub(crate) fn with(more: &[(&str, &str)], entries: Vec<Value>) -> Self {
        let all = [
            ("QSTASH_TOKEN", TOKEN),
            ("QSTASH_CURRENT_SIGNING_KEY", CURRENT),
            ("QSTASH_NEXT_SIGNING_KEY", NEXT),
            ("SWEEP_CALLS", "1000"),
        ];
        let find = |name: &str| more.iter().chain(&all).find(|(known, _)| *known == name);
        let settings = Settings::read(|name| find(name).map(|(_, value)| (*value).to_owned())).unwrap();
        Self {
            settings,
            queues: RefCell::new([(TOKEN.to_owned(), entries)].into()),
            page: Cell::new(100),
            actors: RefCell::default(),
            is_ledger_there: Cell::new(true),
            has_ledger: Cell::new(true),
            lists: RefCell::default(),
            resumes: RefCell::default(),
            now: Cell::new(NOW),
            takes: Cell::new(Duration::ZERO),
            sent: RefCell::default(),
            headers: RefCell::default(),
            told: RefCell::default(),
            runs: Cell::new(0),
        }
    }

    /// A sweep by the clock, of one account.
    pub(crate) fn sweep(&self) -> Value {
        let mut reports = self.sweeps(&Orders::of_the_clock());
        assert_eq!(reports.len(), 1);
        reports.remove(0)
    }

    pub(crate) fn sweeps(&self, orders: &Orders) -> Vec<Value> {
        self.sweeps_of(Some(OWN), orders)
    }

    pub(crate) fn sweeps_of(&self, own: Option<&str>, orders: &Orders) -> Vec<Value> {
        let own = own.map(|own| HttpUrl::parse(own).unwrap());
        let reports = block_on(sweep(&self.settings, own.as_ref(), orders, self));
        let reports: Vec<String> = reports
            .iter()
            .map(|report| {
                assert!(!report.to_json_with_entries().contains("payload-that"));
                assert!(report.log_line(NOW, self.now.get()).contains(r#""event":"sweep""#));
                report.to_json_with_entries()
            })
            .collect();
        reports.iter().map(|report| serde_json::from_str(report).unwrap()).collect()
    }

    pub(crate) fn pass(&self, span: Duration) {
        self.now.set(self.now.get().after(span));
    }

    /// The entries that are in the queue.
    pub(crate) fn queued(&self) -> usize {
        self.queues.borrow().values().map(Vec::len).sum()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.sent.borrow().iter().map(|(line, _)| line.clone()).collect()
    }

    /// The entries that were resumed, in order.
    pub(crate) fn resumed(&self) -> Vec<String> {
        let path = "POST /v2/workflows/dlq/resume/";
        self.lines().iter().filter_map(|line| line.strip_prefix(path)).map(str::to_owned).collect()
    }

    /// What the ledger knows of an entry of a lineage.
    pub(crate) fn recorded(&self, root: &str) -> Vec<Value> {
        let root = workflow_redrive::ids::RunId::new(root).unwrap();
        let shard = ledger::shard_of(&root, self.settings.ledger_shards);
        let answer = self.hear(&shard, &format!(r#"{{"do":"lineage","runId":"{root}"}}"#));
        let answer: Value = serde_json::from_str(&answer.unwrap()).unwrap();
        answer["recoveries"].as_array().unwrap().clone()
    }

    pub(crate) fn is_untouched(&self) -> bool {
        let changes = |message: &String| !message.contains(r#""do":"sift""#);
        self.resumed().is_empty() && !self.told.borrow().iter().any(changes)
    }

    pub(crate) async fn claim_by(&self, case: &Case, by: Claimant) -> Claim {
        let shard = ledger::shard_of(case.lineage.root_run(), self.settings.ledger_shards);
        match self.tell(&shard, &ledger::claim(case, by)).await {
            Some(answer) => ledger::read_claim(&answer),
            None => Claim::Unavailable,
        }
    }

    fn hear(&self, actor: &str, message: &str) -> Option<String> {
        let role: &dyn Actor = if actor == KEEPER { &Keeper } else { &Shard };
        let mut actors = self.actors.borrow_mut();
        let records = actors.entry(actor.to_owned()).or_default();
        let before = records.clone();
        let moment = Moment { now: self.now.get(), entropy: self.entropy() };
        let heard = role.hear(&mut Office { records, settings: &self.settings, moment }, message);
        if heard.is_err() {
            *records = before;
        }
        heard.ok()
    }

    fn list(&self, token: &str, query: &str) -> Transported {
        if let Some(Some(answer)) = self.lists.borrow_mut().pop_front() {
            return answer;
        }
        let queues = self.queues.borrow();
        let queue = queues.get(token).map(Vec::as_slice).unwrap_or_default();
        let of = |wanted: &str| {
            query_pairs(query)
                .find(|(name, _)| *name == wanted)
                .map(|(_, value)| percent_decode(value).unwrap())
        };
        let count: usize = of("count").unwrap().parse().unwrap();
        // Cursors name the entry that the page begins behind, as the service's own do.
        let at = of("cursor").map_or(Some(0), |cursor| {
            queue.iter().position(|entry| entry["dlqId"] == *cursor).map(|at| at + 1)
        });
        let Some(at) = at.or_else(|| of("cursor").is_some_and(|cursor| cursor.contains('-')).then_some(0))
        else {
            return answer(400, "invalid cursor");
        };
        let rest = &queue[at..];
        let page = &rest[..rest.len().min(count.min(self.page.get()))];
        let mut body = json!({ "messages": page });
        if page.len() < rest.len() {
            body["cursor"] = page.last().unwrap()["dlqId"].clone();
        }
        answer(200, &body.to_string())
    }

    fn resume(&self, token: &str, id: &str) -> Transported {
        if let Some(answer) = self.resumes.borrow().get(id) {
            return answer.clone();
        }
        let mut queues = self.queues.borrow_mut();
        let Some(queue) = queues.get_mut(token) else { return answer(401, "no such account") };
        let Some(at) = queue.iter().position(|entry| entry["dlqId"] == *id) else {
            return answer(404, "not found");
        };
        queue.remove(at);
        self.runs.set(self.runs.get() + 1);
        answer(200, &json!({ "workflowRunId": format!("wfr_new_{}", self.runs.get()) }).to_string())
    }
}

impl Host for World {
    fn now(&self) -> Timestamp {
        self.now.get()
    }

    fn entropy(&self) -> u64 {
        1 << 63
    }

    async fn send(&self, account: &Account, request: ApiRequest) -> Transported {
        let token = account.token.reveal();
        let line = format!("{} {}", request.method, request.path_and_query);
        self.sent.borrow_mut().push((line, token.to_owned()));
        self.headers.borrow_mut().push(request.headers.clone());
        self.pass(self.takes.get());
        others().await;
        let (path, query) = request.path_and_query.split_once('?').unwrap_or((&request.path_and_query, ""));
        match (request.method, path.rsplit_once('/').unwrap()) {
            (Method::Get, ("/v2/workflows", "dlq")) => self.list(token, query),
            (Method::Post, (_, id)) => self.resume(token, id),
            (Method::Get, (_, id)) => {
                let queues = self.queues.borrow();
                let entry = queues[token].iter().find(|entry| entry["dlqId"] == *id);
                entry.map_or_else(|| answer(404, ""), |entry| answer(200, &entry.to_string()))
            }
            other => panic!("{other:?}"),
        }
    }

    async fn claim(&self, case: &Case) -> Claim {
        self.claim_by(case, Claimant::Sweep).await
    }

    async fn settle(&self, case: &Case, conclusion: &Conclusion) -> bool {
        let shard = ledger::shard_of(case.lineage.root_run(), self.settings.ledger_shards);
        self.tell(&shard, &ledger::settle(case, conclusion)).await.is_some()
    }
}

impl Sweeper for World {
    fn has_ledger(&self) -> bool {
        self.has_ledger.get()
    }

    async fn tell(&self, actor: &str, message: &str) -> Option<String> {
        self.told.borrow_mut().push(message.to_owned());
        self.pass(self.takes.get());
        others().await;
        if self.is_ledger_there.get() { self.hear(actor, message) } else { None }
    }
}

/// As on a network, somebody else may come to run meanwhile.
async fn others() {
    let mut yielded = false;
    poll_fn(|_| if std::mem::replace(&mut yielded, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

/// An answer of the API.
#[expect(clippy::unnecessary_wraps, reason = "stands in lists beside answers that are lost")]
pub(crate) fn answer(status: u16, body: &str) -> Transported {
    Ok(ApiResponse::new(status, body, |_| None))
}

/// Runs a future whose every wait ends by itself.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return done;
        }
    }
}
