//! Something in the works: JavaScript does what it asks for, until it is done.

use core::fmt;

use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::{
    delivery::Delivery,
    pairs::Pairs,
    request::{answered, failed},
    task::Task,
};
use crate::dlq::Transported;

/// Something in the works, such as one callback or one call of the API.
///
/// [`Work::step`] says what to do next; the answer is brought with the other methods, and then it is asked again.
#[wasm_bindgen]
pub struct Work(Kind);

enum Kind {
    Task { task: Box<Task>, came: Option<Transported> },
    Delivery(Box<Delivery>),
}

impl Work {
    pub(super) fn task(task: Task) -> Self {
        Self(Kind::Task { task: Box::new(task), came: None })
    }

    pub(super) fn delivery(delivery: Delivery) -> Self {
        Self(Kind::Delivery(Box::new(delivery)))
    }
}

#[wasm_bindgen]
impl Work {
    /// What to do next, as JSON: `{body: <most bytes>}` to read the body, with `keep` to hold it for later where it has no
    /// more bytes than that; `{relay: {method, url, headers}, timeout}` to send that body on, `{request: {method, url, headers}, timeout}` to
    /// send a request, `{claim}` to claim a DLQ entry, `{record}` to keep its `result` or free its claim, `{wait}` to let that many milliseconds pass, or `{ended}`, with what it came to as `done`, or with
    /// `verbatim` where that is the last answer itself. A job goes on after each end, until there is nothing `done`.
    ///
    /// Throws what the work fails with.
    pub fn step(&mut self) -> Result<String, JsValue> {
        match &mut self.0 {
            Kind::Task { task, came } => task.step(came.take()),
            Kind::Delivery(delivery) => Ok(delivery.step()),
        }
    }

    /// Brings the answer to a request; `headers` are names and values with NUL between them.
    pub fn answer(&mut self, status: u16, body: Vec<u8>, headers: &str) {
        self.bring(Ok(answered(status, body, Pairs(headers))));
    }

    /// There is no answer: `timeout` after `limit` milliseconds, `too_large` for `limit` bytes, or `interrupted`.
    pub fn fail(&mut self, kind: &str, detail: &str, limit: f64) {
        self.bring(Err(failed(kind, detail, limit)));
    }

    /// Brings a piece of the body.
    pub fn push(&mut self, chunk: &[u8]) {
        if let Kind::Delivery(delivery) = &mut self.0 {
            delivery.push(chunk);
        }
    }

    /// The body has come to its `end`: `whole`, `too_large` where it was not read further, or `lost`.
    #[wasm_bindgen(js_name = endBody)]
    pub fn end_body(&mut self, end: &str) {
        if let Kind::Delivery(delivery) = &mut self.0 {
            delivery.end_body(end);
        }
    }
}

impl Work {
    fn bring(&mut self, answer: Transported) {
        match &mut self.0 {
            Kind::Task { came, .. } => *came = Some(answer),
            Kind::Delivery(delivery) => delivery.bring(answer),
        }
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").finish_non_exhaustive()
    }
}
