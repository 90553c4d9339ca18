//! What stays in WebAssembly from one call of JavaScript to the next.

use core::{fmt, time::Duration};
use std::rc::Rc;

use wasm_bindgen::prelude::wasm_bindgen;

use super::{
    args::Args,
    delivery::Delivery,
    error::thrown,
    handler::Redrive,
    receiver::Receiver,
    request::transported,
    task::{Account, Task},
};
use crate::{dlq::Transported, time::Timestamp};

/// An account of the DLQ API or a handler, and what they begin: calls and callbacks that are under way. Or what checks
/// signatures.
///
/// [`Work::step`] says what is to be done next, the answer is brought with [`Work::bring`], and then it is asked again.
#[wasm_bindgen]
pub struct Work(Kind);

enum Kind {
    Account(Rc<Account>),
    Handler(Rc<Redrive>),
    Receiver(Box<Receiver>),
    Task {
        task: Box<Task>,
        came: Option<Transported>,
    },
    Delivery(Box<Delivery>),
    /// Why there is none of the above.
    Failed(String),
}

#[wasm_bindgen]
impl Work {
    /// An `account` (token, address, timeout in milliseconds, most attempts, most milliseconds for these together), a
    /// `handler` (its settings: official names and values), or a `receiver` (the size of its desk in bytes).
    #[must_use]
    #[wasm_bindgen(constructor)]
    pub fn new(what: &str) -> Self {
        let mut args = Args(what);
        let made = match args.text() {
            "account" => Account::new(args).map(Kind::Account),
            "receiver" => Ok(Kind::Receiver(Box::new(Receiver::new(args.count())))),
            _ => Redrive::new(args.pairs()).map(Kind::Handler),
        };
        Self(made.unwrap_or_else(Kind::Failed))
    }

    /// What an account begins: an operation, an action, overrides, a count, a cursor, and which it is about. Or a handler:
    /// the URL that a callback came to, and names and values of its headers.
    #[must_use]
    pub fn begin(&self, what: &str) -> Self {
        let args = Args(what);
        Self(match &self.0 {
            Kind::Account(account) => match account.begin(args) {
                Ok(task) => Kind::Task { task, came: None },
                Err(error) => Kind::Failed(error),
            },
            Kind::Handler(redrive) => Kind::Delivery(Box::new(redrive.deliver(args))),
            _ => Kind::Failed(String::new()),
        })
    }

    /// Why it is of no use, as JSON; empty where it is. Of a receiver, why the last check did not end well.
    #[must_use]
    pub fn fault(&self) -> String {
        match &self.0 {
            Kind::Failed(error) => error.clone(),
            Kind::Receiver(receiver) => receiver.fault(),
            _ => String::new(),
        }
    }

    /// What to do next, as JSON: `{body: <most bytes>}` to read the body, with `keep` to hold it for later where it has no
    /// more bytes than that; `{relay: {method, url, headers}, timeout}` to send that body on;
    /// `{request: {method, url, headers}, timeout}` to send a request; `{claim}` to claim a DLQ entry; `{record}` to keep
    /// its `result` or free its claim; `{wait}` to let that many milliseconds pass; `{thrown}` where it has failed; or
    /// `{ended}`, with what it came to as `done`, or with `verbatim` where that is the last answer itself. A job goes on
    /// after each end, until there is nothing `done`. It can be asked for several `lane`s side by side, from 0 on; there may
    /// be nothing for one of them until another has got further. What was asked for is brought right before its lane is
    /// asked again.
    pub fn step(&mut self, lane: usize) -> String {
        match &mut self.0 {
            Kind::Task { task, came } => task.step(lane, came.take()).unwrap_or_else(|error| thrown(&error)),
            Kind::Delivery(delivery) => delivery.step(),
            _ => String::new(),
        }
    }

    /// Brings a piece of the body; to a receiver all of it, whose SHA-256 it puts onto its desk.
    pub fn push(&mut self, chunk: &[u8]) {
        match &mut self.0 {
            Kind::Delivery(delivery) => delivery.push(chunk),
            Kind::Receiver(receiver) => receiver.hash(chunk),
            _ => {}
        }
    }

    /// Where a receiver's desk is: 32 bytes for the signed hash of the body, 32 for the body's, and the token.
    #[must_use]
    pub fn desk(&self) -> usize {
        match &self.0 {
            Kind::Receiver(receiver) => receiver.desk(),
            _ => 0,
        }
    }

    /// Whether the token on a receiver's desk, so many bytes long, is really QStash's; then the signed hash of the body lies
    /// on it. The keys are the current and the next one with NUL between them; without them, what lies there before is the
    /// token's HMAC by one of them. Without URL, a token that was made for another endpoint of the same account passes.
    /// Times are in milliseconds. Comes to 0 where all is well, to 1 with bad arguments, and to another number for each
    /// reason to refuse.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "they saturate")]
    pub fn token(&mut self, length: usize, keys: &str, url: &str, now: f64, tolerance: f64) -> u32 {
        match &mut self.0 {
            Kind::Receiver(receiver) => {
                let (now, tolerance) =
                    (Timestamp::from_millis(now as u64), Duration::from_millis(tolerance as u64));
                receiver.token(length, keys, url, now, tolerance)
            }
            _ => 1,
        }
    }

    /// Whether the two hashes on a receiver's desk are the same; comes to the same numbers.
    pub fn body(&mut self) -> u32 {
        match &mut self.0 {
            Kind::Receiver(receiver) => receiver.body(),
            _ => 1,
        }
    }

    /// Brings what was asked for: `body`, and what it has come to (`whole`, `too_large` where it was not read further,
    /// `lost`); or what became of a request: `answer`, its status, names and values of its headers, together with its
    /// body; or in its place `timeout`, `too_large` or `interrupted`, with a number and the runtime's words.
    pub fn bring(&mut self, what: &str, body: Vec<u8>) {
        let mut args = Args(what);
        let kind = args.text();
        match &mut self.0 {
            Kind::Delivery(delivery) if kind == "body" => delivery.end_body(args.text()),
            Kind::Delivery(delivery) => delivery.bring(transported(kind, args, body)),
            Kind::Task { came, .. } => *came = Some(transported(kind, args, body)),
            _ => {}
        }
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").finish_non_exhaustive()
    }
}
