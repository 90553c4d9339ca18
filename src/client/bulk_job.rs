//! The same done to everything that a filter selects, page by page.

use core::mem;

use super::act::Act;
use super::deed::What;
use super::exchange::{Exchange, is_too_large};
use super::machine::{Ask, Machine, Moment};
use super::{Acted, Action, CallError, Client, World};
use crate::text::Say;
use crate::{
    dlq::{
        ApiRequest, Call, Entry, Filter, List, ListPath, Page, Paged, RepeatedCursorError, TransportError,
        Transported, succeeded,
    },
    ids::DlqId,
    seen::Seen,
    text,
};

/// How often the queue is gone through from its beginning at most.
const MAX_PASSES: u32 = 16;

/// What a [`BulkJob`] is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The entries that meet the criteria. A date up to which they are taken keeps out what fails meanwhile.
    Filter(Box<Filter>),
    /// Every entry of the account.
    All,
}

/// Acts on every entry of a scope, to each once, a page a step.
///
/// It lists a page and then acts on the entries by their ids, 50 a call: so a lost answer can be settled by looking,
/// which a call by filter does not allow. An entry is looked at again before it is acted on, so that a filter which the
/// service understands differently selects nothing else. Runs that the job itself has created and that failed again
/// are left alone.
///
/// When the pages end, the queue is gone through again until nothing new is found, because a cursor that counts entries
/// skips some when others leave.
#[derive(Clone, Debug)]
pub struct BulkJob {
    /// The next page.
    list: List,
    exchange: Exchange,
    /// Where pages of this pass began.
    cursors: Seen,
    /// Entries that were dealt with.
    seen: Seen,
    /// Runs that were created.
    created: Seen,
    ceiling: u64,
    passes: u32,
    /// Whether this pass has found anything new.
    found: bool,
    next: Next,
    totals: Totals,
    doing: Doing,
    /// What is done to the entries of the present page.
    act: Box<Act>,
    /// What came of the page before.
    outcome: Option<Result<Step, BulkError>>,
}

#[derive(Clone, Copy, Debug)]
enum Doing {
    Nothing,
    Listing,
    Acting,
}

/// What follows the present page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Page,
    /// The queue from its beginning, if that may bring anything new.
    Pass,
    /// A page that came before.
    Circle,
    Nothing,
}

/// How far a job has got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// Entries that were acted on, or tried to.
    pub entries: u64,
    /// Of these, done: answered or settled.
    pub done: u64,
    /// Of these, gone before.
    pub gone: u64,
    /// Of these, refused by the service.
    pub refused: u64,
    /// Of these, not known to be done or not.
    pub ambiguous: u64,
    /// Entries that were listed and left alone: not of the scope, or failed again after this job brought them back.
    pub skipped: u64,
}

/// What came of one page.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// What was done on this page.
    pub acted: Box<Acted>,
    /// Everything so far.
    pub totals: Totals,
}

impl BulkJob {
    /// A job that has not begun.
    #[must_use]
    pub fn new(action: Action, scope: Scope) -> Self {
        Self::over(
            action,
            match scope {
                Scope::Filter(filter) => List::matching(*filter),
                Scope::All => List::all(),
            },
        )
    }

    /// The same for what a list lists.
    pub(crate) fn over(action: Action, list: List) -> Self {
        Self {
            list,
            exchange: Exchange::default(),
            cursors: Seen::default(),
            seen: Seen::default(),
            created: Seen::default(),
            ceiling: u64::MAX,
            passes: 1,
            found: false,
            next: Next::Page,
            totals: Totals::default(),
            doing: Doing::Nothing,
            act: Act::idle(What::Many(action)),
            outcome: None,
        }
    }

    /// The same for at most `ceiling` entries.
    #[must_use]
    pub const fn with_ceiling(mut self, ceiling: u64) -> Self {
        self.ceiling = ceiling;
        self
    }

    /// The same with the list read at the other address.
    #[must_use]
    pub fn at(mut self, path: ListPath) -> Self {
        self.list = self.list.at(path);
        self
    }

    /// Deals with the next page that has something to do; `None` when the job has ended. To stop, do not ask again.
    ///
    /// After an error of the list the same page may be asked for again; nothing was done to it.
    pub async fn next<W: World>(&mut self, client: &Client<W>) -> Option<Result<Step, BulkError>> {
        // A step that was given up midway may have been done: as after a lost answer, looking tells.
        let lost = || Err(TransportError::interrupted("given up"));
        let came = (!matches!(self.doing, Doing::Nothing)).then(lost);
        client.drive_on(self, came).await;
        self.take_outcome()
    }

    /// Everything so far.
    #[must_use]
    pub const fn totals(&self) -> Totals {
        self.totals
    }

    /// What came of the page that was dealt with; `None` when the job has ended.
    pub(crate) const fn take_outcome(&mut self) -> Option<Result<Step, BulkError>> {
        self.outcome.take()
    }

    /// Finds out what to do next; `false` when a page has ended, or the job.
    fn begin(&mut self) -> bool {
        if self.outcome.is_some() || self.totals.entries >= self.ceiling {
            return false;
        }
        match self.next {
            Next::Page => {
                self.exchange.renew(self.list.request());
                self.doing = Doing::Listing;
            }
            Next::Pass if self.found && self.passes < MAX_PASSES => {
                self.passes += 1;
                self.found = false;
                self.cursors = Seen::default();
                self.list.go_to(None);
                self.next = Next::Page;
            }
            Next::Circle => {
                let error = RepeatedCursorError::new(self.list.cursor().unwrap_or_default());
                self.outcome = Some(Err(BulkError::Cursor(error)));
                self.next = Next::Nothing;
            }
            Next::Pass | Next::Nothing => return false,
        }
        true
    }

    fn listed(&mut self, page: Page) {
        let fresh = self.fresh(&page.entries);
        self.next = match &page.cursor {
            None => Next::Pass,
            Some(cursor) if self.cursors.insert(cursor) => Next::Page,
            Some(_) => Next::Circle,
        };
        self.list.go_to(page.cursor);
        self.doing = Doing::Nothing;
        if !fresh.is_empty() {
            self.found = true;
            self.doing = Doing::Acting;
            self.act.start(fresh);
        }
    }

    fn acted(&mut self, acted: Box<Acted>) {
        self.count(&acted);
        if acted.stopped.is_some() {
            // It would stop the next page as well.
            self.next = Next::Nothing;
        }
        self.outcome = Some(Ok(Step { acted, totals: self.totals }));
    }

    /// The entries of a page that are to be acted on, up to the ceiling.
    fn fresh(&mut self, entries: &[Entry]) -> Vec<DlqId> {
        let mut left = self.ceiling.saturating_sub(self.totals.entries);
        let mut fresh = Vec::new();
        for entry in entries {
            if left == 0 {
                break;
            }
            if !self.seen.insert(entry.dlq_id.as_str()) {
                continue;
            }
            let is_meant = self.list.selects(entry);
            let is_ours = entry.run_id.as_ref().is_some_and(|run_id| self.created.contains(run_id.as_str()));
            // An id with a comma cannot be named in a list.
            if is_meant && !is_ours && text::find(entry.dlq_id.as_str(), ",").is_none() {
                fresh.push(entry.dlq_id.clone());
                left -= 1;
            } else {
                self.totals.skipped += 1;
            }
        }
        fresh
    }

    fn count(&mut self, acted: &Acted) {
        for created in &acted.created {
            self.created.insert(created.run_id.as_str());
        }
        let totals = &mut self.totals;
        totals.done += (acted.done.len() + acted.settled.len()) as u64;
        totals.gone += acted.gone.len() as u64;
        totals.refused += acted.refused.len() as u64;
        totals.ambiguous += acted.ambiguous.len() as u64;
        totals.entries = totals.done + totals.gone + totals.refused + totals.ambiguous;
    }
}

impl Machine for BulkJob {
    /// Ends at the end of each page.
    fn step(&mut self, mut came: Option<Transported>, moment: &Moment<'_>) -> Ask {
        loop {
            let came = came.take();
            match self.doing {
                Doing::Nothing => {
                    if !self.begin() {
                        return Ask::Nothing;
                    }
                }
                Doing::Listing => {
                    let mut page = Page::default();
                    let failed = match came.map(|came| page.read(succeeded(came)?.body())) {
                        Some(Ok(())) => {
                            self.listed(page);
                            continue;
                        }
                        Some(Err(error)) => Some(error),
                        None => None,
                    };
                    // Entries come with their payloads.
                    let is_shorter = failed.as_ref().is_some_and(is_too_large) && self.list.halve();
                    if !is_shorter {
                        match self.exchange.next_blindly(failed, moment) {
                            Ask::Nothing => {}
                            ask => return ask,
                        }
                        self.outcome = self.exchange.failure().map(|error| Err(BulkError::List(error)));
                    }
                    self.doing = Doing::Nothing;
                }
                Doing::Acting => match self.act.step(came, moment) {
                    Ask::Nothing => {
                        self.doing = Doing::Nothing;
                        let acted = mem::take(&mut self.act.acted);
                        self.acted(acted);
                    }
                    ask => return ask,
                },
            }
        }
    }

    fn request(&self) -> &ApiRequest {
        match self.doing {
            Doing::Acting => self.act.request(),
            Doing::Listing | Doing::Nothing => &self.exchange.request,
        }
    }
}

/// Why a job cannot go on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BulkError {
    /// The pages of the list do not end.
    Cursor(RepeatedCursorError),
    /// A page could not be listed.
    List(CallError),
}

impl Say for BulkError {
    fn say(&self, text: &mut String) {
        match self {
            Self::Cursor(error) => error.say(text),
            Self::List(error) => error.say(text),
        }
    }
}

display!(BulkError);

impl core::error::Error for BulkError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Cursor(error) => Some(error),
            Self::List(error) => Some(error),
        }
    }
}
