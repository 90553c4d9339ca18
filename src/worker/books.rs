//! Where claims are kept: in the ledger where one is bound, else in the isolate's memory.

use core::cell::RefCell;

use wasm_bindgen::JsValue;
use worker::{Env, console_error};

use super::{
    ledger::{Namespace, bound, tell},
    transport::words,
};
use crate::{
    js_host::now,
    json::{Field, Fields, Object, Over},
    ledger::shard_of,
    recovery::{Case, Claim, Conclusion, MemoryLedger},
    settings::Settings,
};

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

    pub(super) async fn claim(&self, case: &Case, settings: &Settings) -> Claim {
        let ledger = match self {
            Self::Memory(ledger) => return ledger.borrow_mut().claim(&case.dlq_id, now()),
            Self::Ledger(ledger) => ledger,
        };
        match tell(ledger, &shard(case, settings), &about(case, "claim", None)).await {
            Ok(answer) => read_claim(&answer),
            Err(error) => {
                report(&error);
                Claim::Unavailable
            }
        }
    }

    /// What was done is done, even where it cannot be kept: then the queue is the one that knows.
    pub(super) async fn settle(&self, case: &Case, conclusion: &Conclusion, settings: &Settings) {
        match self {
            Self::Memory(ledger) => ledger.borrow_mut().settle(&case.dlq_id, conclusion),
            Self::Ledger(ledger) => {
                let message = about(case, "settle", Some(&conclusion.to_json()));
                if let Err(error) = tell(ledger, &shard(case, settings), &message).await {
                    report(&error);
                }
            }
        }
    }
}

fn shard(case: &Case, settings: &Settings) -> String {
    shard_of(case.lineage.root_run(), settings.ledger_shards)
}

fn about(case: &Case, what: &str, conclusion: Option<&str>) -> String {
    let mut message = Object::new();
    message
        .text("do", what)
        .text("dlqId", case.dlq_id.as_str())
        .text("rootRunId", case.lineage.root_run().as_str());
    if let Some(conclusion) = conclusion {
        message.raw("conclusion", conclusion);
    }
    message.end()
}

fn read_claim(answer: &str) -> Claim {
    const FIELDS: &[Field] = &[
        Field { name: "claim", limit: 64, over: Over::Drop },
        Field { name: "conclusion", limit: 64 * 1024, over: Over::Drop },
    ];
    let Ok(mut fields) = Fields::of(answer.as_bytes(), FIELDS) else { return Claim::Unavailable };
    match fields.word("claim").as_deref() {
        Some("granted") => Claim::Granted,
        Some("pending") => Claim::Pending,
        _ => {
            let conclusion = fields.raw("conclusion").and_then(|json| String::from_utf8(json).ok());
            let first = conclusion.and_then(|json| Conclusion::recall(&json));
            first.map_or(Claim::Unavailable, |first| Claim::Settled(Box::new(first)))
        }
    }
}

fn report(error: &JsValue) {
    let mut line = Object::new();
    line.text("event", "ledger").text("outcome", "unavailable").text("detail", &words(error));
    console_error!("{}", line.end());
}
