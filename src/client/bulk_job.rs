//! The same done to everything that a filter selects, page by page.

mod course;
mod lane;
mod lanes;
mod window;

use super::machine::{Ask, Machine, Moment};
use super::{Acted, Action, CallError, Client, World};
use crate::dlq::{ApiRequest, Filter, List, ListPath, Method, RepeatedCursorError, Transported};
use crate::text::Say;
use course::Course;
use lane::Lane;
pub use lanes::{LANES, Lanes};

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
            course: Course::new(list),
            action,
            lanes: Vec::new(),
            lane: 0,
            blank: ApiRequest::new(Method::Get, ""),
        }
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
