//! Where claims are kept: in the ledger where one is bound, else in the isolate's memory.

use core::cell::RefCell;

use wasm_bindgen_futures::JsFuture;
use worker::Env;

use super::ledger::{Gathered, bound, wait};
use crate::{
    breaker::{admit, read_admission},
    js_host::now,
    ledger::{Claimant, claim, read_claim, settle, shard_of, target},
    recovery::{Admitted, Case, Claim, Conclusion, MemoryLedger},
    settings::Settings,
};

/// Milliseconds between two looks at a claim of somebody else: longer than most recoveries take, shorter than QStash waits.
const PAUSES: [u32; 6] = [50, 100, 200, 400, 800, 1600];

/// Where claims are kept.
#[derive(Debug)]
pub(super) enum Books {
    /// Gone with the isolate, and seen by no other.
    Memory(RefCell<MemoryLedger>),
    Ledger(Gathered),
}

impl Books {
    pub(super) fn of(env: &Env) -> Self {
        bound(env)
            .map_or_else(|| Self::Memory(RefCell::default()), |ledger| Self::Ledger(Gathered::new(ledger)))
    }

    /// Where another delivery of a callback is at the entry, its end is waited for, a few seconds at most.
    pub(super) async fn claim(&self, case: &Case, by: Claimant, settings: &Settings) -> Claim {
        let ledger = match self {
            Self::Memory(ledger) => return ledger.borrow_mut().claim(&case.dlq_id, now()),
            Self::Ledger(ledger) => ledger,
        };
        let (shard, message) = (shard(case, settings), claim(case, by));
        let mut pauses = PAUSES.iter();
        loop {
            // No answer is none that grants anything.
            let claim = read_claim(&ledger.tell(&shard, message.clone()).await);
            match pauses.next().filter(|_| claim == Claim::Pending && by == Claimant::Callback) {
                // A runtime that cannot wait does not.
                Some(pause) if JsFuture::from(wait(*pause)).await.is_ok() => {}
                _ => return claim,
            }
        }
    }

    /// Tells an actor of the ledger something; `None` where it cannot be said whether it was heard, or none is there.
    pub(super) async fn tell(&self, actor: &str, message: &str) -> Option<String> {
        let Self::Ledger(ledger) = self else { return None };
        Some(ledger.tell(actor, message.to_owned()).await).filter(|answer| !answer.is_empty())
    }

    /// Asks the one who watches the target. Without a ledger nobody does; then the kill switch leaves the entry to a
    /// person.
    pub(super) async fn admit(&self, case: &Case, settings: &Settings) -> Admitted {
        let policy = &settings.policy;
        match self {
            Self::Memory(_) if policy.paused => Admitted::Deferred { reason: "paused", until: None },
            Self::Ledger(ledger) if policy.is_guarded() => {
                read_admission(&ledger.tell(&target(&case.target), admit(case)).await)
            }
            _ => Admitted::Go,
        }
    }

    /// Whether what came of a case is kept, as far as one can tell.
    pub(super) async fn settle(&self, case: &Case, conclusion: &Conclusion, settings: &Settings) -> bool {
        match self {
            Self::Memory(ledger) => ledger.borrow_mut().settle(&case.dlq_id, conclusion),
            Self::Ledger(ledger) => {
                let message = settle(case, conclusion);
                return !ledger.tell(&shard(case, settings), message).await.is_empty();
            }
        }
        true
    }
}

fn shard(case: &Case, settings: &Settings) -> String {
    shard_of(case.lineage.root_run(), settings.ledger_shards)
}
