//! The ledger as the requests of one isolate share it: what several of them tell an actor goes together. `gather.mjs`
//! waits and sends; here is who sends when, and what.

use core::cell::{Cell, RefCell};

use js_sys::Promise;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;

use super::{Namespace, SEPARATOR};
use crate::{
    durable::{Batch, Gather},
    js_host::now,
    text::said,
};

/// The ledger of one isolate.
#[derive(Debug)]
pub(crate) struct Gathered {
    pub(crate) ledger: Namespace,
    gathering: Gathering,
}

impl Gathered {
    pub(crate) fn new(ledger: Namespace) -> Self {
        let turns = Turns { gather: RefCell::new(Gather::new()), called: Cell::default() };
        Self { gathering: Gathering::new(&ledger, turns), ledger }
    }

    /// Tells an actor something; the answer is empty where it cannot be said whether it was heard.
    pub(crate) async fn tell(&self, actor: &str, message: &str) -> String {
        let answer = JsFuture::from(self.telling(actor, message, 0)).await;
        answer.ok().and_then(|answer| answer.as_string()).unwrap_or_default()
    }

    /// The same after a pause in milliseconds.
    pub(crate) fn telling(&self, actor: &str, message: &str, pause: u32) -> Promise {
        self.gathering.tell(actor, message, pause)
    }

    /// Tells an actor something, sooner or later.
    pub(crate) fn post(&self, actor: &str, message: &str) {
        self.gathering.post(actor, message);
    }
}

#[wasm_bindgen(module = "/src/worker/ledger/gather.mjs")]
extern "C" {
    #[derive(Debug)]
    type Gathering;

    #[wasm_bindgen(constructor)]
    fn new(ledger: &Namespace, turns: Turns) -> Gathering;

    #[wasm_bindgen(method)]
    fn tell(this: &Gathering, actor: &str, message: &str, pause: u32) -> Promise;

    #[wasm_bindgen(method)]
    fn post(this: &Gathering, actor: &str, message: &str);
}

/// Whose turn it is. Numbers are of messages; 0 is nobody.
#[derive(Debug)]
#[wasm_bindgen]
pub struct Turns {
    gather: RefCell<Gather>,
    /// Who is to lead since somebody came last.
    called: Cell<Option<u64>>,
}

#[wasm_bindgen]
impl Turns {
    /// A message whose sender waits for the answer; gives its number.
    pub fn join(&self, actor: &str, message: String) -> f64 {
        let (number, leader) = self.gather.borrow_mut().join(actor, message, now());
        self.called.set(leader);
        to_js(Some(number))
    }

    /// A message for whose answer nobody waits; gives the number by which its sender is called.
    pub fn post(&self, actor: &str, message: String) -> f64 {
        let (number, leader) = self.gather.borrow_mut().post(actor, message, now());
        self.called.set(leader);
        to_js(Some(number))
    }

    /// Who is to lead since then.
    pub fn called(&self) -> f64 {
        to_js(self.called.take())
    }

    /// What the one whose turn it is sends: numbers with blanks between them, then each message.
    pub fn lead(&self, actor: &str) -> String {
        let Batch { numbers, messages } = self.gather.borrow_mut().lead(actor);
        let mut texts = String::new();
        for number in numbers {
            if !texts.is_empty() {
                texts.push(' ');
            }
            texts.push_str(&said(&number));
        }
        for message in messages {
            texts.push(SEPARATOR);
            texts.push_str(&message);
        }
        texts
    }

    /// A batch is over; gives who leads the next one.
    pub fn over(&self, actor: &str, leader: f64) -> f64 {
        to_js(self.gather.borrow_mut().over(actor, of_js(leader), now()))
    }

    /// Somebody waits no longer; gives who leads instead.
    pub fn leave(&self, actor: &str, number: f64) -> f64 {
        to_js(self.gather.borrow_mut().leave(actor, of_js(number), now()))
    }
}

#[expect(clippy::cast_precision_loss, reason = "nobody counts that far")]
fn to_js(number: Option<u64>) -> f64 {
    number.unwrap_or_default() as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is a number of ours")]
const fn of_js(number: f64) -> u64 {
    number as u64
}
