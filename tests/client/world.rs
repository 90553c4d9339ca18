//! A scripted world: it answers in order what it was told to, records what was sent and waited for, and fails the test
//! where it is asked for more. Time passes only while somebody waits, or where an answer takes its time.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::ready;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde_json::json;
use workflow_redrive::client::{Client, World};
use workflow_redrive::dlq::{ApiRequest, ApiResponse, TransportError, Transported};
use workflow_redrive::ids::DlqId;
use workflow_redrive::time::Timestamp;

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_792_567_680);

pub(crate) struct Script {
    answers: RefCell<VecDeque<Transported>>,
    lines: RefCell<Vec<String>>,
    pub(crate) waits: RefCell<Vec<Duration>>,
    pub(crate) timeouts: RefCell<Vec<Duration>>,
    pub(crate) now: Cell<Timestamp>,
    pub(crate) entropy: Cell<u64>,
    /// How long each answer takes. Default: no time.
    pub(crate) latency: Cell<Duration>,
}

impl World for &Script {
    fn now(&self) -> Timestamp {
        self.now.get()
    }

    fn entropy(&self) -> u64 {
        self.entropy.get()
    }

    fn send(&self, request: ApiRequest, timeout: Duration) -> impl Future<Output = Transported> {
        self.lines.borrow_mut().push(format!("{} {}", request.method, request.path_and_query));
        self.timeouts.borrow_mut().push(timeout);
        self.now.set(self.now.get().after(self.latency.get().min(timeout)));
        ready(self.answers.borrow_mut().pop_front().expect("a request that no answer was scripted for"))
    }

    fn wait(&self, span: Duration) -> impl Future<Output = ()> {
        self.waits.borrow_mut().push(span);
        self.now.set(self.now.get().after(span));
        ready(())
    }
}

impl Script {
    pub(crate) fn answering(answers: impl IntoIterator<Item = Transported>) -> Self {
        Self {
            answers: RefCell::new(answers.into_iter().collect()),
            lines: RefCell::default(),
            waits: RefCell::default(),
            timeouts: RefCell::default(),
            now: Cell::new(NOW),
            entropy: Cell::new(0),
            latency: Cell::default(),
        }
    }

    pub(crate) fn client(&self) -> Client<&Self> {
        Client::new(self)
    }

    /// What was sent; every answer must have been asked for.
    pub(crate) fn lines(&self) -> Vec<String> {
        assert!(self.answers.borrow().is_empty(), "answers that nobody asked for: {:?}", self.lines.borrow());
        self.lines.borrow().clone()
    }
}

#[expect(clippy::unnecessary_wraps, reason = "stands in lists beside answers that are lost")]
pub(crate) fn api(status: u16, body: &str) -> Transported {
    Ok(ApiResponse::new(status, body, |_| None))
}

#[expect(clippy::unnecessary_wraps, reason = "stands in lists beside answers that are lost")]
pub(crate) fn limited(header: &'static str, value: u64) -> Transported {
    Ok(ApiResponse::new(429, "", |name| (name == header).then(|| value.to_string())))
}

pub(crate) fn lost() -> Transported {
    Err(TransportError::interrupted("connection reset"))
}

pub(crate) fn unsent() -> Transported {
    Err(TransportError::unreachable("connection refused"))
}

/// The answer to a resume or restart of one entry.
pub(crate) fn created() -> Transported {
    api(200, r#"{"workflowRunId": "wfr_2", "workflowCreatedAt": 1792567680000}"#)
}

/// The answer to a bulk call that created this many runs.
pub(crate) fn runs(count: usize) -> Transported {
    let runs: Vec<_> = (0..count).map(|n| json!({"workflowRunId": format!("wfr_new{n}")})).collect();
    api(200, &json!({"workflowRuns": runs}).to_string())
}

/// A page with these entries; of each, the run is `wfr_<sequence>`.
pub(crate) fn page(numbers: impl IntoIterator<Item = usize>, cursor: &str) -> Transported {
    let entries = numbers.into_iter();
    let entries: Vec<_> =
        entries.map(|n| json!({"dlqId": format!("1-{n}"), "workflowRunId": format!("wfr_{n}")})).collect();
    api(200, &json!({"messages": entries, "cursor": cursor}).to_string())
}

/// An entry of the queue.
pub(crate) fn entry(n: usize) -> Transported {
    api(200, &json!({"dlqId": format!("1-{n}"), "workflowRunId": format!("wfr_{n}")}).to_string())
}

pub(crate) fn id(n: usize) -> DlqId {
    DlqId::new(format!("1-{n}")).unwrap()
}

pub(crate) fn ids(numbers: impl IntoIterator<Item = usize>) -> Vec<DlqId> {
    numbers.into_iter().map(id).collect()
}

/// `dlqIds=1-0&dlqIds=1-1…`
pub(crate) fn query(numbers: impl IntoIterator<Item = usize>) -> String {
    numbers.into_iter().map(|n| format!("dlqIds=1-{n}")).collect::<Vec<_>>().join("&")
}

/// Runs a future that never has to wait.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("nothing in a scripted world is pending"),
    }
}
