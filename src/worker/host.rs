//! The world around a recovery, as a Worker has it.

use core::{
    cell::{Cell, RefCell},
    time::Duration,
};

use super::transport;
use crate::{
    dlq::{ApiRequest, Transported},
    js_host::{entropy, now},
    recovery::{Case, Claim, Conclusion, Host, MemoryLedger, Timings},
    settings::Account,
    time::Timestamp,
};

/// The runtime during one callback; it also keeps the time.
pub(super) struct Runtime<'a> {
    ledger: &'a RefCell<MemoryLedger>,
    /// For one whole exchange.
    timeout: Duration,
    started: Timestamp,
    timings: Cell<Timings>,
}

impl<'a> Runtime<'a> {
    pub(super) fn new(ledger: &'a RefCell<MemoryLedger>, timeout: Duration) -> Self {
        Self { ledger, timeout, started: now(), timings: Cell::default() }
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
        let answer = transport::send(account, &request, self.timeout).await;
        let mut timings = self.timings.get();
        timings.add_call(now().since(sent));
        self.timings.set(timings);
        answer
    }

    async fn claim(&self, case: &Case) -> Claim {
        self.ledger.borrow_mut().claim(&case.dlq_id, now())
    }

    async fn settle(&self, case: &Case, conclusion: &Conclusion) {
        self.ledger.borrow_mut().settle(&case.dlq_id, conclusion);
    }
}
