//! The world around a recovery, as a Worker has it.

use core::cell::Cell;

use super::{books::Books, transport};
use crate::{
    dlq::{ApiRequest, Transported},
    js_host::{entropy, now},
    recovery::{Case, Claim, Conclusion, Host, Timings},
    settings::{Account, Settings},
    time::Timestamp,
};

/// The runtime during one callback; it also keeps the time.
pub(super) struct Runtime<'a> {
    books: &'a Books,
    settings: &'a Settings,
    started: Timestamp,
    timings: Cell<Timings>,
}

impl<'a> Runtime<'a> {
    pub(super) fn new(books: &'a Books, settings: &'a Settings) -> Self {
        Self { books, settings, started: now(), timings: Cell::default() }
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
        self.books.claim(case, self.settings).await
    }

    async fn settle(&self, case: &Case, conclusion: &Conclusion) {
        self.books.settle(case, conclusion, self.settings).await;
    }
}
