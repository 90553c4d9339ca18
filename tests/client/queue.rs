//! A dead letter queue in virtual time: answers take their time, and calls that overlap meet each other.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde_json::{Value, json};
use workflow_redrive::client::{Client, World};
use workflow_redrive::dlq::{ApiRequest, ApiResponse, Method, TransportError, Transported};
use workflow_redrive::time::Timestamp;

/// When jobs begin, by the client's clock.
pub(crate) const BEGIN: u64 = 1_792_567_680_000;

/// The service, and the world around the client.
pub(crate) struct Queue {
    pub(crate) rules: Rules,
    state: RefCell<State>,
    now: Cell<u64>,
    /// When somebody waits for something.
    alarms: RefCell<BTreeSet<u64>>,
}

/// How the service behaves. Default: as documented, with answers after 50 ms.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) latency: u64,
    /// Calls that act take so much longer.
    pub(crate) effort: u64,
    /// Answers take up to so much longer.
    pub(crate) jitter: u64,
    pub(crate) latest_first: bool,
    pub(crate) dates: Dates,
    /// Cursors count entries, where they otherwise name the last one.
    pub(crate) cursors_count: bool,
    /// Resumed entries stay in the queue.
    pub(crate) keeps: bool,
    /// Resumed runs fail again after so many milliseconds.
    pub(crate) fails_again: Option<u64>,
    /// The most calls in each second; further ones are refused until the next one.
    pub(crate) per_second: Option<usize>,
    /// How far the client's clock is behind the service's, in milliseconds.
    pub(crate) behind: u64,
    /// The most entries that an answer has room for.
    pub(crate) room: usize,
    /// Of a hundred answers, how many are lost, and how many are an error that says nothing.
    pub(crate) lost: u64,
    pub(crate) broken: u64,
}

/// What `fromDate` and `toDate` are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dates {
    Failure,
    /// The creation of the run, here a minute before its failure.
    Creation,
    Nothing,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            latency: 50,
            effort: 0,
            jitter: 0,
            latest_first: false,
            dates: Dates::Failure,
            cursors_count: false,
            keeps: false,
            fails_again: None,
            per_second: None,
            behind: 0,
            room: 100,
            lost: 0,
            broken: 0,
        }
    }
}

#[derive(Default)]
struct State {
    /// By when they failed, and their number.
    entries: BTreeMap<(u64, u64), String>,
    /// How often each was acted on, in the order of its first time.
    acted: BTreeMap<String, u32>,
    log: Vec<Sent>,
    next: u64,
    dice: u64,
    open: usize,
    peak: usize,
}

/// A request that has arrived.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) at: u64,
    pub(crate) method: Method,
    pub(crate) query: String,
    pub(crate) status: u16,
}

impl Queue {
    /// With entries that failed at these moments, in milliseconds before the job begins by the service's clock.
    pub(crate) fn new(rules: Rules, ages: impl IntoIterator<Item = u64>) -> Self {
        let queue = Self {
            rules,
            state: RefCell::new(State { dice: 7, ..State::default() }),
            now: Cell::new(BEGIN),
            alarms: RefCell::default(),
        };
        for age in ages {
            queue.fail(queue.service_now() - age);
        }
        queue
    }

    /// Puts an entry into the queue; its id.
    pub(crate) fn fail(&self, at: u64) -> String {
        let state = &mut *self.state.borrow_mut();
        let key = (at, state.next);
        state.next += 1;
        let run = format!("wfr_{}", state.next);
        state.entries.insert(key, run);
        format!("{}-{}", key.0, key.1)
    }

    pub(crate) fn client(&self) -> Client<&Self> {
        Client::new(self)
    }

    pub(crate) fn service_now(&self) -> u64 {
        self.now.get() + self.rules.behind
    }

    /// How long it took so far, in milliseconds.
    pub(crate) fn elapsed(&self) -> u64 {
        self.now.get() - BEGIN
    }

    /// How often each entry was acted on.
    pub(crate) fn acted(&self) -> BTreeMap<String, u32> {
        self.state.borrow().acted.clone()
    }

    pub(crate) fn len(&self) -> usize {
        self.state.borrow().entries.len()
    }

    pub(crate) fn log(&self) -> Vec<Sent> {
        self.state.borrow().log.clone()
    }

    /// The most calls at once.
    pub(crate) fn peak(&self) -> usize {
        self.state.borrow().peak
    }

    /// Runs a future while time passes for it.
    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                return done;
            }
            self.pass();
        }
    }

    /// Lets time pass until somebody has waited for long enough.
    pub(crate) fn pass(&self) {
        let first = self.alarms.borrow_mut().pop_first().expect("somebody waits for nothing");
        self.now.set(self.now.get().max(first));
    }

    async fn sleep(&self, millis: u64) {
        let until = self.now.get() + millis;
        std::future::poll_fn(|_| {
            if self.now.get() >= until {
                return Poll::Ready(());
            }
            self.alarms.borrow_mut().insert(until);
            Poll::Pending
        })
        .await;
    }

    fn answer(&self, request: &ApiRequest) -> Transported {
        let state = &mut *self.state.borrow_mut();
        let (path, query) = request.path_and_query.split_once('?').unwrap_or((&request.path_and_query, ""));
        let now = self.now.get();
        state.dice =
            state.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let roll = (state.dice >> 33) % 100;
        let in_this_second = state
            .log
            .iter()
            .rev()
            .take_while(|sent| sent.at / 1000 == now / 1000)
            .filter(|sent| sent.status != 429);
        let is_limited = self.rules.per_second.is_some_and(|most| in_this_second.count() >= most);
        let status = match () {
            () if is_limited => 429,
            () if roll < self.rules.broken => 500,
            () => 200,
        };
        state.log.push(Sent { at: now, method: request.method, query: query.to_owned(), status });
        match status {
            429 => {
                return Ok(ApiResponse::new(429, "", |name| {
                    (name == "burst-ratelimit-reset")
                        .then(|| ((now / 1000 + 1) * 1000 + self.rules.behind).to_string())
                }));
            }
            500 => return Ok(ApiResponse::new(500, "", |_| None)),
            _ => {}
        }
        let parameters: Vec<_> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let ids: Vec<_> =
            parameters.iter().filter(|(name, _)| *name == "dlqIds").map(|(_, id)| *id).collect();
        let answer = match request.method {
            Method::Get if path == "/v2/workflows/dlq" => self.list(state, &parameters, &ids)?,
            Method::Get => {
                let id = path.rsplit('/').next().unwrap_or_default();
                match state.entries.get(&key(id)) {
                    Some(run) => entry(key(id), run),
                    None => return Ok(ApiResponse::new(404, r#"{"error":"gone"}"#, |_| None)),
                }
            }
            method => match self.act(state, method, &ids) {
                Some(answer) => answer,
                None => return Ok(ApiResponse::new(404, r#"{"error":"some were not found"}"#, |_| None)),
            },
        };
        if (self.rules.broken..self.rules.broken + self.rules.lost).contains(&roll) {
            return Err(TransportError::interrupted("connection reset"));
        }
        Ok(ApiResponse::new(200, answer.to_string(), |_| None))
    }

    fn list(
        &self,
        state: &State,
        parameters: &[(&str, &str)],
        ids: &[&str],
    ) -> Result<Value, TransportError> {
        let number = |wanted| {
            parameters.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.parse().unwrap())
        };
        let (from, to) = (number("fromDate").unwrap_or(0), number("toDate").unwrap_or(u64::MAX));
        let count = usize::try_from(number("count").unwrap()).unwrap();
        let cursor = parameters.iter().find(|(name, _)| *name == "cursor").map(|(_, value)| *value);
        let mut all: Vec<_> = state
            .entries
            .iter()
            .filter(|((at, _), _)| match self.rules.dates {
                Dates::Failure => (from..=to).contains(at),
                Dates::Creation => (from..=to).contains(&(at - 60_000)),
                Dates::Nothing => true,
            })
            .filter(|(place, _)| ids.is_empty() || ids.iter().any(|id| key(id) == **place))
            .collect();
        if self.rules.latest_first {
            all.reverse();
        }
        let skipped = match cursor {
            None => 0,
            Some(cursor) if self.rules.cursors_count => cursor.parse().unwrap(),
            Some(cursor) => {
                let place = key(cursor);
                let is_before =
                    |other: (u64, u64)| if self.rules.latest_first { other >= place } else { other <= place };
                all.iter().take_while(|(other, _)| is_before(**other)).count()
            }
        };
        let page: Vec<_> = all.iter().skip(skipped).take(count).collect();
        if page.len() > self.rules.room {
            return Err(TransportError::too_large(1));
        }
        let more = all.len() > skipped + page.len();
        let cursor = match page.last() {
            Some(_) if more && self.rules.cursors_count => (skipped + page.len()).to_string(),
            Some(((at, number), _)) if more => format!("{at}-{number}"),
            _ => String::new(),
        };
        let messages: Vec<_> = page.iter().map(|(place, run)| entry(**place, run)).collect();
        Ok(json!({ "messages": messages, "cursor": cursor }))
    }

    /// What was acted on, unless one is missing.
    fn act(&self, state: &mut State, method: Method, ids: &[&str]) -> Option<Value> {
        assert!(!ids.is_empty() && ids.len() <= 50, "{} ids", ids.len());
        let is_deletion = method == Method::Delete;
        if !is_deletion && ids.iter().any(|id| !state.entries.contains_key(&key(id))) {
            return None;
        }
        let mut runs = Vec::new();
        for id in ids {
            let is_there = state.entries.contains_key(&key(id));
            if is_there && (is_deletion || !self.rules.keeps) {
                state.entries.remove(&key(id));
            }
            if !is_there {
                continue;
            }
            *state.acted.entry((*id).to_owned()).or_default() += 1;
            state.next += 1;
            let run = format!("wfr_{}", state.next);
            let now = self.service_now();
            runs.push(json!({ "workflowRunId": run, "workflowCreatedAt": now }));
            if let (Some(after), false) = (self.rules.fails_again, is_deletion) {
                state.entries.insert((now + after, state.next), run);
            }
        }
        Some(if is_deletion { json!({ "deleted": runs.len() }) } else { json!({ "workflowRuns": runs }) })
    }
}

impl World for &Queue {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now.get())
    }

    fn entropy(&self) -> u64 {
        self.now.get().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20
    }

    async fn send(&self, request: ApiRequest, timeout: Duration) -> Transported {
        {
            let mut state = self.state.borrow_mut();
            state.open += 1;
            state.peak = state.peak.max(state.open);
        }
        // The service acts right away, and its answer takes its time.
        let answer = self.answer(&request);
        assert!(u128::from(self.rules.latency) < timeout.as_millis(), "{timeout:?}");
        let effort = if request.method == Method::Get { 0 } else { self.rules.effort };
        let jitter = (self.state.borrow().dice >> 40) % (self.rules.jitter + 1);
        self.sleep(self.rules.latency + effort + jitter).await;
        self.state.borrow_mut().open -= 1;
        answer
    }

    async fn wait(&self, span: Duration) {
        self.sleep(u64::try_from(span.as_millis()).unwrap()).await;
    }
}

fn key(id: &str) -> (u64, u64) {
    let (at, number) = id.split_once('-').unwrap();
    (at.parse().unwrap(), number.parse().unwrap())
}

fn entry((at, number): (u64, u64), run: &str) -> Value {
    json!({ "dlqId": format!("{at}-{number}"), "workflowRunId": run, "workflowCreatedAt": at - 60_000 })
}
