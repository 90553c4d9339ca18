//! The world around a recovery, as a Worker has it.

use core::cell::{Cell, RefCell};

use web_sys::Request;

use super::{body::Kept, books::Books, operator::all, transport};
use crate::{
    dlq::{ApiRequest, Transported},
    http_url::HttpUrl,
    ids::RunId,
    js_host::{entropy, now},
    ledger::Claimant,
    recovery::{Admitted, Case, Claim, Conclusion, Host, Relayed, Timings, relayed_headers},
    settings::{Account, Settings},
    sweep::Sweeper,
    time::Timestamp,
};

/// The runtime during one callback or sweep; it also keeps the time.
pub(super) struct Runtime<'a> {
    books: &'a Books,
    settings: &'a Settings,
    /// The callback; `None` during a sweep.
    request: Option<&'a Request>,
    /// The callback's body, where it may have to be handed on.
    pub(super) body: RefCell<Option<Kept>>,
    started: Timestamp,
    timings: Cell<Timings>,
}

impl<'a> Runtime<'a> {
    pub(super) fn new(books: &'a Books, settings: &'a Settings, request: Option<&'a Request>) -> Self {
        let may_relay = request.is_some() && !settings.policy.relay.is_empty();
        let body = RefCell::new(may_relay.then(Kept::default));
        Self { books, settings, request, body, started: now(), timings: Cell::default() }
    }

    /// When the callback arrived.
    pub(super) const fn started(&self) -> Timestamp {
        self.started
    }

    /// Where the time went so far. On Cloudflare the clock stands still while a Worker computes.
    pub(super) fn timings(&self) -> Timings {
        Timings { total: now().since(self.started), ..self.timings.get() }
    }
}

impl Host for Runtime<'_> {
    fn now(&self) -> Timestamp {
        now()
    }

    fn entropy(&self) -> u64 {
        entropy()
    }

    async fn send(&self, account: &Account, request: ApiRequest) -> Transported {
        let sent = now();
        let answer = transport::send(account, &request, self.settings.api_timeout).await;
        let mut timings = self.timings.get();
        timings.add_call(now().since(sent));
        self.timings.set(timings);
        answer
    }

    async fn claim(&self, case: &Case) -> Claim {
        let by = if self.request.is_some() { Claimant::Callback } else { Claimant::Sweep };
        self.books.claim(case, by, self.settings).await
    }

    async fn relay(&self, to: &HttpUrl, run: &RunId) -> Relayed {
        let Some(request) = self.request else { return Relayed::NO_CALLBACK };
        let body = self.body.borrow().as_ref().map(Kept::joined);
        let Some(body) = body else { return Relayed::TOO_LARGE };
        let headers = relayed_headers(&all(&request.headers()), run);
        Relayed::answered(transport::relay(to, &headers, &body, self.settings.api_timeout).await)
    }

    async fn admit(&self, case: &Case) -> Admitted {
        self.books.admit(case, self.settings).await
    }

    async fn settle(&self, case: &Case, conclusion: &Conclusion) -> bool {
        self.books.settle(case, conclusion, self.settings).await
    }
}

impl Sweeper for Runtime<'_> {
    fn has_ledger(&self) -> bool {
        matches!(self.books, Books::Ledger(_))
    }

    async fn tell(&self, actor: &str, message: &str) -> Option<String> {
        self.books.tell(actor, message).await
    }
}
