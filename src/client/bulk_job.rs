//! The same done to everything that a filter selects, page by page.

mod lane;
mod lanes;
mod window;

use core::{mem, time::Duration};

use super::exchange::is_too_large;
use super::machine::{Ask, Machine, Moment};
use super::{Acted, Action, CallError, Client, World};
use crate::text::Say;
use crate::{
    dlq::{
        ApiRequest, Call, Filter, List, ListPath, Method, Page, RepeatedCursorError, Transported, succeeded,
    },
    seen::Seen,
    text,
    time::Timestamp,
};
use lane::{Doing, Lane};
pub use lanes::{LANES, Lanes};
use window::{Window, time_of};

/// How often the queue is gone through from its beginning at most.
const MAX_PASSES: u32 = 16;

/// How long a lane waits for its turn, where others are enough for what the service allows.
const TURN_MILLIS: u64 = 1000;

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
///
/// Where calls [overlap](Self::lanes), the first pass goes through several stretches of time side by side. What failed
/// since the job began is left to the next pass: before the answer about a run has come, nobody knows that the job has
/// created it. Further passes go page by page. So they also find what the first one missed where the service lists in
/// another order, or takes dates for something else.
#[derive(Clone, Debug)]
pub struct BulkJob {
    course: Course,
    action: Action,
    /// What is under way.
    lanes: Vec<Lane>,
    /// Which of them makes the next step.
    lane: usize,
    /// What none of them sends.
    blank: ApiRequest,
}

/// How far a job is.
#[derive(Clone, Debug)]
struct Course {
    /// Without dates and cursor.
    list: List,
    /// From when to when entries are meant, both included, in epoch milliseconds.
    dates: (u64, u64),
    /// What is still to be listed in this pass.
    #[expect(clippy::vec_box, reason = "they move often, and pointers do so with less code")]
    windows: Vec<Box<Window>>,
    /// Of the lanes beside that which makes a step, how many have a page and how many have none.
    busy: usize,
    idle: usize,
    /// How many of them that have one come before it.
    before: usize,
    /// How many lanes may make calls: fewer each time that the service refuses a call twice.
    width: usize,
    /// The service wants no call before this.
    hold: Timestamp,
    /// Where calls overlap: what failed up to here is not of the job's own making, in epoch milliseconds.
    horizon: Option<u64>,
    /// Where pages of this pass began.
    cursors: Seen,
    /// Entries that were dealt with.
    seen: Seen,
    /// Runs that were created.
    created: Seen,
    ceiling: u64,
    /// Entries that are acted on, or were.
    claimed: u64,
    passes: u32,
    /// Whether this pass has found anything new. One that leaves anything out for the next has.
    found: bool,
    /// Whether no more pages are to be had.
    is_over: bool,
    /// Why no more pages can be had, until everything else has come to its end.
    failure: Option<BulkError>,
    totals: Totals,
    /// What came of the page before.
    outcome: Option<Result<Step, BulkError>>,
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
    pub(crate) fn over(action: Action, mut list: List) -> Self {
        let dates = list.take_dates();
        let course = Course {
            windows: vec![Box::new(Window::new(dates))],
            dates,
            horizon: None,
            list,
            busy: 0,
            idle: 0,
            before: 0,
            width: usize::MAX,
            hold: Timestamp::from_millis(0),
            cursors: Seen::default(),
            seen: Seen::default(),
            created: Seen::default(),
            ceiling: u64::MAX,
            claimed: 0,
            passes: 1,
            found: false,
            is_over: false,
            failure: None,
            totals: Totals::default(),
            outcome: None,
        };
        Self { course, action, lanes: Vec::new(), lane: 0, blank: ApiRequest::new(Method::Get, "") }
    }

    /// The same for at most `ceiling` entries.
    #[must_use]
    pub const fn with_ceiling(mut self, ceiling: u64) -> Self {
        self.course.ceiling = ceiling;
        self
    }

    /// The same with the list read at the other address.
    #[must_use]
    pub fn at(mut self, path: ListPath) -> Self {
        self.course.list = self.course.list.at(path);
        self
    }

    /// Deals with the next page that has something to do, a call at a time; `None` when the job has ended. To stop, do
    /// not ask again.
    ///
    /// After an error of the list the same page may be asked for again; nothing was done to it.
    pub async fn next<W: World>(&mut self, client: &Client<W>) -> Option<Result<Step, BulkError>> {
        self.lanes(client, 1).next().await
    }

    /// Begins with no more pages. Those under way come to their end, and are to be had as before.
    pub const fn stop(&mut self) {
        self.course.is_over = true;
    }

    /// Everything so far.
    #[must_use]
    pub const fn totals(&self) -> Totals {
        self.course.totals
    }

    /// The same with the next step made by this lane.
    pub(crate) const fn on(&mut self, lane: usize) -> &mut Self {
        self.lane = lane;
        self
    }

    /// What came of the page that was dealt with; `None` when the job has ended.
    pub(crate) const fn take_outcome(&mut self) -> Option<Result<Step, BulkError>> {
        self.course.outcome.take()
    }
}

impl Course {
    /// Goes on with a page until something is to be waited for, or it has ended; it begins with one where the lane has
    /// none.
    fn turn(&mut self, lane: &mut Lane, mut came: Option<Transported>, moment: &Moment<'_>) -> Ask {
        loop {
            let came = came.take();
            match lane.doing {
                Doing::Nothing => {
                    if !self.begin(lane) {
                        return Ask::Nothing;
                    }
                }
                Doing::Listing => {
                    let mut page = Page::default();
                    let failed = match came.map(|came| page.read(succeeded(came)?.body())) {
                        Some(Ok(())) => {
                            self.listed(lane, page);
                            continue;
                        }
                        Some(Err(error)) => Some(error),
                        None => None,
                    };
                    // Entries come with their payloads.
                    let is_shorter = failed.as_ref().is_some_and(is_too_large) && lane.count > 1;
                    if is_shorter {
                        self.list.shorten(lane.count / 2);
                    } else {
                        match lane.call().next_blindly(failed, moment) {
                            Ask::Nothing => self.failure = lane.call().failure().map(BulkError::List),
                            ask => return ask,
                        }
                    }
                    if let Some(window) = lane.window.take() {
                        self.windows.push(window);
                    }
                    lane.doing = Doing::Nothing;
                }
                Doing::Acting => {
                    let ask = lane.act.step(came, moment);
                    if self.horizon.is_none() && self.passes == 1 && self.idle > 0 {
                        self.horizon = lane.act.horizon();
                    }
                    if matches!(ask, Ask::Nothing) {
                        self.acted(lane);
                    }
                    return ask;
                }
            }
        }
    }

    /// Begins with a page; `false` where there is none for now.
    fn begin(&mut self, lane: &mut Lane) -> bool {
        if self.busy == 0
            && let Some(failure) = self.failure.take()
        {
            self.outcome = Some(Err(failure));
        }
        let is_ending = self.outcome.is_some() || self.failure.is_some() || self.is_over;
        if is_ending || self.claimed == self.ceiling {
            return false;
        }
        if self.busy > 0 && (self.horizon.is_none() || self.before >= self.width) {
            return false;
        }
        if self.windows.is_empty() && self.busy == 0 && self.found && self.passes < MAX_PASSES {
            self.passes += 1;
            self.found = false;
            self.cursors = Seen::default();
            self.horizon = None;
            self.windows.push(Box::new(Window::new(self.dates)));
        }
        let Some(mut window) = self.windows.pop() else { return false };
        if self.horizon.is_some()
            && self.idle > self.windows.len()
            && let Some(other) = window.cut()
        {
            self.windows.push(Box::new(other));
        }
        lane.count = self.list.count();
        lane.act.lend(window.list(self.list.request()));
        lane.window = Some(window);
        lane.doing = Doing::Listing;
        true
    }

    fn listed(&mut self, lane: &mut Lane, page: Page) {
        let Some(mut window) = lane.window.take() else { return };
        let mut fresh = Vec::new();
        let (mut first, mut is_left) = (None, false);
        for entry in &page.entries {
            let failed_at = time_of(&entry.dlq_id).unwrap_or(u64::MAX);
            window.pass(*first.get_or_insert(failed_at), failed_at);
            // What lies outside shows that dates mean something else to the service.
            if let Some(horizon) = self.horizon
                && (failed_at > horizon || !window.contains(failed_at))
            {
                is_left = true;
                continue;
            }
            if self.claimed == self.ceiling {
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
                self.claimed += 1;
            } else {
                self.totals.skipped += 1;
            }
        }
        if let Some(cursor) = page.cursor {
            is_left |= !self.cursors.insert(&cursor);
            if is_left && self.horizon.is_none() {
                self.failure = Some(BulkError::Cursor(RepeatedCursorError::new(&cursor)));
                self.is_over = true;
            }
            window.cursor = Some(cursor);
            if !is_left {
                self.windows.push(window);
            }
        }
        self.found |= !fresh.is_empty();
        lane.doing = Doing::Nothing;
        if !fresh.is_empty() {
            lane.doing = Doing::Acting;
            lane.act.start(fresh);
        }
    }

    /// A page has come to its end.
    fn acted(&mut self, lane: &mut Lane) {
        lane.doing = Doing::Nothing;
        let acted = mem::take(&mut lane.act.acted);
        for created in &acted.created {
            self.created.insert(created.run_id.as_str());
        }
        let totals = &mut self.totals;
        totals.done += (acted.done.len() + acted.settled.len()) as u64;
        totals.gone += acted.gone.len() as u64;
        totals.refused += acted.refused.len() as u64;
        totals.ambiguous += acted.ambiguous.len() as u64;
        totals.entries = totals.done + totals.gone + totals.refused + totals.ambiguous;
        // It would stop the next page as well.
        self.is_over |= acted.stopped.is_some();
        self.outcome = Some(Ok(Step { acted, totals: self.totals }));
    }

    /// Makes a step of a lane, unless the service wants none now.
    fn go_on(&mut self, lane: &mut Lane, came: Option<Transported>, moment: &Moment<'_>) -> Ask {
        let ask = self.turn(lane, came, moment);
        let wait = self.hold.as_millis().saturating_sub(moment.now.as_millis());
        let wait = if self.before < self.width { wait } else { TURN_MILLIS };
        match ask {
            Ask::Send(_) if wait > 0 => {
                lane.call().take_back();
                return Ask::Wait(Duration::from_millis(wait));
            }
            Ask::Wait(span) if lane.call().is_limited() => {
                // The others would be refused as well.
                self.hold = self.hold.max(moment.now.after(span));
                if lane.call().attempts() > 1 {
                    self.width = self.width.min(self.busy + 1).saturating_sub(1).max(1);
                }
            }
            _ => {}
        }
        ask
    }
}

impl Machine for BulkJob {
    /// Ends at the end of each page; without an outcome, where the lane has nothing to do for now.
    fn step(&mut self, came: Option<Transported>, moment: &Moment<'_>) -> Ask {
        while self.lanes.len() <= self.lane {
            self.lanes.push(Lane::new(self.action.clone()));
        }
        let (before, rest) = self.lanes.split_at_mut(self.lane);
        let Some((lane, after)) = rest.split_first_mut() else { return Ask::Nothing };
        let busy = |lanes: &[Lane]| lanes.iter().filter(|lane| lane.is_busy()).count();
        self.course.before = busy(before);
        self.course.busy = self.course.before + busy(after);
        self.course.idle = before.len() + after.len() - self.course.busy;
        self.course.go_on(lane, came, moment)
    }

    fn request(&self) -> &ApiRequest {
        self.lanes.get(self.lane).map_or(&self.blank, |lane| lane.act.request())
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
