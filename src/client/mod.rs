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
mod endpoint;
mod error;
mod once;
mod patience;
mod settle;
mod world;

use std::sync::OnceLock;

use crate::{
    dlq::{ApiError, Call, GetEntry},
    ids::DlqId,
};
use patience::Budget;

pub use act::{Acted, Action, Refused};
pub use bulk_job::{BulkError, BulkJob, Scope, Step, Totals};
pub use endpoint::{Authentication, Endpoint, InvalidEndpointError, Outgoing};
pub use error::CallError;
pub use once::Revived;
pub use patience::Patience;
pub use settle::{Settlement, settle};
pub use world::{Wire, World};

/// Makes calls, with a world to make them in and the patience to make them succeed.
#[derive(Clone, Debug)]
pub struct Client<W> {
    world: W,
    patience: Patience,
    /// An entry whose run was resumed or restarted, by an answer of the service.
    witness: OnceLock<DlqId>,
    /// Whether that entry stayed in the queue, once it was looked for.
    keeps_entries: OnceLock<bool>,
}

impl<W: World> Client<W> {
    /// A client with the default patience.
    pub const fn new(world: W) -> Self {
        Self { world, patience: Patience::DEFAULT, witness: OnceLock::new(), keeps_entries: OnceLock::new() }
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
        let mut budget = Budget::new(&self.world, &self.patience);
        loop {
            let request = call.request();
            let repeatable = request.is_safe_to_repeat();
            let error = match call.finish(self.world.send(request, budget.timeout()).await) {
                Ok(output) => return Ok(output),
                Err(error) => error,
            };
            if !repeatable && error.may_have_been_processed() {
                return Err(budget.ambiguous(error));
            }
            if !budget.wait_after(&error).await {
                return Err(budget.failed(error));
            }
        }
    }
}

impl<W: World> Client<W> {
    /// Remembers that an entry's run was resumed or restarted.
    fn testify(&self, entry: &DlqId) {
        // The first witness is as good as any.
        let _ = self.witness.set(entry.clone());
    }

    /// Whether it is known, or cannot be ruled out though there is a witness, that entries stay in the queue after they
    /// were acted on.
    async fn keeps_entries(&self) -> bool {
        let Some(witness) = self.witness.get() else { return false };
        if let Some(keeps) = self.keeps_entries.get() {
            return *keeps;
        }
        let keeps = match self.look(&GetEntry::new(witness.clone())).await {
            Ok(_) => true,
            Err(ApiError::NotFound { .. }) => false,
            Err(_) => return true,
        };
        *self.keeps_entries.get_or_init(|| keeps)
    }
}

/// A client is a wire that tries harder: a look through it is repeated before it counts as failed.
impl<W: World> Wire for Client<W> {
    async fn look<C: Call>(&self, call: &C) -> Result<C::Output, ApiError> {
        self.call(call).await.map_err(CallError::into_api_error)
    }
}
