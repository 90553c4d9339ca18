//! The Durable Object: keeps an actor alive, runs its errands and rings its alarm.

use core::{cell::Cell, time::Duration};
use std::rc::Rc;

use js_sys::Promise;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Request, Response};
use worker::Env;

use super::{Namespace, js::State, records::Stored, role, tell};
use crate::{
    dlq::{ApiResponse, TransportError, Transported},
    durable::{Actor, Errand, Office, Records},
    http_url::percent_decode,
    js_host::{entropy, now},
    recovery::{Moment, Reply},
    settings::{Settings, SettingsError},
    text::{self, said},
    time::Timestamp,
    worker::{ledger::bound, promise, respond::respond, settings::read_settings, transport},
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
        Self(Rc::new(Desk { state, settings, ledger, alarm: Cell::default(), is_ringing: Cell::default() }))
    }

    /// Passes a message on to the actor of the path, and answers with what it says.
    pub fn fetch(&self, request: Request) -> Promise {
        let desk = Rc::clone(&self.0);
        promise(async move { desk.hear(&request).await.map(JsValue::from) })
    }

    /// Runs what is due.
    pub fn alarm(&self) -> Promise {
        let desk = Rc::clone(&self.0);
        promise(async move { desk.ring().await.map(|()| JsValue::UNDEFINED) })
    }
}

impl Desk {
    async fn hear(&self, request: &Request) -> Result<Response, JsValue> {
        let name = percent_decode(last_segment(&request.url())).unwrap_or_default();
        let message = JsFuture::from(request.text()?).await?.as_string().unwrap_or_default();
        let (Some(actor), Ok(settings)) = (role(&name), &self.settings) else {
            return respond(&Reply::error(404, "no_actor", "no such actor, or the settings are not good"));
        };
        let heard = self.within(settings, &mut |office| {
            if office.records.get(NAME).as_deref() != Some(&name) {
                office.records.put(NAME, &name);
            }
            actor.told(office, &message)
        })?;
        self.set_alarm(settings, actor).await?;
        match heard {
            Ok(answer) => respond(&Reply::new(200, answer)),
            Err(error) => respond(&Reply::error(400, "unheard", &said(&error))),
        }
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
            let Some(errand) = self.within(settings, &mut |office| actor.errand(office))? else { break };
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

    /// Lets the actor work on its records: all that it writes is kept, or nothing.
    fn within<T>(
        &self,
        settings: &Settings,
        work: &mut dyn FnMut(&mut Office<'_>) -> T,
    ) -> Result<T, JsValue> {
        let storage = self.state.storage();
        let mut done = None;
        storage.transaction_sync(&mut || {
            let mut records = Stored::new(self.state.storage().kv());
            let moment = Moment { now: now(), entropy: entropy() };
            done = Some(work(&mut Office { records: &mut records, settings, moment }));
            records.end().map(|()| JsValue::UNDEFINED)
        })?;
        done.ok_or(JsValue::UNDEFINED)
    }

    async fn set_alarm(&self, settings: &Settings, actor: &dyn Actor) -> Result<(), JsValue> {
        if self.is_ringing.get() {
            return Ok(());
        }
        let wakes = self.within(settings, &mut |office| actor.wakes(office))?;
        // What comes within this time is dealt with at one go.
        let wakes = wakes.map(|at| at.max(now().after(GATHERING)));
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
                match tell(ledger, &actor, &message).await {
                    Ok(answer) => Ok(ApiResponse::new(200, answer.into_bytes(), |_| None)),
                    Err(error) => Err(TransportError::interrupted(&transport::words(&error))),
                }
            }
        }
    }
}

fn last_segment(url: &str) -> &str {
    text::parts(url, b'/').last().unwrap_or_default()
}
