//! The promises, each checked over the whole history of a world.
//!
//! A check reads what QStash saw (the engine's own record), what the Worker answered and logged, and what the ledger
//! knows in the end. It never asks the code that it checks whether that did well.

mod bounded;
mod facts;
mod forgeries;
mod lost;
mod once;
mod orders;
mod requests;
mod secrets;
mod settled;
mod spared;

use std::fmt;

use crate::world::World;

use facts::Facts;

/// What Workflow Redrive promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Promise {
    /// P1: no failed run is lost.
    NothingIsLost,
    /// P2: no entry is resumed twice.
    ResumedOnce,
    /// P3: no lineage has more attempts or more time than it may.
    Bounded,
    /// P4: what QStash did not sign does nothing.
    ForgeriesDoNothing,
    /// P5: requests go to QStash, and to nothing that a callback names.
    OnlyToQStash,
    /// P6: no secret and no payload leaves.
    NoSecretLeaves,
    /// P7: a step that may still be running is not run again at once.
    Settles,
    /// P8: an ill target is spared, and what was held back comes no faster than it may.
    Spares,
}

impl Promise {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::NothingIsLost,
        Self::ResumedOnce,
        Self::Bounded,
        Self::ForgeriesDoNothing,
        Self::OnlyToQStash,
        Self::NoSecretLeaves,
        Self::Settles,
        Self::Spares,
    ];

    /// As the design numbers it.
    #[must_use]
    pub const fn number(self) -> usize {
        self as usize + 1
    }
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "P{} {self:?}", self.number())
    }
}

/// A promise that was broken, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The promise.
    pub promise: Promise,
    /// What happened.
    pub what: String,
}

/// Every promise that a world broke.
#[must_use]
pub fn check(world: &World) -> Vec<Violation> {
    let facts = Facts::of(world);
    let history = world.history.borrow();
    let mut found = Vec::new();
    let mut broken = |promise, what| found.push(Violation { promise, what });
    lost::check(world, &history, &facts, &mut |what| broken(Promise::NothingIsLost, what));
    orders::check(world, &mut |what| broken(Promise::NothingIsLost, what));
    once::check(world, &facts, &mut |what| broken(Promise::ResumedOnce, what));
    bounded::check(world, &facts, &mut |what| broken(Promise::Bounded, what));
    forgeries::check(world, &history, &mut |what| broken(Promise::ForgeriesDoNothing, what));
    requests::check(&history, &facts, &mut |what| broken(Promise::OnlyToQStash, what));
    secrets::check(world, &history, &mut |what| broken(Promise::NoSecretLeaves, what));
    settled::check(world, &facts, &mut |what| broken(Promise::Settles, what));
    spared::check(world, &history, &facts, &mut |what| broken(Promise::Spares, what));
    found
}
