//! The world around a recovery, as JavaScript runtimes have it: the Worker and the npm package share it, and differ in
//! how a request is sent.

use core::{
    cell::{Cell, RefCell},
    time::Duration,
};

use crate::{
    dlq::{ApiRequest, Transported},
    ids::DlqId,
    recovery::{Claim, Conclusion, Host, MemoryLedger, Timings},
    settings::Account,
    time::Timestamp,
};

/// How requests are sent.
pub(crate) trait Transport {
    /// Sends a request with the account's token and reads the answer. Redirects are not followed.
    fn send(&self, account: &Account, request: &ApiRequest) -> impl Future<Output = Transported>;
}

/// The runtime during one callback; it also keeps the time.
pub(crate) struct JsHost<'a, T> {
    ledger: &'a RefCell<MemoryLedger>,
    transport: T,
    started: Timestamp,
    api: Cell<Duration>,
    api_calls: Cell<u32>,
}

impl<'a, T: Transport> JsHost<'a, T> {
    pub(crate) fn new(ledger: &'a RefCell<MemoryLedger>, transport: T) -> Self {
        Self { ledger, transport, started: now(), api: Cell::default(), api_calls: Cell::default() }
    }

    /// When the callback arrived.
    pub(crate) const fn started(&self) -> Timestamp {
        self.started
    }

    /// Where the time went so far. On Cloudflare the clock stands still while a Worker computes.
    pub(crate) fn timings(&self) -> Timings {
        Timings { total: now().since(self.started), api: self.api.get(), api_calls: self.api_calls.get() }
    }
}

impl<T: Transport> Host for JsHost<'_, T> {
    fn now(&self) -> Timestamp {
        now()
    }

    fn entropy(&self) -> u64 {
        entropy()
    }

    async fn send(&self, account: &Account, request: ApiRequest) -> Transported {
        let sent = now();
        let answer = self.transport.send(account, &request).await;
        self.api.set(self.api.get() + now().since(sent));
        self.api_calls.set(self.api_calls.get() + 1);
        answer
    }

    async fn claim(&self, entry: &DlqId) -> Claim {
        self.ledger.borrow_mut().claim(entry, now())
    }

    async fn settle(&self, entry: &DlqId, conclusion: &Conclusion) {
        self.ledger.borrow_mut().settle(entry, conclusion);
    }
}

/// The present.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the present is a positive number of ms"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(js_sys::Date::now() as u64)
}

/// A uniformly random number, good for jitter and for nothing secret.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float cast saturates")]
pub(crate) fn entropy() -> u64 {
    (js_sys::Math::random() * 2_f64.powi(64)) as u64
}
