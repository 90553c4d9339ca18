//! Where a recovery, which waits, and JavaScript, which does, hand things to each other.

use core::{
    cell::{Cell, RefCell},
    future::poll_fn,
    task::Poll,
    time::Duration,
};

use sha2::{Digest, Sha256};

use super::json::Object;
use super::request::sending;
use crate::{
    callback::{CallbackError, Failure, FailureReader},
    dlq::{ApiRequest, Transported},
    js_host::Transport,
    recovery::Refusal,
    settings::Account,
    signature::BodyDigest,
    time::Timestamp,
};

/// One slot in each direction: a recovery does one thing at a time.
pub(super) struct Mailbox {
    /// The time that one answer may take.
    timeout: Duration,
    /// What JavaScript has to do, as JSON.
    wanted: Cell<String>,
    answer: Cell<Option<Transported>>,
    body: RefCell<Option<Body>>,
    end: Cell<Option<Result<(), Refusal>>>,
}

/// A body on its way in: hashed and read side by side, so that memory stays flat.
struct Body {
    hash: Sha256,
    reader: FailureReader,
    limit: u64,
}

impl Transport for &Mailbox {
    async fn send(&self, account: &Account, request: &ApiRequest) -> Transported {
        self.wanted.set(sending(&account.base_url, &account.token, request, self.timeout));
        wait(&self.answer).await
    }
}

impl Mailbox {
    pub(super) const fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            wanted: Cell::new(String::new()),
            answer: Cell::new(None),
            body: RefCell::new(None),
            end: Cell::new(None),
        }
    }

    /// What JavaScript has to do next.
    pub(super) fn take_wanted(&self) -> String {
        self.wanted.take()
    }

    /// Brings the answer to a request.
    pub(super) fn put_answer(&self, answer: Transported) {
        self.answer.set(Some(answer));
    }

    /// Brings a piece of the body.
    pub(super) fn push(&self, chunk: &[u8]) {
        if let Some(body) = &mut *self.body.borrow_mut() {
            body.hash.update(chunk);
            body.reader.push(chunk);
        }
    }

    /// The body is over, or will not come.
    pub(super) fn end_body(&self, end: &str) {
        let limit = self.body.borrow().as_ref().map_or(0, |body| body.limit);
        self.end.set(Some(match end {
            "whole" => Ok(()),
            "too_large" => Err(Refusal::TooLarge { limit }),
            _ => Err(Refusal::body_unreadable()),
        }));
    }

    /// Waits for the whole body.
    pub(super) async fn body(
        &self,
        reader: FailureReader,
        limit: u64,
        now: Timestamp,
    ) -> Result<(BodyDigest, Result<Failure, CallbackError>), Refusal> {
        *self.body.borrow_mut() = Some(Body { hash: Sha256::new(), reader, limit });
        let mut wanted = Object::new();
        wanted.number("body", limit);
        self.wanted.set(wanted.end());
        wait(&self.end).await?;
        let body = self.body.borrow_mut().take().ok_or_else(Refusal::body_unreadable)?;
        Ok((BodyDigest::from_bytes(body.hash.finalize().into()), body.reader.finish(now)))
    }
}

/// Ready as soon as something lies in the slot. Whoever puts it there polls again: nobody has to be woken.
async fn wait<T>(slot: &Cell<Option<T>>) -> T {
    poll_fn(|_| slot.take().map_or(Poll::Pending, Poll::Ready)).await
}
