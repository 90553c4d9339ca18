//! A failure callback that is under way: `runtime.mjs` takes the steps, this says which.

use core::{cell::RefCell, fmt, time::Duration};
use std::rc::Rc;

use js_sys::Promise;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::{
    arrived::Arrived,
    books::Books,
    redrive::{Shared, log},
    transport::{fault, push, sending, timer, to_api_response},
};
use crate::{
    dlq::Transported,
    js_host::{entropy, now},
    js_pairs::Pairs,
    ledger::Claimant,
    recovery::{
        self, Admitted, Ask, BodyEnd, Case, Conclusion, DataPoint, MAX_RELAYED_BYTES, Moment, Recovery,
        Relayed, Reply, Stage, Timings, is_relayed, relay_marks,
    },
    settings::Settings,
    signature::BodyDigest,
    time::Timestamp,
};

/// A body is to be brought.
const BODY: u16 = 0;
/// A request is to be sent.
const CALL: u16 = 1;
/// Others are asked, which takes its time.
const WAIT: u16 = 2;

/// A callback, and what was done about it so far.
#[wasm_bindgen]
pub struct Delivery(Rc<RefCell<Inner>>);

struct Inner {
    redrive: Rc<Shared>,
    callback: recovery::Delivery,
    /// All headers that came, where the policy may hand the callback on.
    headers: Option<String>,
    /// Bytes of the body that came.
    length: u64,
    /// When the last request was handed out.
    sent: Timestamp,
    timings: Timings,
    reply: Option<Reply>,
}

impl Delivery {
    /// A callback that has arrived.
    pub(super) fn new(redrive: &Rc<Shared>, settings: &Settings, arrived: &Arrived<'_>) -> Self {
        let started = now();
        let callback =
            recovery::Delivery::begin(settings, &arrived.arrival(), &|| arrived.headers(), started);
        Self(Rc::new(RefCell::new(Inner {
            redrive: Rc::clone(redrive),
            callback,
            headers: None,
            length: 0,
            sent: started,
            timings: Timings::default(),
            reply: None,
        })))
    }

    /// The same with all headers, for a policy that may hand the callback on.
    pub(super) fn with_headers(self, headers: String) -> Self {
        self.0.borrow_mut().headers = Some(headers);
        self
    }
}

#[wasm_bindgen]
impl Delivery {
    /// What to do next: 0 to bring the body, 1 to send a request, 2 to wait for others, else to reply with that status.
    pub fn step(&self) -> u16 {
        self.0.borrow_mut().step()
    }

    /// The most bytes of the body that may be read.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "sizes are exact up to eight petabytes")]
    pub fn limit(&self) -> f64 {
        self.0.borrow().callback.max_body_bytes() as f64
    }

    /// Up to how many bytes the body is to be kept.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "sizes are exact up to eight petabytes")]
    pub fn keeps(&self) -> f64 {
        if self.0.borrow().headers.is_some() { MAX_RELAYED_BYTES as f64 } else { -1.0 }
    }

    /// Brings a piece of the body.
    pub fn push(&self, chunk: &[u8]) {
        self.0.borrow_mut().push(chunk);
    }

    /// That was all of the body, and this is its SHA-256.
    pub fn whole(&self, digest: &[u8]) {
        self.0.borrow_mut().end_body(
            &digest.try_into().map_or(BodyEnd::Lost, |digest| BodyEnd::Whole(BodyDigest::from_bytes(digest))),
        );
    }

    /// That was all of the body; here it is again, to be hashed.
    pub fn hashed(&self, body: &[u8]) {
        self.0.borrow_mut().end_body(&BodyEnd::Whole(BodyDigest::of(body)));
    }

    /// The body has more bytes than may be read.
    #[wasm_bindgen(js_name = tooLarge)]
    pub fn too_large(&self) {
        self.0.borrow_mut().end_body(&BodyEnd::TooLarge);
    }

    /// The rest of the body does not come.
    pub fn lost(&self) {
        self.0.borrow_mut().end_body(&BodyEnd::Lost);
    }

    /// The request to send: method, URL, names and values of headers, with NUL between them.
    #[must_use]
    pub fn call(&self) -> String {
        self.0.borrow_mut().call()
    }

    /// Whether the body of the callback goes with the request.
    #[must_use]
    #[wasm_bindgen(js_name = takesBody)]
    pub fn takes_body(&self) -> bool {
        matches!(&self.0.borrow().callback.stage, Stage::Recovery(recovery) if recovery.is_relaying())
    }

    /// How long the answer may take, in milliseconds.
    #[must_use]
    pub fn timeout(&self) -> u32 {
        timer(self.0.borrow().timeout())
    }

    /// Brings the answer to the request; `headers` are names and values with NUL between them.
    pub fn answered(&self, status: u16, body: Vec<u8>, headers: &str) {
        self.0.borrow_mut().bring(Ok(to_api_response(status, body, headers)));
    }

    /// There is no answer, see [`fault`].
    pub fn failed(&self, status: u16, text: &str) {
        let mut inner = self.0.borrow_mut();
        let timeout = inner.timeout();
        inner.bring(Err(fault(status, text, timeout)));
    }

    /// Asks others, and comes to its end once they have answered.
    pub fn wait(&self) -> Promise {
        let inner = Rc::clone(&self.0);
        wasm_bindgen_futures::future_to_promise(async move {
            ask(&inner).await;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Headers of the reply, names and values with NUL between them; none of those that are the rule.
    #[must_use]
    pub fn headers(&self) -> String {
        self.0.borrow().reply.as_ref().map(super::respond::headers).unwrap_or_default()
    }

    /// The body of the reply.
    #[must_use]
    pub fn body(&self) -> String {
        self.0.borrow_mut().reply.take().map(|reply| reply.body).unwrap_or_default()
    }
}

impl Inner {
    fn step(&mut self) -> u16 {
        loop {
            match &mut self.callback.stage {
                Stage::Body(_) => return BODY,
                Stage::Over(_) => return self.reply(),
                Stage::Recovery(recovery) => match recovery.ask() {
                    Ask::Relay(_) if self.length > MAX_RELAYED_BYTES => {
                        recovery.relayed(Relayed::TOO_LARGE, moment());
                    }
                    Ask::Send(_) | Ask::Relay(_) => return CALL,
                    Ask::Nothing => return self.reply(),
                    Ask::Claim(_) | Ask::Admit(_) | Ask::Settle(_) => {
                        if !take_at_once(&self.redrive, recovery) {
                            return WAIT;
                        }
                    }
                },
            }
        }
    }

    fn push(&mut self, chunk: &[u8]) {
        self.length += chunk.len() as u64;
        self.callback.push(chunk);
    }

    fn end_body(&mut self, end: &BodyEnd) {
        if let Ok(settings) = self.redrive.settings() {
            self.callback.end_body(end, &settings.policy, moment());
        }
    }

    /// The request that is next.
    fn call(&mut self) -> String {
        self.sent = now();
        let Stage::Recovery(recovery) = &self.callback.stage else { return String::new() };
        match recovery.ask() {
            Ask::Send(request) => sending(&recovery.account, &request),
            Ask::Relay(to) => {
                let given = Pairs(self.headers.as_deref().unwrap_or_default());
                let mut texts = ["POST\0", to.as_str()].concat();
                for (name, value) in given.iter().filter(|(name, _)| is_relayed(name)) {
                    push(&mut texts, name, value);
                }
                for (name, value) in relay_marks(recovery.run_id()) {
                    if given.value(name).is_none() {
                        push(&mut texts, name, value);
                    }
                }
                texts
            }
            _ => String::new(),
        }
    }

    /// Takes in what became of it.
    fn bring(&mut self, answer: Transported) {
        let Stage::Recovery(recovery) = &mut self.callback.stage else { return };
        if recovery.is_relaying() {
            let status = answer.ok().map(|answer| answer.status());
            return recovery.relayed(Relayed::answered(status), moment());
        }
        self.timings.add_call(now().since(self.sent));
        recovery.answered(answer, moment());
    }

    /// Logs what it has come to, and prepares the reply; gives its status.
    fn reply(&mut self) -> u16 {
        let conclusion = match &self.callback.stage {
            Stage::Recovery(recovery) => &recovery.conclusion,
            Stage::Over(conclusion) => conclusion,
            Stage::Body(_) => return BODY,
        };
        let now = now();
        let timings = Timings { total: now.since(self.callback.started), ..self.timings };
        self.redrive.analytics.write(|| DataPoint::new(conclusion, timings));
        let (reply, line) = self.redrive.journal.close(conclusion, timings, now);
        if let Some(line) = line {
            log(line.is_error, &line.json);
        }
        self.reply.insert(reply).status
    }

    fn timeout(&self) -> Duration {
        self.redrive.settings().map_or(Duration::ZERO, |settings| settings.api_timeout)
    }
}

/// Takes a step that memory can answer; `false` where others are to be asked.
fn take_at_once(redrive: &Shared, recovery: &mut Recovery) -> bool {
    let (Books::Memory(ledger), Ok(settings)) = (&redrive.ledger, redrive.settings()) else { return false };
    let mut ledger = ledger.borrow_mut();
    match recovery.ask() {
        Ask::Claim(entry) => {
            let claim = ledger.claim(entry, now());
            recovery.claimed(claim);
        }
        // Nobody watches the target; the kill switch leaves the entry to a person.
        Ask::Admit(_) if settings.policy.paused => {
            recovery.admitted(Admitted::Deferred { reason: "paused", until: None });
        }
        Ask::Admit(_) => recovery.admitted(Admitted::Go),
        Ask::Settle(entry) => {
            ledger.settle(entry, &recovery.conclusion);
            recovery.settled(true);
        }
        _ => return false,
    }
    true
}

/// What others are asked.
enum Question {
    Claim,
    Admit,
    Settle(Box<Conclusion>),
}

/// Asks others for what the delivery waits for, and tells it.
async fn ask(inner: &RefCell<Inner>) {
    let Some((redrive, question, case)) = question(&inner.borrow()) else { return };
    let Ok(settings) = redrive.settings() else { return };
    let books = &redrive.ledger;
    match question {
        Question::Claim => {
            let claim = books.claim(&case, Claimant::Callback, settings).await;
            told(inner, |recovery| recovery.claimed(claim));
        }
        Question::Admit => {
            let admitted = books.admit(&case, settings).await;
            told(inner, |recovery| recovery.admitted(admitted));
        }
        Question::Settle(conclusion) => {
            let is_kept = books.settle(&case, &conclusion, settings).await;
            told(inner, |recovery| recovery.settled(is_kept));
        }
    }
}

fn question(inner: &Inner) -> Option<(Rc<Shared>, Question, Case)> {
    let Stage::Recovery(recovery) = &inner.callback.stage else { return None };
    let (question, entry) = match recovery.ask() {
        Ask::Claim(entry) => (Question::Claim, entry),
        Ask::Admit(entry) => (Question::Admit, entry),
        Ask::Settle(entry) => (Question::Settle(Box::new(recovery.conclusion.clone())), entry),
        _ => return None,
    };
    Some((Rc::clone(&inner.redrive), question, recovery.case(entry)))
}

fn told(inner: &RefCell<Inner>, tell: impl FnOnce(&mut Recovery)) {
    if let Stage::Recovery(recovery) = &mut inner.borrow_mut().callback.stage {
        tell(recovery);
    }
}

fn moment() -> Moment {
    Moment { now: now(), entropy: entropy() }
}

/// What came may be secret.
impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").finish_non_exhaustive()
    }
}
