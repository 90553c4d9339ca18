//! Where claims are kept: in the ledger where one is bound, else in the isolate's memory.

use core::cell::RefCell;

use js_sys::Promise;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use worker::Env;

use super::{
    ledger::{Namespace, bound, tell},
    redrive::log,
    transport::words,
};
use crate::{
    breaker::{admit, read_admission},
    js_host::now,
    json::Object,
    ledger::{Claimant, claim, read_claim, settle, shard_of, target},
    recovery::{Admitted, Case, Claim, Conclusion, MemoryLedger},
    settings::Settings,
};

/// Milliseconds between two looks at a claim of somebody else: longer than most recoveries take, shorter than QStash waits.
const PAUSES: [u32; 6] = [50, 100, 200, 400, 800, 1600];

#[wasm_bindgen]
extern "C" {
    /// The runtime's own timer.
    #[wasm_bindgen(js_namespace = scheduler)]
    fn wait(millis: u32) -> Promise;
}

/// Where claims are kept.
#[derive(Debug)]
pub(super) enum Books {
    /// Gone with the isolate, and seen by no other.
    Memory(RefCell<MemoryLedger>),
    Ledger(Namespace),
}

impl Books {
    pub(super) fn of(env: &Env) -> Self {
        bound(env).map_or_else(|| Self::Memory(RefCell::default()), Self::Ledger)
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
            let claim = match tell(ledger, &shard, &message).await {
                Ok(answer) => read_claim(&answer),
                Err(error) => {
                    report(&error);
                    Claim::Unavailable
                }
            };
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
        tell(ledger, actor, message).await.inspect_err(report).ok()
    }

    /// Asks the one who watches the target. Without a ledger nobody does; then the kill switch leaves the entry to a
    /// person.
    pub(super) async fn admit(&self, case: &Case, settings: &Settings) -> Admitted {
        let policy = &settings.policy;
        match self {
            Self::Memory(_) if policy.paused => Admitted::Deferred { reason: "paused", until: None },
            Self::Ledger(ledger) if policy.is_guarded() => {
                let answer = tell(ledger, &target(&case.target), &admit(case)).await;
                answer.inspect_err(report).map_or(Admitted::Unavailable, |answer| read_admission(&answer))
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
                return tell(ledger, &shard(case, settings), &message).await.inspect_err(report).is_ok();
            }
        }
        true
    }
}

fn shard(case: &Case, settings: &Settings) -> String {
    shard_of(case.lineage.root_run(), settings.ledger_shards)
}

fn report(error: &JsValue) {
    let mut line = Object::new();
    line.text("event", "ledger").text("outcome", "unavailable").text("detail", &words(error));
    log(true, &line.end());
}
