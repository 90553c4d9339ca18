//! A failure callback that is under way: `runtime.mjs` takes the steps, this says which.

use core::{cell::RefCell, fmt, time::Duration};
use std::rc::Rc;

use js_sys::Promise;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::{
    arrived::Arrived,
    books::{Books, PAUSES, shard},
    redrive::{Shared, log},
    transport::{fault, push, sending, timer, to_api_response},
};
use crate::{
    breaker::{admit, read_admission},
    dlq::Transported,
    js_host::{entropy, now},
    js_pairs::Pairs,
    ledger::{Claimant, claim, read_claim, settle, target},
    recovery::{
        self, Admitted, Ask, BodyEnd, Claim, DataPoint, MAX_RELAYED_BYTES, Moment, Recovery, Relayed, Reply,
        Stage, Timings, is_relayed, relay_marks,
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
    /// How often somebody else was found at the entry.
    pauses: usize,
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
            pauses: 0,
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

    /// Asks others; what they answer is to be brought to [`Delivery::heard`].
    pub fn wait(&self) -> Promise {
        self.0.borrow().ask().unwrap_or_else(|| Promise::resolve(&JsValue::from_str("")))
    }

    /// Brings their answer, an empty one where it cannot be said whether they heard.
    pub fn heard(&self, answer: &str) {
        self.0.borrow_mut().heard(answer);
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

    /// Asks the ledger for what the delivery waits for.
    fn ask(&self) -> Option<Promise> {
        let (Books::Ledger(ledger), Ok(settings)) = (&self.redrive.ledger, self.redrive.settings()) else {
            return None;
        };
        let Stage::Recovery(recovery) = &self.callback.stage else { return None };
        let ask = recovery.ask();
        let (Ask::Claim(entry) | Ask::Admit(entry) | Ask::Settle(entry)) = ask else { return None };
        let case = recovery.case(entry);
        let (actor, message) = match ask {
            Ask::Claim(_) => (shard(&case, settings), claim(&case, Claimant::Callback)),
            Ask::Admit(_) => (target(&case.target), admit(&case)),
            _ => (shard(&case, settings), settle(&case, &recovery.conclusion)),
        };
        let pause = self.pauses.checked_sub(1).and_then(|last| PAUSES.get(last));
        let pause = pause.filter(|_| matches!(ask, Ask::Claim(_))).copied();
        Some(ledger.telling(&actor, &message, pause.unwrap_or_default()))
    }

    fn heard(&mut self, answer: &str) {
        let Stage::Recovery(recovery) = &mut self.callback.stage else { return };
        match recovery.ask() {
            Ask::Claim(_) => match read_claim(answer) {
                // Where another delivery of a callback is at the entry, its end is waited for, a few seconds at most.
                Claim::Pending if self.pauses < PAUSES.len() => self.pauses += 1,
                claim => recovery.claimed(claim),
            },
            Ask::Admit(_) => recovery.admitted(read_admission(answer)),
            Ask::Settle(_) => recovery.settled(!answer.is_empty()),
            _ => {}
        }
    }

    fn timeout(&self) -> Duration {
        self.redrive.settings().map_or(Duration::ZERO, |settings| settings.api_timeout)
    }
}

/// Takes a step that needs no answer, or that memory can answer; `false` where others are to be asked.
fn take_at_once(redrive: &Shared, recovery: &mut Recovery) -> bool {
    let Ok(settings) = redrive.settings() else { return false };
    match (&redrive.ledger, recovery.ask()) {
        (Books::Memory(ledger), Ask::Claim(entry)) => {
            let claim = ledger.borrow_mut().claim(entry, now());
            recovery.claimed(claim);
        }
        // Nobody watches the target; the kill switch leaves the entry to a person.
        (Books::Memory(_), Ask::Admit(_)) if settings.policy.paused => {
            recovery.admitted(Admitted::Deferred { reason: "paused", until: None });
        }
        (Books::Memory(_), Ask::Admit(_)) => recovery.admitted(Admitted::Go),
        (Books::Ledger(_), Ask::Admit(_)) if !settings.policy.is_guarded() => {
            recovery.admitted(Admitted::Go);
        }
        (Books::Memory(ledger), Ask::Settle(entry)) => {
            ledger.borrow_mut().settle(entry, &recovery.conclusion);
            recovery.settled(true);
        }
        // What was done is done, whether it is kept or not.
        (Books::Ledger(ledger), Ask::Settle(entry)) if recovery.conclusion.is_final() => {
            let case = recovery.case(entry);
            ledger.post(&shard(&case, settings), &settle(&case, &recovery.conclusion));
            recovery.settled(true);
        }
        _ => return false,
    }
    true
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
