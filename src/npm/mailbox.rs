//! Where a recovery, which waits, and JavaScript, which does, hand things to each other.

use core::{
    cell::RefCell,
    future::poll_fn,
    task::{Context, Poll},
    time::Duration,
};

use js_sys::Object;
use sha2::{Digest, Sha256};

use super::wire::outgoing;
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
#[derive(Default)]
pub(super) struct Mailbox {
    wanted: RefCell<Option<Wanted>>,
    answer: RefCell<Option<Transported>>,
    body: RefCell<Option<Body>>,
    read: RefCell<Option<Result<(), Refusal>>>,
    woken: RefCell<Option<()>>,
}

/// What a recovery waits for.
pub(super) enum Wanted {
    /// The body of the callback, of so many bytes at most.
    Body { limit: u64 },
    /// The answer to a request, within this time where the caller does not know better.
    Answer { request: Object, timeout: Option<Duration> },
    /// That this time passes.
    Wait(Duration),
}

/// A body on its way in: hashed and read side by side, so that memory stays flat.
struct Body {
    hash: Sha256,
    reader: FailureReader,
}

/// The timeout is JavaScript's own.
impl Transport for &Mailbox {
    async fn send(&self, account: &Account, request: &ApiRequest) -> Transported {
        self.call(outgoing(&account.base_url, account.token.reveal(), request), None).await
    }
}

impl Mailbox {
    /// What JavaScript has to do next.
    pub(super) fn take_wanted(&self) -> Option<Wanted> {
        self.wanted.borrow_mut().take()
    }

    /// Brings the answer to a request.
    pub(super) fn put_answer(&self, answer: Transported) {
        *self.answer.borrow_mut() = Some(answer);
    }

    /// Brings a piece of the body.
    pub(super) fn push(&self, chunk: &[u8]) {
        if let Some(body) = &mut *self.body.borrow_mut() {
            body.hash.update(chunk);
            body.reader.push(chunk);
        }
    }

    /// The body is over, or will not come.
    pub(super) fn end_body(&self, end: Result<(), Refusal>) {
        *self.read.borrow_mut() = Some(end);
    }

    /// The time that was asked for has passed.
    pub(super) fn wake(&self) {
        *self.woken.borrow_mut() = Some(());
    }

    /// Waits for the answer to a request.
    pub(super) async fn call(&self, request: Object, timeout: Option<Duration>) -> Transported {
        *self.wanted.borrow_mut() = Some(Wanted::Answer { request, timeout });
        wait(&self.answer).await
    }

    /// Waits.
    pub(super) async fn sleep(&self, span: Duration) {
        *self.wanted.borrow_mut() = Some(Wanted::Wait(span));
        wait(&self.woken).await;
    }

    /// Waits for the whole body.
    pub(super) async fn body(
        &self,
        reader: FailureReader,
        limit: u64,
        now: Timestamp,
    ) -> Result<(BodyDigest, Result<Failure, CallbackError>), Refusal> {
        *self.body.borrow_mut() = Some(Body { hash: Sha256::new(), reader });
        *self.wanted.borrow_mut() = Some(Wanted::Body { limit });
        wait(&self.read).await?;
        let body = self.body.borrow_mut().take().ok_or_else(Refusal::body_unreadable)?;
        Ok((BodyDigest::from_bytes(body.hash.finalize().into()), body.reader.finish(now)))
    }
}

/// Ready as soon as something lies in the slot. Whoever puts it there polls again: nobody has to be woken.
async fn wait<T>(slot: &RefCell<Option<T>>) -> T {
    poll_fn(|_: &mut Context<'_>| match slot.borrow_mut().take() {
        Some(value) => Poll::Ready(value),
        None => Poll::Pending,
    })
    .await
}
