//! The engine behind a network that loses requests and answers, refuses and breaks: by a seed, so that each failure can
//! be seen again. Time passes only while somebody waits.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::ready;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use local_qstash::engine::{Config, Engine, Headers, Outcome, Planted, Request, Response, Timestamp};
use serde_json::Value;
use workflow_redrive::client::{Authentication, Client, Endpoint, World};
use workflow_redrive::dlq::{ApiRequest, ApiResponse, TransportError, Transported};
use workflow_redrive::http_url::HttpUrl;
use workflow_redrive::ids::DlqId;
use workflow_redrive::settings::Token;
use workflow_redrive::time::Timestamp as Moment;

const BASE: &str = "https://qstash.example";
const START: u64 = 1_700_000_000_000;

/// How many of a thousand requests meet what.
#[derive(Clone, Copy, Default)]
pub(crate) struct Weather {
    /// Lost before the service saw it, or its answer lost: half each.
    pub(crate) dropped: u64,
    /// 429 with a reset in a second.
    pub(crate) limited: u64,
    /// 500, after the service did it or before: half each.
    pub(crate) broken: u64,
}

pub(crate) struct Service {
    pub(crate) engine: RefCell<Engine>,
    endpoint: Endpoint,
    weather: Weather,
    random: Cell<u64>,
    now: Cell<u64>,
    pub(crate) requests: Cell<u64>,
    pub(crate) waited: Cell<Duration>,
    /// Headers of the last request that reached the service.
    pub(crate) arrived: RefCell<Vec<(String, String)>>,
    /// What to do to the next requests, before the weather.
    pub(crate) tricks: RefCell<Vec<Trick>>,
}

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trick {
    Pass,
    LostBefore,
    LostAfter,
    Limited,
    BrokenBefore,
    BrokenAfter,
}

impl Service {
    pub(crate) fn new(switches: &[(&str, &str)]) -> Self {
        let mut config = Config::default();
        for (name, value) in switches {
            config.switches.set(name, value).unwrap();
        }
        let token = Token::new(config.credentials.token.clone()).unwrap();
        Self {
            engine: RefCell::new(Engine::new(config)),
            endpoint: Endpoint::new(HttpUrl::parse(BASE).unwrap(), token).unwrap(),
            weather: Weather::default(),
            random: Cell::new(1),
            now: Cell::new(START),
            requests: Cell::new(0),
            waited: Cell::default(),
            arrived: RefCell::default(),
            tricks: RefCell::default(),
        }
    }

    pub(crate) fn with_weather(self, weather: Weather, seed: u64) -> Self {
        self.random.set(seed);
        Self { weather, ..self }
    }

    /// The same, of somebody whose token the service does not know.
    pub(crate) fn with_token(self, token: &str) -> Self {
        let endpoint = Endpoint::new(HttpUrl::parse(BASE).unwrap(), Token::new(token).unwrap()).unwrap();
        Self { endpoint, ..self }
    }

    pub(crate) fn authenticated_by(self, authentication: Authentication) -> Self {
        Self { endpoint: self.endpoint.authenticated_by(authentication), ..self }
    }

    pub(crate) fn client(&self) -> Client<&Self> {
        Client::new(self)
    }

    /// The next requests meet these, the first one first.
    pub(crate) fn trick(&self, tricks: &[Trick]) {
        self.tricks.replace(tricks.iter().rev().copied().collect());
    }

    /// Plants failed runs; their entries.
    pub(crate) fn plant(&self, planted: Value) -> Vec<DlqId> {
        let planted: Planted = serde_json::from_value(planted).unwrap();
        let now = Timestamp::from_millis(self.now.get());
        let planted = self.engine.borrow_mut().plant(&planted, now).unwrap();
        planted.iter().map(|entry| DlqId::new(entry["dlqId"].as_str().unwrap()).unwrap()).collect()
    }

    /// How often each entry was acted on.
    pub(crate) fn acts(&self, kind: &str) -> BTreeMap<String, u32> {
        let mut acts = BTreeMap::new();
        for event in self.engine.borrow().timeline(0) {
            if event["kind"] == kind {
                *acts.entry(event["dlqId"].as_str().unwrap().to_owned()).or_default() += 1;
            }
        }
        acts
    }

    /// Delivers to all runs that wait for it; those of the numbers for which `fails` holds fail for good.
    pub(crate) fn end_runs(&self, fails: impl Fn(usize) -> bool) {
        let now = Timestamp::from_millis(self.now.get());
        let mut engine = self.engine.borrow_mut();
        for (n, delivery) in engine.due(now).into_iter().enumerate() {
            let (status, stop) = if fails(n) {
                (489, "Upstash-NonRetryable-Error")
            } else {
                (200, "Upstash-Workflow-Sdk-Version")
            };
            let headers: Headers = [(stop, if status == 200 { "1" } else { "true" })].into_iter().collect();
            engine.delivered(delivery.id, Outcome::Answered { status, headers, body: Vec::new() }, now);
        }
    }

    pub(crate) fn pass_time(&self, millis: u64) {
        self.now.set(self.now.get() + millis);
    }

    fn next_trick(&self) -> Trick {
        if let Some(trick) = self.tricks.borrow_mut().pop() {
            return trick;
        }
        let Weather { dropped, limited, broken } = self.weather;
        let roll = self.roll() % 1000;
        let is_before = self.roll().is_multiple_of(2);
        match roll {
            roll if roll < dropped => {
                if is_before {
                    Trick::LostBefore
                } else {
                    Trick::LostAfter
                }
            }
            roll if roll < dropped + limited => Trick::Limited,
            roll if roll < dropped + limited + broken => {
                if is_before {
                    Trick::BrokenBefore
                } else {
                    Trick::BrokenAfter
                }
            }
            _ => Trick::Pass,
        }
    }

    /// The next number of a `SplitMix64` generator.
    fn roll(&self) -> u64 {
        let state = self.random.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.random.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn handle(&self, request: &ApiRequest) -> Response {
        let outgoing = self.endpoint.address(request);
        let target = outgoing.url.strip_prefix(BASE).unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let request = Request {
            method: outgoing.method.as_str().to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: outgoing.headers.iter().map(|(name, value)| (*name, value.as_str())).collect(),
            body: Vec::new(),
            caller_ip: "203.0.113.7".to_owned(),
        };
        let headers = outgoing.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        self.arrived.replace(headers.collect());
        self.engine.borrow_mut().handle(&request, Timestamp::from_millis(self.now.get()))
    }
}

impl World for &Service {
    fn now(&self) -> Moment {
        Moment::from_millis(self.now.get())
    }

    fn entropy(&self) -> u64 {
        self.roll()
    }

    fn send(&self, request: ApiRequest, _: Duration) -> impl Future<Output = Transported> {
        self.requests.set(self.requests.get() + 1);
        self.pass_time(1);
        let trick = self.next_trick();
        if matches!(trick, Trick::LostAfter | Trick::BrokenAfter) {
            self.handle(&request);
        }
        ready(match trick {
            Trick::Pass => {
                let Response { status, headers, body } = self.handle(&request);
                Ok(ApiResponse::new(status, body, |name| headers.value(name).map(str::to_owned)))
            }
            Trick::LostBefore | Trick::LostAfter => Err(TransportError::interrupted("connection reset")),
            Trick::Limited => {
                let reset = (self.now.get() / 1000 + 1).to_string();
                Ok(ApiResponse::new(429, "", |name| (name == "burst-ratelimit-reset").then(|| reset.clone())))
            }
            Trick::BrokenBefore | Trick::BrokenAfter => Ok(ApiResponse::new(500, "", |_| None)),
        })
    }

    fn wait(&self, span: Duration) -> impl Future<Output = ()> {
        self.waited.set(self.waited.get() + span);
        self.pass_time(u64::try_from(span.as_millis()).unwrap());
        ready(())
    }
}

/// Runs a future that never has to wait.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("nothing here is pending"),
    }
}
