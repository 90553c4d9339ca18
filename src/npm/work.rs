//! Something in the works: JavaScript does what it asks for, until it is done.

use core::{
    cell::RefCell,
    fmt,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};
use std::rc::Rc;

use js_sys::Function;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::{
    mailbox::{Mailbox, Wanted},
    object::object,
    wire::{answer, fault},
};
use crate::recovery::Refusal;

/// Something in the works, such as one callback or one call of the API.
///
/// [`Work::step`] says what to do next; the answer is brought with the other methods, and then it is asked again.
#[wasm_bindgen]
pub struct Work {
    mailbox: Rc<Mailbox>,
    /// Gone once it is done.
    work: RefCell<Option<Pin<Box<Running>>>>,
}

type Running = dyn Future<Output = Result<JsValue, JsValue>>;

impl Work {
    pub(super) fn new(
        mailbox: Rc<Mailbox>,
        work: impl Future<Output = Result<JsValue, JsValue>> + 'static,
    ) -> Self {
        Self { mailbox, work: RefCell::new(Some(Box::pin(work))) }
    }
}

#[wasm_bindgen]
impl Work {
    /// What to do next: `{body: <most bytes>}` to read the body, `{request, timeout?}` to send a request, `{wait}` to let
    /// that many milliseconds pass, or `{ended, done}` at the end; `undefined` after it. Throws what the work fails with.
    pub fn step(&self) -> Result<JsValue, JsValue> {
        let mut work = self.work.borrow_mut();
        let Some(running) = work.as_mut() else { return Ok(JsValue::UNDEFINED) };
        let step = match running.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => {
                *work = None;
                object([("done", done?), ("ended", true.into())])
            }
            Poll::Pending => match self.mailbox.take_wanted() {
                Some(Wanted::Body { limit }) => object([("body", bytes(limit))]),
                Some(Wanted::Answer { request, timeout }) => object([
                    ("request", request.into()),
                    ("timeout", timeout.map_or(JsValue::UNDEFINED, span)),
                ]),
                Some(Wanted::Wait(time)) => object([("wait", span(time))]),
                None => return Ok(JsValue::UNDEFINED),
            },
        };
        Ok(step.into())
    }

    /// The time that was asked for has passed.
    pub fn wake(&self) {
        self.mailbox.wake();
    }

    /// Brings a piece of the body.
    pub fn push(&self, chunk: &[u8]) {
        self.mailbox.push(chunk);
    }

    /// The body is complete.
    #[wasm_bindgen(js_name = endBody)]
    pub fn end_body(&self) {
        self.mailbox.end_body(Ok(()));
    }

    /// The body has more than `limit` bytes, and was not read further.
    #[wasm_bindgen(js_name = refuseBody)]
    pub fn refuse_body(&self, limit: f64) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float cast saturates")]
        let limit = limit as u64;
        self.mailbox.end_body(Err(Refusal::TooLarge { limit }));
    }

    /// The body broke off.
    #[wasm_bindgen(js_name = loseBody)]
    pub fn lose_body(&self) {
        self.mailbox.end_body(Err(Refusal::body_unreadable()));
    }

    /// Brings the answer to a request; `header` looks up its headers.
    pub fn answer(&self, status: u16, body: Vec<u8>, header: &Function) {
        self.mailbox.put_answer(Ok(answer(status, body, header)));
    }

    /// There is no answer: `timeout` after `limit` milliseconds, `too_large` for `limit` bytes, or `interrupted`.
    pub fn fail(&self, kind: &str, detail: &str, limit: f64) {
        self.mailbox.put_answer(Err(fault(kind, detail, limit)));
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").finish_non_exhaustive()
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 9 PB")]
fn bytes(count: u64) -> JsValue {
    (count as f64).into()
}

/// Whole milliseconds.
fn span(time: Duration) -> JsValue {
    (time.as_secs_f64() * 1000.0).ceil().into()
}
