//! A Worker without a runtime: callbacks that QStash has signed, and an API that answers what it is told to.

use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::cell::{Cell, RefCell};

use serde_json::Value;
use workflow_redrive::callback::{CallbackHeaders, FailureReader};
use workflow_redrive::dlq::{ApiRequest, ApiResponse, Transported};
use workflow_redrive::http_url::HttpUrl;
use workflow_redrive::ids::RunId;
use workflow_redrive::recovery::{
    Admission, Arrival, Case, Claim, Conclusion, Host, MemoryLedger, Relayed, relayed_headers,
};
use workflow_redrive::settings::{Account, Settings};
use workflow_redrive::signature::BodyDigest;
use workflow_redrive::time::Timestamp;

use crate::common::{CURRENT, NEXT, NOW, claims, sign};

/// Where QStash calls us.
pub(crate) const URL: &str = "https://redrive.example/";
/// Where the API is, with a path of its own.
pub(crate) const API: &str = "https://qstash.example/eu";
pub(crate) const TOKEN: &str = "eyJVc2VySUQiOiJvbmUi-of-the-account";
pub(crate) const ADMIN: &str = "operators-only-0123456789";

/// Settings with a few more, or others in their place.
pub(crate) fn settings(more: &[(&str, &str)]) -> Settings {
    read(more).unwrap()
}

pub(crate) fn read(more: &[(&str, &str)]) -> Result<Settings, workflow_redrive::settings::SettingsError> {
    let usual = [
        ("QSTASH_TOKEN", TOKEN),
        ("QSTASH_CURRENT_SIGNING_KEY", CURRENT),
        ("QSTASH_NEXT_SIGNING_KEY", NEXT),
        ("QSTASH_URL", API),
        ("PUBLIC_URL", URL),
        ("ADMIN_TOKEN", ADMIN),
    ];
    let find = |name: &str| more.iter().chain(&usual).find(|(known, _)| *known == name);
    Settings::read(|name| find(name).map(|(_, value)| (*value).to_owned()))
}

/// A header.
type Pair = (String, String);

/// All that left the Worker.
pub(crate) struct World {
    /// Address, method and headers of each request of the API.
    pub(crate) sent: RefCell<Vec<(String, &'static str, ApiRequest)>>,
    /// Where callbacks were handed on to, and with which headers.
    pub(crate) relayed: RefCell<Vec<(String, Vec<Pair>)>>,
    pub(crate) now: Cell<Timestamp>,
    answer: RefCell<(u16, String)>,
    ledger: RefCell<MemoryLedger>,
}

impl World {
    /// A world in which the API answers every request with this.
    pub(crate) fn answering(answer: &str) -> Self {
        Self::refusing(200, answer)
    }

    /// The same with another status.
    pub(crate) fn refusing(status: u16, answer: &str) -> Self {
        Self {
            sent: RefCell::default(),
            relayed: RefCell::default(),
            now: Cell::new(NOW),
            answer: RefCell::new((status, answer.to_owned())),
            ledger: RefCell::default(),
        }
    }

    /// One in which runs are resumed.
    pub(crate) fn new() -> Self {
        Self::answering(r#"{"workflowRunId": "wfr_new", "workflowCreatedAt": 1792567680000}"#)
    }

    pub(crate) fn requests(&self) -> usize {
        self.sent.borrow().len()
    }
}

impl Host for World {
    fn now(&self) -> Timestamp {
        self.now.get()
    }

    fn entropy(&self) -> u64 {
        7
    }

    async fn send(&self, account: &Account, request: ApiRequest) -> Transported {
        let url = [account.base_url.as_str(), &request.path_and_query].concat();
        self.sent.borrow_mut().push((url, request.method.as_str(), request));
        let (status, body) = &*self.answer.borrow();
        Ok(ApiResponse::new(*status, body.as_str(), |_| None))
    }

    async fn claim(&self, case: &Case) -> Claim {
        self.ledger.borrow_mut().claim(&case.dlq_id, self.now())
    }

    async fn relay(&self, to: &HttpUrl, run: &RunId) -> Relayed {
        self.relayed.borrow_mut().push((to.as_str().to_owned(), relayed_headers(&[], run)));
        Relayed::Accepted
    }

    async fn settle(&self, case: &Case, conclusion: &Conclusion) -> bool {
        self.ledger.borrow_mut().settle(&case.dlq_id, conclusion);
        true
    }
}

/// A request as it comes over the network.
#[derive(Clone)]
pub(crate) struct Delivery {
    pub(crate) url: String,
    pub(crate) token: String,
    pub(crate) region: Option<String>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Delivery {
    /// A callback that QStash has signed for `url`, just now.
    pub(crate) fn signed(url: &str, body: &Value) -> Self {
        let body = body.to_string().into_bytes();
        let token = sign(CURRENT, &claims(url, &body));
        Self { url: url.to_owned(), token, region: None, headers: Vec::new(), body }
    }

    /// What comes of it.
    pub(crate) fn arrives(&self, settings: &Settings, world: &World) -> Conclusion {
        block_on(self.arriving(settings, world))
    }

    async fn arriving(&self, settings: &Settings, world: &World) -> Conclusion {
        let arrival = Arrival {
            url: self.url.clone(),
            signature: Some(self.token.clone()),
            region: self.region.clone(),
        };
        let admission = match Admission::check(settings, &arrival, world.now()) {
            Ok(admission) => admission,
            Err(refusal) => return Conclusion::refused(refusal),
        };
        let header = |name: &str| {
            self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
        };
        let mut reader = FailureReader::new(CallbackHeaders::read(header));
        reader.push(&self.body);
        let failure = reader.finish(world.now());
        admission.recover(&settings.policy, BodyDigest::of(&self.body), failure, world).await
    }

    /// The reason for which it is refused; fails the test where it is not, or where anything was done.
    pub(crate) fn refusal(&self, settings: &Settings, world: &World) -> &'static str {
        let before = world.requests();
        let refusal = self.arrives(settings, world).outcome.expect_err("a refusal");
        assert_eq!((world.requests(), refusal.status()), (before, 401), "{}", refusal.code());
        refusal.code()
    }
}

/// Runs a future that never waits for anybody.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("nobody here keeps it waiting"),
    }
}
