//! Calls of the DLQ API that are safe to make.
//!
//! Each call has a timeout, and is repeated with a bound on count and time: after a rate limit or where nothing was
//! sent, always; after a lost answer, only where repeating changes nothing. A resume, restart or deletion whose answer
//! was lost is settled by looking for its entry, and reported as [`CallError::Ambiguous`] where looking does not help.
//!
//! What may live here: when to repeat, to wait and to look. What may not: how a call is spelled (that is `dlq`), clocks,
//! randomness and sockets (those are a [`World`]'s business).
//!
//! "Still there, so it was not done" supposes that an entry leaves the queue when its run is resumed or restarted. QStash
//! documents that for its other queue, and nothing for this one. So a client remembers an entry of which it was told that
//! it was done, and looks for that one too before it sends anything a second time: where resumed entries stay, a lost
//! answer is ambiguous. Only the first answer of all has nothing to be compared with, and there the supposition holds.

mod act;
mod bulk_job;
mod deed;
mod endpoint;
mod error;
mod exchange;
mod machine;
mod once;
mod patience;
mod world;

use crate::dlq::{Call, Transported};
pub(crate) use exchange::Exchange;
pub(crate) use machine::{Ask, Machine, Memory, Moment};

pub(crate) use act::Act;
pub use act::{Acted, Action, Refused};
pub use bulk_job::{BulkError, BulkJob, LANES, Lanes, Scope, Step, Totals};
#[cfg(feature = "npm")]
pub(crate) use deed::Kind as DeedKind;
pub use endpoint::{Authentication, Endpoint, InvalidEndpointError, Outgoing};
pub use error::CallError;
pub use once::Revived;
pub use patience::Patience;
pub use world::World;

/// Makes calls, with a world to make them in and the patience to make them succeed.
#[derive(Clone, Debug)]
pub struct Client<W> {
    world: W,
    patience: Patience,
    memory: Memory,
}

impl<W: World> Client<W> {
    /// A client with the default patience.
    pub const fn new(world: W) -> Self {
        Self { world, patience: Patience::DEFAULT, memory: Memory::new() }
    }

    /// The same with other patience.
    #[must_use]
    pub const fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// The world that calls are made in.
    pub const fn world(&self) -> &W {
        &self.world
    }

    /// Makes any call. One that is not safe to repeat is repeated only where the service cannot have acted on it; use
    /// [`resume`](Self::resume), [`restart`](Self::restart), [`delete`](Self::delete) and [`act`](Self::act) for calls
    /// that can be settled by looking.
    pub async fn call<C: Call>(&self, call: &C) -> Result<C::Output, CallError> {
        let mut exchange = Exchange::new(call.request());
        let mut failed = None;
        loop {
            match exchange.next_blindly(failed.take(), &self.moment()) {
                Ask::Send(timeout) => {
                    match call.finish(self.world.send(exchange.request.clone(), timeout).await) {
                        Ok(output) => return Ok(output),
                        Err(error) => failed = Some(error),
                    }
                }
                Ask::Wait(span) => self.world.wait(span).await,
                Ask::Nothing => {
                    if let Some(error) = exchange.failure() {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Does what a machine asks for, until it asks for nothing.
    async fn drive(&self, machine: &mut dyn Machine) {
        self.drive_on(machine, None).await;
    }

    /// The same from an answer on.
    async fn drive_on(&self, machine: &mut dyn Machine, mut came: Option<Transported>) {
        loop {
            match machine.step(came.take(), &self.moment()) {
                Ask::Send(timeout) => {
                    came = Some(self.world.send(machine.request().clone(), timeout).await);
                }
                Ask::Wait(span) => self.world.wait(span).await,
                Ask::Nothing => return,
            }
        }
    }

    fn moment(&self) -> Moment<'_> {
        Moment {
            now: self.world.now(),
            entropy: self.world.entropy(),
            patience: &self.patience,
            memory: &self.memory,
        }
    }
}
