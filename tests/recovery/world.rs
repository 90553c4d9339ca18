//! The world around a recovery, scripted: it answers in order what it was told to, records every request, and fails the
//! test where it is asked for more.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use serde_json::{Value, json};
use workflow_redrive::callback::{CallbackHeaders, FailureReader};
use workflow_redrive::dlq::{ApiRequest, ApiResponse, TransportError, Transported};
use workflow_redrive::http_url::HttpUrl;
use workflow_redrive::ids::RunId;
use workflow_redrive::recovery::{
    Admission, Arrival, Case, Claim, Conclusion, Host, LogLine, MemoryLedger, Relayed, Reply, Timings,
};
use workflow_redrive::settings::{Account, Settings};
use workflow_redrive::signature::BodyDigest;
use workflow_redrive::time::Timestamp;

use crate::common::{CURRENT, NEXT, NOW, claims, sign};

/// The URL that the author of a workflow gave as its failure URL.
pub(crate) const URL: &str = "https://redrive.example/?team=a";
/// A token that must be sent and appear nowhere else.
pub(crate) const TOKEN: &str = "eyJVc2VySUQiOiJ0b2tlbi1vZi10aGUtYWNjb3VudCJ9";
/// A payload that must appear nowhere.
pub(crate) const PAYLOAD: &str = "cGF5bG9hZC1vZi10aGUtcnVu";
/// The entry of the failed run.
pub(crate) const ENTRY: &str = "1725323658779-0";

/// A request as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// `POST https://…`
    pub(crate) line: String,
    pub(crate) token: String,
    pub(crate) headers: Vec<(&'static str, String)>,
}

/// The world at [`NOW`]; its random number is the middle one: a first attempt waits 10 s to settle and 15 s of
/// back-off, and a pause is 18 s.
pub(crate) struct World {
    answers: RefCell<VecDeque<Transported>>,
    sent: RefCell<Vec<Sent>>,
    ledger: RefCell<MemoryLedger>,
    /// Whether settled claims are said to be kept.
    pub(crate) keeps: Cell<bool>,
    claims: Cell<u32>,
    /// What becomes of callbacks that are handed on, and where they were.
    relays: RefCell<VecDeque<Relayed>>,
    relayed: RefCell<Vec<String>>,
    pub(crate) entropy: Cell<u64>,
    pub(crate) now: Cell<Timestamp>,
}

impl World {
    /// A world in which the API gives these answers.
    pub(crate) fn answering(answers: impl IntoIterator<Item = Transported>) -> Self {
        Self {
            answers: RefCell::new(answers.into_iter().collect()),
            sent: RefCell::default(),
            ledger: RefCell::default(),
            keeps: Cell::new(true),
            claims: Cell::new(0),
            relays: RefCell::default(),
            relayed: RefCell::default(),
            entropy: Cell::new(1 << 63),
            now: Cell::new(NOW),
        }
    }

    /// A world in which no request is allowed.
    pub(crate) fn silent() -> Self {
        Self::answering([])
    }

    /// The next callback that is handed on comes to this.
    pub(crate) fn relays(&self, relayed: Relayed) {
        self.relays.borrow_mut().push_back(relayed);
    }

    /// Where callbacks were handed on to.
    pub(crate) fn relayed(&self) -> Vec<String> {
        assert!(self.relays.borrow().is_empty(), "callbacks that nobody handed on");
        self.relayed.borrow().clone()
    }

    pub(crate) fn answer(&self, answer: Transported) {
        self.answers.borrow_mut().push_back(answer);
    }

    /// What was sent.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.sent.borrow().clone()
    }

    /// What was sent, without hosts, tokens and headers.
    pub(crate) fn lines(&self) -> Vec<String> {
        assert!(self.answers.borrow().is_empty(), "answers that nobody asked for");
        self.sent().iter().map(|sent| sent.line.replacen("https://qstash.upstash.io", "", 1)).collect()
    }

    /// Nothing was sent and nothing claimed.
    pub(crate) fn is_untouched(&self) -> bool {
        self.sent.borrow().is_empty() && self.claims.get() == 0
    }
}

impl Host for World {
    fn now(&self) -> Timestamp {
        self.now.get()
    }

    fn entropy(&self) -> u64 {
        self.entropy.get()
    }

    async fn send(&self, account: &Account, request: ApiRequest) -> Transported {
        self.sent.borrow_mut().push(Sent {
            line: format!("{} {}{}", request.method, account.base_url, request.path_and_query),
            token: account.token.reveal().to_owned(),
            headers: request.headers,
        });
        // As on a network, somebody else may come to run meanwhile.
        let mut yielded = false;
        poll_fn(|_| if std::mem::replace(&mut yielded, true) { Poll::Ready(()) } else { Poll::Pending })
            .await;
        self.answers.borrow_mut().pop_front().expect("a request that no answer was scripted for")
    }

    async fn claim(&self, case: &Case) -> Claim {
        self.claims.set(self.claims.get() + 1);
        self.ledger.borrow_mut().claim(&case.dlq_id, self.now())
    }

    async fn relay(&self, to: &HttpUrl, run: &RunId) -> Relayed {
        self.relayed.borrow_mut().push(format!("{to} {run}"));
        self.relays.borrow_mut().pop_front().expect("a callback that was not to be handed on")
    }

    async fn settle(&self, case: &Case, conclusion: &Conclusion) -> bool {
        self.ledger.borrow_mut().settle(&case.dlq_id, conclusion);
        self.keeps.get()
    }
}

/// One delivery of a failure callback: a good one, unless a test changes it.
#[derive(Clone)]
pub(crate) struct Delivery {
    pub(crate) called: String,
    pub(crate) key: &'static str,
    pub(crate) region: Option<&'static str>,
    pub(crate) body: Value,
    /// The body that arrives, where it is not the one that was signed.
    pub(crate) tampered: Option<&'static str>,
    /// The signed URL, where it is not the one that arrives.
    pub(crate) signed: Option<String>,
    pub(crate) settings: Vec<(&'static str, String)>,
}

impl Delivery {
    pub(crate) fn new() -> Self {
        Self {
            called: URL.to_owned(),
            key: CURRENT,
            region: None,
            body: json!({
                "status": 503,
                "url": "https://app.example/flow",
                "workflowRunId": "wfr_1",
                "dlqId": ENTRY,
                "sourceBody": PAYLOAD,
                "sourceHeader": {"Authorization": [PAYLOAD]},
            }),
            tampered: None,
            signed: None,
            settings: vec![
                ("QSTASH_TOKEN", TOKEN.to_owned()),
                ("QSTASH_CURRENT_SIGNING_KEY", CURRENT.to_owned()),
                ("QSTASH_NEXT_SIGNING_KEY", NEXT.to_owned()),
            ],
        }
    }

    /// The same with another value in the body, or without it where that is `null`.
    pub(crate) fn with(mut self, field: &str, value: Value) -> Self {
        if value.is_null() {
            self.body.as_object_mut().unwrap().remove(field);
        } else {
            self.body[field] = value;
        }
        self
    }

    pub(crate) fn set(mut self, name: &'static str, value: &str) -> Self {
        self.settings.push((name, value.to_owned()));
        self
    }

    pub(crate) fn policy(self, json: &str) -> Self {
        self.set("POLICY", json)
    }

    /// The same on a URL with this query.
    pub(crate) fn query(mut self, query: &str) -> Self {
        self.called = format!("https://redrive.example/?{query}");
        self
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings::read(|name| {
            self.settings.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
        })
        .unwrap()
    }

    /// What comes of it, as a shell would have it.
    pub(crate) async fn arrive(&self, settings: &Settings, world: &World) -> Conclusion {
        let signed = self.body.to_string();
        let url = self.signed.as_deref().unwrap_or(&self.called);
        let arrival = Arrival {
            url: self.called.clone(),
            signature: Some(sign(self.key, &claims(url, signed.as_bytes()))),
            region: self.region.map(str::to_owned),
        };
        let admission = match Admission::check(settings, &arrival, world.now()) {
            Ok(admission) => admission,
            Err(refusal) => return Conclusion::refused(refusal),
        };
        let body = self.tampered.unwrap_or(&signed).as_bytes();
        let mut reader = FailureReader::new(CallbackHeaders::default());
        reader.push(body);
        let failure = reader.finish(world.now());
        admission.recover(&settings.policy, BodyDigest::of(body), failure, world).await
    }

    /// The same from beginning to end; checks on the way that nothing secret is told.
    pub(crate) fn deliver(&self, world: &World) -> Conclusion {
        let settings = self.settings();
        let conclusion = block_on(self.arrive(&settings, world));
        let log = LogLine::new(&conclusion, Timings::default()).json;
        let told = format!("{log} {} {conclusion:?} {settings:?}", Reply::from(&conclusion).body);
        for secret in [CURRENT, NEXT, TOKEN, PAYLOAD] {
            assert!(!told.contains(secret), "{told}");
        }
        conclusion
    }

    /// The reply to it.
    pub(crate) fn reply(&self, world: &World) -> (u16, Option<u64>, bool, Value) {
        answered(&self.deliver(world))
    }
}

/// A reply: its status, `Retry-After`, whether QStash shall stop, and the body.
pub(crate) fn answered(conclusion: &Conclusion) -> (u16, Option<u64>, bool, Value) {
    let reply = Reply::from(conclusion);
    assert_eq!(reply.allow, None);
    (reply.status, reply.retry_after, reply.non_retryable, serde_json::from_str(&reply.body).unwrap())
}

/// A reply of 503 with this code.
pub(crate) fn come_again(code: &str, after: u64) -> (u16, Option<u64>, bool, Value) {
    let message = "not possible at the moment; deliver the callback again";
    (503, Some(after), false, json!({"error": {"code": code, "message": message}}))
}

/// An answer of the API.
#[expect(clippy::unnecessary_wraps, reason = "stands in lists beside answers that are lost")]
pub(crate) fn api(status: u16, body: &str) -> Transported {
    Ok(ApiResponse::new(status, body, |_| None))
}

/// An answer of the API with headers.
#[expect(clippy::unnecessary_wraps, reason = "stands in lists beside answers that are lost")]
pub(crate) fn api_with(status: u16, headers: &[(&str, String)]) -> Transported {
    Ok(ApiResponse::new(status, "", |wanted| {
        headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.clone())
    }))
}

/// No answer, though the request was sent.
pub(crate) fn lost() -> Transported {
    Err(TransportError::interrupted("connection reset"))
}

/// The answer to a resume or restart that was done.
pub(crate) fn created() -> Transported {
    api(200, r#"{"workflowRunId": "wfr_2", "workflowCreatedAt": 1792567680000}"#)
}

/// Runs a future whose every wait ends by itself.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(done) = poll_once(future.as_mut()) {
            return done;
        }
    }
}

/// Runs a future up to its next wait.
pub(crate) fn poll_once<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
