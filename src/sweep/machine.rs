//! One sweep of one account, as a value: it says what to ask next, and is told what came of it.

use core::time::Duration;
use std::sync::Arc;

use super::{
    checkpoint::Checkpoint,
    found::Found,
    orders::Orders,
    suspect::{Left, Suspect},
    tally::Report,
};
use crate::{
    dlq::{
        ApiError, ApiErrorKind, ApiRequest, Call as _, List, TransportFault, Transported, each_entry,
        succeeded,
    },
    http_url::HttpUrl,
    ids::DlqId,
    ledger::{Sifted, sift},
    policy::Policy,
    recovery::{Conclusion, Moment, Recovery, Refusal},
    seen::Seen,
    settings::{Account, Region, Settings},
    text::said,
    time::Timestamp,
};

/// Calls that dealing with an entry takes at most: claim, admission, the call, a look, settling. Mostly it is four.
const CALLS_OF_AN_ENTRY: u32 = 5;

/// So many failures of the API in a row are not the fault of entries.
const MAX_FAILURES: u32 = 5;

/// One sweep of one account.
pub(super) struct Sweep<'a> {
    settings: &'a Settings,
    pub(super) account: &'a Arc<Account>,
    region: Option<Region>,
    policy: Policy,
    /// The address that our callbacks go to.
    own: &'a HttpUrl,
    orders: &'a Orders,
    has_ledger: bool,
    started: Timestamp,
    /// Calls that may still be made.
    budget: u32,
    /// Of these, what listing may take though there is enough to do already, so that the oldest are found.
    listing: u32,
    list: List,
    /// Where pages began.
    cursors: Seen,
    entries: Seen,
    step: Step,
    /// What is to be asked about.
    page: Vec<Suspect>,
    /// What was asked about.
    asked: Vec<Suspect>,
    /// What is to be dealt with.
    found: Found,
    failures: u32,
    checkpoint: Checkpoint,
    /// Where the sweep goes on if all that it found is dealt with.
    next: Option<String>,
    pub(super) report: Report,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    List,
    Sift,
    Deal,
    Over,
}

/// What is to be done before a sweep can go on.
pub(super) enum Ask {
    /// Send this to the account; then [`Sweep::listed`].
    List(ApiRequest),
    /// Tell this to an actor of the ledger; then [`Sweep::sifted`].
    Sift(String, String),
    /// Take all steps of a recovery; then [`Sweep::dealt`].
    Deal(Box<Recovery>),
    /// Nothing: there is the report.
    Nothing,
}

impl<'a> Sweep<'a> {
    /// A sweep of the account of a region that may make `budget` calls.
    pub(super) fn new(
        settings: &'a Settings,
        (region, account): (Option<Region>, &'a Arc<Account>),
        own: &'a HttpUrl,
        orders: &'a Orders,
        mut checkpoint: Checkpoint,
        has_ledger: bool,
        now: Timestamp,
    ) -> Self {
        let mut policy = settings.policy.clone();
        policy.dry_run |= orders.dry_run;
        let mut sweep = Self {
            account,
            region,
            own,
            orders,
            has_ledger,
            started: now,
            budget: 0,
            listing: 0,
            list: orders.list(),
            cursors: Seen::default(),
            entries: Seen::default(),
            step: Step::List,
            page: Vec::new(),
            asked: Vec::new(),
            found: Found::new(core::mem::take(&mut checkpoint.vain)),
            failures: 0,
            next: checkpoint.cursor.clone(),
            report: Report::new(region, policy.dry_run),
            checkpoint,
            policy,
            settings,
        };
        sweep.go_to(sweep.next.clone());
        sweep
    }

    /// The same with so many calls.
    pub(super) const fn with_budget(mut self, calls: u32) -> Self {
        self.budget = calls;
        self.listing = calls / 4;
        self
    }

    /// What to do next.
    pub(super) fn ask(&mut self, moment: Moment) -> Ask {
        loop {
            match self.step {
                Step::List => {
                    if self.may_list(moment.now) {
                        self.spend(1);
                        return Ask::List(self.list.request());
                    }
                    self.step = Step::Deal;
                }
                Step::Sift => {
                    if let Some(ask) = self.sift() {
                        return ask;
                    }
                    self.step = Step::List;
                }
                Step::Deal => {
                    if let Some(recovery) = self.deal(moment) {
                        return Ask::Deal(recovery);
                    }
                    self.step = Step::Over;
                }
                Step::Over => return Ask::Nothing,
            }
        }
    }

    /// Takes in a page.
    pub(super) fn listed(&mut self, answer: Transported, now: Timestamp) {
        let mut page = Vec::new();
        let mut report = core::mem::take(&mut self.report);
        let read = succeeded(answer).and_then(|answer| {
            each_entry(answer.body(), &mut |entry, json| {
                report.listed += 1;
                let Ok(entry) = entry else { return report.leave(Left::Unreadable) };
                if !self.entries.insert(entry.dlq_id.as_str()) {
                    return;
                }
                match Suspect::of(&entry, json, self.own, self.settings, self.orders, now) {
                    Ok(suspect) => page.push(suspect),
                    Err(why) => report.leave(why),
                }
            })
        });
        self.report = report;
        let cursor = match read {
            Ok(cursor) => cursor,
            Err(error) => return self.list_failed(&error, now),
        };
        self.report.pages += 1;
        self.checkpoint.pages += 1;
        self.page = page;
        self.step = Step::Sift;
        match cursor {
            None => self.end_of_queue(),
            Some(cursor) if self.cursors.insert(&cursor) => self.go_to(Some(cursor)),
            Some(_) => {
                self.report.stop("cursor_repeated");
                self.end_of_queue();
            }
        }
    }

    /// Takes in which of the entries that were asked about nobody is at; `None` where the ledger cannot tell.
    pub(super) fn sifted(&mut self, sifted: Option<Sifted>) {
        let asked = core::mem::take(&mut self.asked);
        let Some(sifted) = sifted else {
            self.report.untried += u32::try_from(asked.len()).unwrap_or_default();
            return self.stop("ledger_unavailable");
        };
        for suspect in asked {
            let is = |ids: &[String]| ids.iter().any(|id| *id == suspect.entry.as_str());
            if is(&sifted.due) || (is(&sifted.absent) && !suspect.was_told) {
                self.find(suspect);
            } else {
                self.report.leave(if is(&sifted.absent) { Left::Delivered } else { Left::Known });
            }
        }
    }

    /// Takes in what came of an entry, and how many calls that took.
    pub(super) fn dealt(&mut self, conclusion: Conclusion, calls: u32, now: Timestamp) {
        self.spend(calls);
        // Somebody else was first.
        if conclusion.duplicate || matches!(conclusion.outcome, Err(Refusal::Pending)) {
            return self.report.leave(Left::Known);
        }
        self.report.count(&conclusion);
        let Err(refusal) = conclusion.outcome else {
            self.failures = 0;
            return;
        };
        self.checkpoint.vain.extend(conclusion.subject.dlq_id.map(String::from));
        self.report.is_error = true;
        self.report.detail = conclusion.detail;
        match refusal {
            Refusal::Unavailable { code: "api_rate_limited", retry_after } => self.pause(retry_after, now),
            Refusal::Unavailable { code: code @ "ledger_unavailable", .. } => self.stop(code),
            Refusal::TokenRefused => self.stop(refusal.code()),
            _ => {
                self.failures += 1;
                if self.failures >= MAX_FAILURES {
                    self.stop(refusal.code());
                }
            }
        }
    }

    /// What the next sweep is to know.
    pub(super) fn end(mut self) -> (Checkpoint, Report) {
        if self.next.is_some() {
            self.report.stop("calls");
        }
        // What was found and not dealt with is found again from where this sweep has begun.
        if self.report.untried == 0 {
            self.checkpoint.cursor = self.next;
        }
        if self.checkpoint.cursor.is_none() {
            self.checkpoint.pages = 0;
        }
        self.report.cursor.clone_from(&self.checkpoint.cursor);
        (self.checkpoint, self.report)
    }

    /// Whether there is a page to list, and all that is found on it can be dealt with, or it is early yet.
    fn may_list(&mut self, now: Timestamp) -> bool {
        // A page is asked about shard by shard.
        let page = 1 + if self.has_ledger { self.settings.ledger_shards } else { 0 };
        let to_do = u32::try_from(self.found.len()).unwrap_or(u32::MAX).saturating_mul(CALLS_OF_AN_ENTRY);
        let has_begun = self.report.pages > 0;
        if has_begun && self.next.is_none() {
            return false;
        }
        if self.is_late(now) {
            return false;
        }
        if self.budget < page.saturating_add(to_do) && !(self.listing >= page && self.budget >= page) {
            return false;
        }
        true
    }

    /// Asks one shard about its entries of the page; `None` where nothing is left to ask.
    fn sift(&mut self) -> Option<Ask> {
        if !self.has_ledger {
            for suspect in core::mem::take(&mut self.page) {
                if suspect.was_told { self.report.leave(Left::Delivered) } else { self.find(suspect) }
            }
        }
        let shard = self.page.first()?.shard(self.settings);
        let mut others = Vec::new();
        for suspect in core::mem::take(&mut self.page) {
            if suspect.shard(self.settings) == shard {
                self.asked.push(suspect);
            } else {
                others.push(suspect);
            }
        }
        self.page = others;
        self.spend(1);
        let ids: Vec<&DlqId> = self.asked.iter().map(|suspect| &suspect.entry).collect();
        Some(Ask::Sift(shard, sift(&ids)))
    }

    fn find(&mut self, suspect: Suspect) {
        if !self.found.put(suspect) {
            self.report.untried += 1;
        }
    }

    /// The recovery of the entry whose turn it is, if there is one and the time for it.
    fn deal(&mut self, moment: Moment) -> Option<Box<Recovery>> {
        if self.found.len() == 0 {
            return None;
        }
        if self.budget < CALLS_OF_AN_ENTRY {
            self.report.stop("calls");
        } else if !self.is_late(moment.now) {
            let Suspect { mut failure, lineage, url, given_up, .. } = self.found.take()?;
            let account = self.account;
            // An entry does not name the region that its callback would.
            failure.region = self.region;
            let recovery = Recovery::of(account, self.region, &failure, lineage, &url, &self.policy, moment);
            return Some(recovery.unasked(given_up));
        }
        self.report.untried += u32::try_from(self.found.len()).unwrap_or_default();
        None
    }

    fn is_late(&mut self, now: Timestamp) -> bool {
        // Should the clock step back, the budget of calls ends the sweep.
        let is_late = now.since(self.started) >= self.orders.time();
        if is_late {
            self.report.stop("time");
        }
        is_late
    }

    fn list_failed(&mut self, error: &ApiError, now: Timestamp) {
        let is_too_large =
            error.transport().is_some_and(|error| matches!(error.fault(), TransportFault::TooLarge { .. }));
        // Entries come with their payloads.
        if is_too_large && self.list.halve() {
            return;
        }
        // A cursor of another day means nothing any more.
        let is_stale = matches!(error.kind(), ApiErrorKind::BadRequest | ApiErrorKind::NotFound);
        if is_stale && self.report.pages == 0 && self.next.is_some() {
            self.checkpoint = Checkpoint::default();
            return self.go_to(None);
        }
        self.report.is_error = true;
        self.report.detail = Some(self.account.token.redact(&said(error)));
        match error.kind() {
            ApiErrorKind::RateLimited => {
                let asked = error.rate_limit().and_then(|limit| limit.retry_after(now));
                self.pause(asked.unwrap_or(Duration::from_secs(30)), now);
            }
            ApiErrorKind::Unauthorized => self.stop("token_refused"),
            // What was found is dealt with; the next sweep lists this page again.
            _ => {
                self.report.stop("list_failed");
                self.step = Step::Deal;
            }
        }
    }

    fn pause(&mut self, span: Duration, now: Timestamp) {
        self.checkpoint.pause = Some(now.after(span.min(self.policy.retry_after_cap)));
        self.stop("api_rate_limited");
    }

    /// Ends the sweep; what is left is for the next one.
    fn stop(&mut self, why: &'static str) {
        self.report.is_error = true;
        self.report.stop(why);
        let left = self.found.len() + self.page.len();
        self.report.untried += u32::try_from(left).unwrap_or_default();
        self.step = Step::Over;
    }

    fn go_to(&mut self, cursor: Option<String>) {
        self.list.go_to(cursor.clone());
        self.next = cursor;
    }

    fn end_of_queue(&mut self) {
        self.go_to(None);
    }

    const fn spend(&mut self, calls: u32) {
        self.budget = self.budget.saturating_sub(calls);
        self.listing = self.listing.saturating_sub(calls);
        self.report.calls += calls;
    }
}
