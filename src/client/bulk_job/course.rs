//! How far a job is over a list, and with which page each lane goes on.

use core::{mem, time::Duration};

use super::super::{
    exchange::is_too_large,
    machine::{Ask, Machine as _, Moment},
};
use super::{
    BulkError, Step, Totals,
    lane::{Doing, Lane},
    window::{Window, time_of},
};
use crate::{
    dlq::{Call, List, Page, RepeatedCursorError, Transported, succeeded},
    seen::Seen,
    text,
    time::Timestamp,
};

/// How often the queue is gone through from its beginning at most.
const MAX_PASSES: u32 = 16;

/// How long a lane waits for its turn, where others are enough for what the service allows.
const TURN_MILLIS: u64 = 1000;

/// How far a job is.
#[derive(Clone, Debug)]
pub(super) struct Course {
    /// Without dates and cursor.
    pub(super) list: List,
    /// From when to when entries are meant, both included, in epoch milliseconds.
    dates: (u64, u64),
    /// What is still to be listed in this pass.
    #[expect(clippy::vec_box, reason = "they move often, and pointers do so with less code")]
    windows: Vec<Box<Window>>,
    /// Of the lanes beside that which makes a step, how many have a page and how many have none.
    pub(super) busy: usize,
    pub(super) idle: usize,
    /// How many of them that have one come before it.
    pub(super) before: usize,
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
    pub(super) ceiling: u64,
    /// Entries that are acted on, or were.
    claimed: u64,
    passes: u32,
    /// Whether this pass has found anything new. One that leaves anything out for the next has.
    found: bool,
    /// Whether no more pages are to be had.
    pub(super) is_over: bool,
    /// Why no more pages can be had, until everything else has come to its end.
    failure: Option<BulkError>,
    pub(super) totals: Totals,
    /// What came of the page before.
    pub(super) outcome: Option<Result<Step, BulkError>>,
}

impl Course {
    /// One that has not begun, over what a list lists.
    pub(super) fn new(mut list: List) -> Self {
        let dates = list.take_dates();
        Self {
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
        }
    }

    /// Makes a step of a lane, unless the service wants none now.
    pub(super) fn go_on(&mut self, lane: &mut Lane, came: Option<Transported>, moment: &Moment<'_>) -> Ask {
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
}
