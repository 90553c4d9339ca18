//! The handler to mount in a Worker.

use std::rc::Rc;

use js_sys::Promise;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use worker::{Env, web_sys};

use super::{
    analytics::Analytics,
    arrived::Arrived,
    books::Books,
    console,
    delivery::Delivery,
    operator,
    respond::respond,
    runtime::{all_headers, arrival, deliver},
    settings::read_settings,
    sweep,
};
use crate::{
    recovery::{Journal, LogLine, Reply},
    settings::{Settings, SettingsError},
};

/// Workflow Redrive in one isolate: its settings, and the claims that it remembers.
///
/// Make one for each isolate and keep it: settings are parsed once, and a second delivery of a callback that meets the
/// same isolate gets the first one's answer.
///
/// ```no_run
/// use std::cell::OnceCell;
/// use workflow_redrive::worker::Redrive;
///
/// async fn fetch(request: worker::Request, env: worker::Env) -> worker::Result<worker::Response> {
///     thread_local!(static REDRIVE: OnceCell<&'static Redrive> = const { OnceCell::new() });
///     let redrive = REDRIVE.with(|cell| *cell.get_or_init(|| Box::leak(Box::new(Redrive::new(&env)))));
///     match request.path().as_str() {
///         "/workflow-failed" => Ok(redrive.callback(request.inner()).await?.into()),
///         _ => worker::Response::error("not found", 404),
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Redrive(Rc<Shared>);

/// What the deliveries of an isolate share.
#[derive(Debug)]
pub(super) struct Shared {
    settings: Result<Settings, SettingsError>,
    pub(super) ledger: Books,
    pub(super) analytics: Analytics,
    pub(super) journal: Journal,
}

impl Shared {
    pub(super) const fn settings(&self) -> Result<&Settings, &SettingsError> {
        self.settings.as_ref()
    }
}

impl Redrive {
    /// Reads the settings from the Worker's bindings. Bad settings are not an error here: they are logged once, and
    /// every callback is answered 500 with the name of the setting, so that QStash delivers it again.
    #[must_use]
    pub fn new(env: &Env) -> Self {
        let ledger = Books::of(env);
        let settings = match (read_settings(env), &ledger) {
            (Ok(settings), Books::Memory(_)) => settings.without_ledger(),
            (settings, _) => settings,
        };
        let odd = match &settings {
            Ok(settings) => LogLine::policy_warnings(&settings.policy.warnings()),
            Err(error) => Some(LogLine::misconfigured(error)),
        };
        if let Some(line) = odd {
            log(true, &line.json);
        }
        Self(Rc::new(Shared { settings, ledger, analytics: Analytics::of(env), journal: Journal::default() }))
    }

    /// What is wrong with the settings, if anything.
    pub fn settings(&self) -> Result<&Settings, SettingsError> {
        self.0.settings().map_err(Clone::clone)
    }

    /// Deals with one failure callback, from its signature to the answer for QStash, and logs one line.
    ///
    /// The request is taken as it came: route by path and method before.
    pub async fn callback(&self, request: &web_sys::Request) -> worker::Result<web_sys::Response> {
        let texts = arrival(request);
        let (_, arrived) = Arrived::read(&texts);
        let response = JsFuture::from(Promise::resolve(&self.deliver(request, &arrived)?)).await?;
        Ok(response.unchecked_into())
    }

    /// The same for a callback that was looked at already: its response, or a promise of it.
    pub(super) fn deliver(
        &self,
        request: &web_sys::Request,
        arrived: &Arrived<'_>,
    ) -> Result<JsValue, JsValue> {
        let settings = match self.0.settings() {
            Ok(settings) => settings,
            Err(error) => {
                let line = LogLine::misconfigured(error);
                log(line.is_error, &line.json);
                return Ok(respond(&Reply::misconfigured(error))?.into());
            }
        };
        let mut delivery = Delivery::new(&self.0, settings, arrived);
        if !settings.policy.relay.is_empty() {
            delivery = delivery.with_headers(all_headers(request));
        }
        deliver(delivery, request)
    }

    /// Makes a sweep of every account, for a cron trigger, and logs one line for each: finds failed runs whose callback
    /// failed or never came, and deals with them as with a callback. It needs the ledger and `PUBLIC_URL`.
    pub async fn sweep(&self) {
        sweep::by_the_clock(self.0.settings(), &self.0.ledger).await;
    }

    /// Answers a request of the [console](crate::console), whose paths all begin with `/v1/`. `None` where no
    /// `ADMIN_TOKEN` is set: answer as for any path that is not there.
    pub async fn console(&self, request: &web_sys::Request) -> worker::Result<Option<web_sys::Response>> {
        Ok(self.inquire(request).await?)
    }

    /// The same with the runtime's own error.
    pub(super) async fn inquire(
        &self,
        request: &web_sys::Request,
    ) -> Result<Option<web_sys::Response>, JsValue> {
        let (settings, ledger) = (self.0.settings(), &self.0.ledger);
        match sweep::answer(settings, ledger, request).await? {
            None => console::answer(settings, ledger, request).await,
            answer => Ok(answer),
        }
    }

    /// Answers a request of the [operator API](crate::operator), whose paths all begin with `/v2/`. `None` where no
    /// `ADMIN_TOKEN` is set: answer as for any path that is not there.
    pub async fn operate(&self, request: &web_sys::Request) -> worker::Result<Option<web_sys::Response>> {
        Ok(self.operator(request).await?)
    }

    /// The same with the runtime's own error.
    pub(super) async fn operator(
        &self,
        request: &web_sys::Request,
    ) -> Result<Option<web_sys::Response>, JsValue> {
        operator::operate(self.0.settings(), request).await
    }
}

pub(super) fn log(is_error: bool, line: &str) {
    let line = JsValue::from_str(line);
    if is_error {
        web_sys::console::error_1(&line);
    } else {
        web_sys::console::log_1(&line);
    }
}
