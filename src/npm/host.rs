//! The world around a recovery, as any JavaScript runtime has it.

use core::{
    cell::{Cell, RefCell},
    time::Duration,
};

use super::{mailbox::Mailbox, wire::outgoing};
use crate::{
    dlq::{ApiRequest, Transported},
    ids::DlqId,
    recovery::{Claim, Conclusion, Host, MemoryLedger, Timings},
    settings::Account,
    time::Timestamp,
};

/// The runtime during one callback; it also keeps the time.
pub(super) struct JsHost<'a> {
    ledger: &'a RefCell<MemoryLedger>,
    mailbox: &'a Mailbox,
    started: Timestamp,
    api: Cell<Duration>,
    api_calls: Cell<u32>,
}

impl<'a> JsHost<'a> {
    pub(super) fn new(ledger: &'a RefCell<MemoryLedger>, mailbox: &'a Mailbox) -> Self {
        Self { ledger, mailbox, started: now(), api: Cell::default(), api_calls: Cell::default() }
    }

    /// When the callback arrived.
    pub(super) const fn started(&self) -> Timestamp {
        self.started
    }

    /// Where the time went so far.
    pub(super) fn timings(&self) -> Timings {
        Timings { total: now().since(self.started), api: self.api.get(), api_calls: self.api_calls.get() }
    }
}

impl Host for JsHost<'_> {
    fn now(&self) -> Timestamp {
        now()
    }

    fn entropy(&self) -> u64 {
        entropy()
    }

    async fn send(&self, account: &Account, request: ApiRequest) -> Transported {
        let sent = now();
        let request = outgoing(&account.base_url, account.token.reveal(), &request);
        let answer = self.mailbox.call(request, None).await;
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

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the present is a positive number of ms"
)]
pub(super) fn now() -> Timestamp {
    Timestamp::from_millis(js_sys::Date::now() as u64)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float cast saturates")]
pub(super) fn entropy() -> u64 {
    (js_sys::Math::random() * 2_f64.powi(64)) as u64
}
