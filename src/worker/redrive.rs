//! The handler to mount in a Worker.

use wasm_bindgen::JsValue;
use worker::{Env, web_sys};

use super::{
    analytics::Analytics, body, books::Books, console, host::Runtime, operator, respond::respond,
    settings::read_settings, sweep,
};
use crate::{
    callback::{CallbackHeaders, FailureReader},
    recovery::{Admission, Arrival, Conclusion, DataPoint, LogLine, Reply},
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
pub struct Redrive {
    settings: Result<Settings, SettingsError>,
    ledger: Books,
    analytics: Analytics,
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
        Self { settings, ledger, analytics: Analytics::of(env) }
    }

    /// What is wrong with the settings, if anything.
    pub fn settings(&self) -> Result<&Settings, SettingsError> {
        self.settings.as_ref().map_err(Clone::clone)
    }

    /// Deals with one failure callback, from its signature to the answer for QStash, and logs one line.
    ///
    /// The request is taken as it came: route by path and method before.
    pub async fn callback(&self, request: &web_sys::Request) -> worker::Result<web_sys::Response> {
        Ok(self.answer(request).await?)
    }

    /// The same with the runtime's own error.
    pub(super) async fn answer(&self, request: &web_sys::Request) -> Result<web_sys::Response, JsValue> {
        let (reply, log) = match &self.settings {
            Ok(settings) => {
                let runtime = Runtime::new(&self.ledger, settings, Some(request));
                let conclusion = recover(settings, request, &runtime).await;
                let timings = runtime.timings();
                self.analytics.write(|| DataPoint::new(&conclusion, timings));
                let log = LogLine::new(&conclusion, timings);
                (Reply::from(&conclusion), log)
            }
            Err(error) => (Reply::misconfigured(error), LogLine::misconfigured(error)),
        };
        self::log(log.is_error, &log.json);
        respond(&reply)
    }

    /// Makes a sweep of every account, for a cron trigger, and logs one line for each: finds failed runs whose callback
    /// failed or never came, and deals with them as with a callback. It needs the ledger and `PUBLIC_URL`.
    pub async fn sweep(&self) {
        sweep::by_the_clock(self.settings.as_ref(), &self.ledger).await;
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
        let settings = self.settings.as_ref();
        match sweep::answer(settings, &self.ledger, request).await? {
            None => console::answer(settings, &self.ledger, request).await,
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
        operator::operate(self.settings.as_ref(), request).await
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

/// 1. The token, before a byte of the body. 2. The body, hashed and read side by side. 3. Everything else.
async fn recover(settings: &Settings, request: &web_sys::Request, runtime: &Runtime<'_>) -> Conclusion {
    let headers = request.headers();
    // Reading a header fails only for names that are none.
    let header = |name: &str| headers.get(name).ok().flatten();
    let arrival = Arrival {
        url: request.url(),
        signature: header("Upstash-Signature"),
        region: header("Upstash-Region"),
    };
    let admission = match Admission::check(settings, &arrival, runtime.started()) {
        Ok(admission) => admission,
        Err(refusal) => return Conclusion::refused(refusal),
    };
    let mut reader = FailureReader::new(CallbackHeaders::read(header));
    match body::read(request, admission.max_body_bytes(), &mut reader, &runtime.body).await {
        Ok(digest) => {
            let failure = reader.finish(runtime.started());
            admission.recover(&settings.policy, digest, failure, runtime).await
        }
        Err(refusal) => Conclusion::refused(refusal),
    }
}
