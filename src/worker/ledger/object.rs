//! The Durable Object: keeps an actor alive, runs its errands and rings its alarm.

use core::{
    cell::{Cell, RefCell},
    time::Duration,
};
use std::rc::Rc;

use js_sys::{Array, Promise};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use worker::Env;

use super::{Namespace, array, js::State, records::Stored, role, strings, tell};
use crate::{
    dlq::{ApiResponse, TransportError, Transported},
    durable::{Actor, Errand, Memo, Office, Records as _, Remembered, outbox, told, wakes},
    js_host::{entropy, now},
    recovery::Moment,
    settings::{Settings, SettingsError},
    time::Timestamp,
    worker::{ledger::bound, promise, runtime::words, settings::read_settings, transport},
};

/// Where the name of the actor is kept, for the alarm does not tell.
const NAME: &str = "actor";

/// The least time until the alarm: others hear of what happened a little later, and of much at once.
const GATHERING: Duration = Duration::from_millis(200);

/// Errands of one alarm, and their time: the next alarm goes on.
const MAX_ERRANDS: usize = 200;
const MAX_TIME: Duration = Duration::from_secs(20);

/// An actor of the ledger. Bind this class as `LEDGER`, in `new_sqlite_classes`.
#[wasm_bindgen]
pub struct Ledger(Rc<Desk>);

struct Desk {
    state: State,
    settings: Result<Settings, SettingsError>,
    ledger: Option<Namespace>,
    memo: RefCell<Memo>,
    /// When the alarm is known to ring.
    alarm: Cell<Option<Timestamp>>,
    /// Whether errands are being run: they go on until none is due, and set the alarm in the end.
    is_ringing: Cell<bool>,
}

#[wasm_bindgen]
#[expect(private_interfaces, clippy::needless_pass_by_value, reason = "only the runtime calls it")]
impl Ledger {
    /// The runtime makes one for each name.
    #[wasm_bindgen(constructor)]
    pub fn new(state: State, env: Env) -> Self {
        let (settings, ledger) = (read_settings(&env), bound(&env));
        Self(Rc::new(Desk {
            state,
            settings,
            ledger,
            memo: RefCell::default(),
            alarm: Cell::default(),
            is_ringing: Cell::default(),
        }))
    }

    /// Passes messages on to the actor of the name, and answers with what it says to each.
    pub fn tell(&self, name: String, messages: Array) -> Promise {
        let desk = Rc::clone(&self.0);
        promise(async move { desk.hear(&name, messages).await })
    }

    /// Runs what is due.
    pub fn alarm(&self) -> Promise {
        let desk = Rc::clone(&self.0);
        promise(async move { desk.ring().await.map(|()| JsValue::UNDEFINED) })
    }
}

impl Desk {
    async fn hear(&self, name: &str, messages: Array) -> Result<JsValue, JsValue> {
        let (Some(actor), Ok(settings)) = (role(name), &self.settings) else {
            return Err("no such actor, or the settings are not good".into());
        };
        let messages = strings(&messages);
        let heard = match self.told(settings, actor, name, &messages) {
            // One that cannot be written down is not to take the others with it.
            Err(_) if messages.len() > 1 => {
                let mut heard = Vec::new();
                for one in messages.chunks(1) {
                    let mut answer = self.told(settings, actor, name, one).unwrap_or_default();
                    heard.push(answer.pop().unwrap_or_default());
                }
                heard
            }
            heard => heard?,
        };
        self.set_alarm(settings, actor).await?;
        Ok(array(&heard).into())
    }

    fn told(
        &self,
        settings: &Settings,
        actor: &dyn Actor,
        name: &str,
        messages: &[String],
    ) -> Result<Vec<String>, JsValue> {
        let mut answers = Vec::new();
        self.within(settings, &mut |office| {
            if office.records.get(NAME).as_deref() != Some(name) {
                office.records.put(NAME, name);
            }
            answers = told(actor, office, messages);
        })?;
        Ok(answers)
    }

    async fn ring(&self) -> Result<(), JsValue> {
        self.alarm.set(None);
        self.is_ringing.set(true);
        let rung = self.run_errands().await;
        self.is_ringing.set(false);
        rung
    }

    async fn run_errands(&self) -> Result<(), JsValue> {
        let name = Stored::new(self.state.storage().kv()).get(NAME).unwrap_or_default();
        let (Some(actor), Ok(settings)) = (role(&name), &self.settings) else { return Ok(()) };
        let started = now();
        for _ in 0..MAX_ERRANDS {
            // What is little is gathered until the next alarm.
            if self.tell_others(settings).await? {
                continue;
            }
            let mut errand = None;
            self.within(settings, &mut |office| errand = actor.errand(office))?;
            let Some(errand) = errand else { break };
            let mut answer = Some(self.run(settings, errand).await);
            self.within(settings, &mut |office| {
                if let Some(answer) = answer.take() {
                    actor.returned(office, answer);
                }
            })?;
            if now().since(started) > MAX_TIME {
                break;
            }
        }
        self.is_ringing.set(false);
        self.set_alarm(settings, actor).await
    }

    /// Tells what is due in the outbox to all whom it concerns; whether there may be more.
    async fn tell_others(&self, settings: &Settings) -> Result<bool, JsValue> {
        let (mut due, mut answers, mut count) = (Vec::new(), Vec::new(), 0);
        self.within(settings, &mut |office| due = outbox::due(office.records, office.moment.now))?;
        let Some(ledger) = self.ledger.as_ref().filter(|_| !due.is_empty()) else { return Ok(false) };
        for post in &due {
            count += post.messages.len();
            answers.push(tell(ledger, &post.to, &post.messages).await.unwrap_or_default());
        }
        self.within(settings, &mut |office| {
            for (post, answers) in due.iter().zip(&answers) {
                outbox::returned(office.records, post, answers, office.moment.now);
            }
        })?;
        Ok(count >= outbox::MOST)
    }

    /// Lets the actor work on its records: all that it writes is kept, or nothing.
    fn within(&self, settings: &Settings, work: &mut dyn FnMut(&mut Office<'_>)) -> Result<(), JsValue> {
        let storage = self.state.storage();
        // Away as long as it is not known whether it is true.
        let mut memo = self.memo.take();
        storage.transaction_sync(&mut || {
            let mut stored = Stored::new(storage.kv());
            let mut records = Remembered::new(&mut memo, &mut stored);
            let moment = Moment { now: now(), entropy: entropy() };
            work(&mut Office { records: &mut records, settings, moment });
            records.end();
            stored.end().map(|()| JsValue::UNDEFINED)
        })?;
        self.memo.replace(memo);
        Ok(())
    }

    async fn set_alarm(&self, settings: &Settings, actor: &dyn Actor) -> Result<(), JsValue> {
        // What comes within this time is dealt with at one go.
        let soonest = now().after(GATHERING);
        if self.is_ringing.get() || self.alarm.get().is_some_and(|set| set <= soonest) {
            return Ok(());
        }
        let mut at = None;
        self.within(settings, &mut |office| at = wakes(actor, office))?;
        let wakes = at.map(|at| at.max(soonest));
        // One that rings too early costs nothing: then nothing is due, and it is set anew.
        let Some(at) = wakes.filter(|at| self.alarm.get().is_none_or(|set| *at < set)) else {
            return Ok(());
        };
        self.alarm.set(Some(at));
        #[expect(clippy::cast_precision_loss, reason = "milliseconds are exact for the next 280,000 years")]
        let at = at.as_millis() as f64;
        JsFuture::from(self.state.storage().set_alarm(at)?).await.map(drop)
    }

    async fn run(&self, settings: &Settings, errand: Errand) -> Transported {
        match errand {
            Errand::Api { region, request } => match settings.account_in(region) {
                Some(account) => transport::send(account, &request, settings.api_timeout).await,
                None => Err(TransportError::unreachable("no account of this region")),
            },
            Errand::Post { url, headers, body } => {
                transport::post(&url, &headers, &body, settings.api_timeout).await
            }
            Errand::Tell { actor, message } => {
                let Some(ledger) = &self.ledger else {
                    return Err(TransportError::unreachable("no ledger is bound"));
                };
                match tell(ledger, &actor, &[message]).await {
                    Ok(mut answers) => {
                        let answer = answers.pop().unwrap_or_default();
                        let status = if answer.is_empty() { 400 } else { 200 };
                        Ok(ApiResponse::new(status, answer.into_bytes(), |_| None))
                    }
                    Err(error) => Err(TransportError::interrupted(&words(&error))),
                }
            }
        }
    }
}
