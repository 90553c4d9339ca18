//! The world around a sweep, as a Worker has it.

use super::{books::Books, transport};
use crate::{
    dlq::{ApiRequest, Transported},
    js_host::{entropy, now},
    ledger::Claimant,
    recovery::{Admitted, Case, Claim, Conclusion, Host},
    settings::{Account, Settings},
    sweep::Sweeper,
    time::Timestamp,
};

/// The runtime during one sweep.
pub(super) struct Runtime<'a> {
    books: &'a Books,
    settings: &'a Settings,
    started: Timestamp,
}

impl<'a> Runtime<'a> {
    pub(super) fn new(books: &'a Books, settings: &'a Settings) -> Self {
        Self { books, settings, started: now() }
    }

    /// When the sweep began.
    pub(super) const fn started(&self) -> Timestamp {
        self.started
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
        transport::send(account, &request, self.settings.api_timeout).await
    }

    async fn claim(&self, case: &Case) -> Claim {
        self.books.claim(case, Claimant::Sweep, self.settings).await
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
