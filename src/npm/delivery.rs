//! One callback in the works: JavaScript does what it asks for, until there is a reply.

use core::{
    cell::RefCell,
    fmt,
    pin::Pin,
    task::{Context, Poll, Waker},
};
use std::rc::Rc;

use js_sys::{Function, Object};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::{
    mailbox::{Mailbox, Wanted},
    object::object,
    wire::{answer, fault},
};
use crate::recovery::Refusal;

/// One callback in the works.
///
/// [`Delivery::step`] says what to do next; the answer is brought with the other methods, and then it is asked again.
#[wasm_bindgen]
pub struct Delivery {
    mailbox: Rc<Mailbox>,
    /// Gone once there is a reply.
    work: RefCell<Option<Pin<Box<dyn Future<Output = Object>>>>>,
}

impl Delivery {
    pub(super) fn new(mailbox: Rc<Mailbox>, work: impl Future<Output = Object> + 'static) -> Self {
        Self { mailbox, work: RefCell::new(Some(Box::pin(work))) }
    }
}

#[wasm_bindgen]
impl Delivery {
    /// What to do next: `{body: <most bytes>}` to read the body, `{request}` to send a request, or `{reply}` at the end;
    /// `undefined` after it.
    pub fn step(&self) -> JsValue {
        let mut work = self.work.borrow_mut();
        let Some(running) = work.as_mut() else { return JsValue::UNDEFINED };
        let step = match running.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(reply) => {
                *work = None;
                object([("reply", reply.into())])
            }
            Poll::Pending => match self.mailbox.take_wanted() {
                Some(Wanted::Body { limit }) => object([("body", bytes(limit))]),
                Some(Wanted::Answer(request)) => object([("request", request.into())]),
                None => return JsValue::UNDEFINED,
            },
        };
        step.into()
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

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").finish_non_exhaustive()
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 9 PB")]
fn bytes(count: u64) -> JsValue {
    (count as f64).into()
}
