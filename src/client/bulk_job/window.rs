//! Stretches of time that are gone through side by side.

use crate::{dlq::ApiRequest, ids::DlqId, text, time::decimal};

/// Entries that failed from one millisecond to another, both included, and how far they are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from: u64,
    pub(super) to: u64,
    /// Where its next page begins.
    pub(super) cursor: Option<String>,
    /// When the first and the last entry of its last page failed. That these are in order, and how dense the entries
    /// behind them are, is a guess.
    first: u64,
    last: u64,
}

impl Window {
    /// What is not listed yet.
    pub(super) const fn new((from, to): (u64, u64)) -> Self {
        Self { from, to, cursor: None, first: from, last: from }
    }

    /// The call that lists its next page, out of one that lists all times.
    pub(super) fn list(&self, mut request: ApiRequest) -> ApiRequest {
        if self.from > 0 {
            request.add("fromDate", &text::said(&self.from));
        }
        if self.to < u64::MAX {
            request.add("toDate", &text::said(&self.to));
        }
        if let Some(cursor) = &self.cursor {
            request.add("cursor", cursor);
        }
        request
    }

    /// Goes on behind a page.
    pub(super) const fn pass(&mut self, first: u64, last: u64) {
        (self.first, self.last) = (first, last);
    }

    pub(super) const fn contains(&self, moment: u64) -> bool {
        self.from <= moment && moment <= self.to
    }

    /// Leaves the greater part of what is not listed to another, and keeps what the next two pages may span. `None`
    /// where there is no more than that, and where nothing tells how much that is.
    ///
    /// The other part takes itself to be half as dense, so that a few cuts get far across times in which nothing failed.
    pub(super) fn cut(&mut self) -> Option<Self> {
        let is_latest_first = self.first > self.last;
        let (from, to) = if is_latest_first { (self.from, self.last) } else { (self.last, self.to) };
        let span = self.first.abs_diff(self.last).saturating_mul(2);
        if span == 0 || to.saturating_sub(from) <= span {
            return None;
        }
        let mut other = Self::new((from, to));
        if is_latest_first {
            (self.from, self.to) = (to - span, to);
            other.to = self.from - 1;
            other.pass(to, self.from);
        } else {
            (self.from, self.to) = (from, from + span);
            other.from = self.to + 1;
            other.pass(from, self.to);
        }
        self.cursor = None;
        Some(other)
    }
}

/// When an entry failed, by its id, which begins with it: `1725323658779-0`.
pub(super) fn time_of(id: &DlqId) -> Option<u64> {
    decimal(text::cut(id.as_str(), b'-')?.0)
}
