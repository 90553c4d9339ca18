//! The ledger as the requests of one isolate share it: what several of them tell an actor goes together.
//!
//! Each request sends from its own context only: the runtime ends what a request has under way together with it. So one
//! that waits is woken by a promise of its own, and whoever's turn it is sends for all.

use core::cell::RefCell;

use js_sys::{Array, Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use super::{Namespace, PATIENCE_MILLIS, tell, wait};
use crate::{
    durable::{Batch, Gather},
    js_host::now,
    json::Object,
    worker::{redrive::log, runtime::words},
};

/// How long somebody waits for others: one that is under way, and one that takes its message along.
const TURN_MILLIS: u32 = 2 * PATIENCE_MILLIS + 2000;

/// The ledger of one isolate.
#[derive(Debug)]
pub(crate) struct Gathered {
    pub(crate) ledger: Namespace,
    gather: RefCell<Gather>,
    /// What wakes those who wait, by the numbers of their messages.
    waiting: RefCell<Vec<(u64, Function)>>,
}

impl Gathered {
    pub(crate) const fn new(ledger: Namespace) -> Self {
        Self { ledger, gather: RefCell::new(Gather::new()), waiting: RefCell::new(Vec::new()) }
    }

    /// Tells an actor something; the answer is empty where it cannot be said whether it was heard.
    pub(crate) async fn tell(&self, actor: &str, message: String) -> String {
        let (number, leader) = self.gather.borrow_mut().join(actor, message, now());
        if leader != Some(number) {
            self.let_lead(leader);
            let woken = JsFuture::from(self.promise(number)).await.unwrap_or_default();
            if let Some(answer) = woken.as_string() {
                return answer;
            }
            if !woken.is_null() {
                self.wake(number, &JsValue::UNDEFINED);
                let next = self.gather.borrow_mut().leave(actor, number, now());
                self.let_lead(next);
                return String::new();
            }
        }
        // It sends for all who wait, and hands out the answers.
        let Batch { numbers, messages } = self.gather.borrow_mut().lead(actor);
        let told = tell(&self.ledger, actor, &messages).await;
        let next = self.gather.borrow_mut().over(actor, number, now());
        self.let_lead(next);
        let mut answers = told.unwrap_or_else(|error| {
            report(&error);
            Vec::new()
        });
        answers.resize(numbers.len(), String::new());
        let mut own = String::new();
        for (other, answer) in numbers.into_iter().zip(answers) {
            if other == number {
                own = answer;
            } else {
                self.wake(other, &JsValue::from_str(&answer));
            }
        }
        own
    }

    fn let_lead(&self, next: Option<u64>) {
        if let Some(next) = next {
            self.wake(next, &JsValue::NULL);
        }
    }

    /// Whoever waits no longer does not mind.
    fn wake(&self, number: u64, with: &JsValue) {
        let mut waiting = self.waiting.borrow_mut();
        let Some(at) = waiting.iter().position(|(waiting, _)| *waiting == number) else { return };
        let (_, wake) = waiting.swap_remove(at);
        let _ = wake.call1(&JsValue::UNDEFINED, with);
    }

    /// Comes true with the answer; with `null` where it is one's turn to send; with nothing where nobody cares.
    fn promise(&self, number: u64) -> Promise {
        let woken = Promise::new(&mut |wake, _| {
            self.waiting.borrow_mut().push((number, wake));
        });
        Promise::race(&Array::of2(&woken, &wait(TURN_MILLIS)))
    }
}

fn report(error: &JsValue) {
    let mut line = Object::new();
    line.text("event", "ledger").text("outcome", "unavailable").text("detail", &words(error));
    log(true, &line.end());
}
