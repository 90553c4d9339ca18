//! What one call at a time is made for.

use super::super::{Action, act::Act, deed::What, exchange::Exchange};
use super::window::Window;

/// One page of a job: it is listed, and then its entries are acted on.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    pub(super) doing: Doing,
    pub(super) window: Option<Box<Window>>,
    /// The most entries that the page was asked to have.
    pub(super) count: usize,
    /// What is done to the entries. The page is listed by the call that this does not need yet.
    pub(super) act: Box<Act>,
    /// Whether a request was sent whose answer has not come, as far as [`Lanes`](super::Lanes) sent it.
    pub(super) is_out: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    Nothing,
    Listing,
    Acting,
}

impl Lane {
    pub(super) fn new(action: Action) -> Self {
        Self {
            doing: Doing::Nothing,
            window: None,
            count: 0,
            act: Act::idle(What::Many(action)),
            is_out: false,
        }
    }

    pub(super) fn is_busy(&self) -> bool {
        self.doing != Doing::Nothing
    }

    /// Its present call.
    pub(super) const fn call(&mut self) -> &mut Exchange {
        self.act.call()
    }
}
