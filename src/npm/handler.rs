//! The handler: settings that were checked once, and the claims of this process.

use core::cell::RefCell;
use std::rc::Rc;

use js_sys::{Function, Object};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::{
    error::error_with,
    mailbox::Mailbox,
    object::{object, set},
    wire::look_up,
    work::Work,
};
use crate::{
    callback::{CallbackHeaders, FailureReader},
    js_host::JsHost,
    recovery::{Admission, Arrival, Conclusion, LogLine, MemoryLedger, Reply},
    settings::Settings,
};

/// Workflow Redrive with its settings.
#[wasm_bindgen]
#[derive(Clone, Debug)]
pub struct Handler(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    ledger: RefCell<MemoryLedger>,
}

#[wasm_bindgen]
impl Handler {
    /// Reads and checks all settings; `lookup` gives the text behind the official name of each.
    ///
    /// An error has the code `invalid_setting` and the name of the setting as `setting`.
    #[wasm_bindgen(constructor)]
    pub fn new(lookup: &Function) -> Result<Self, JsValue> {
        let settings = Settings::read(|name| look_up(lookup, name)).map_err(|error| {
            error_with("invalid_setting", &error.to_string(), &[("setting", error.name().into())])
        })?;
        Ok(Self(Rc::new(Inner { settings, ledger: RefCell::default() })))
    }

    /// How long one call of the DLQ API may take, in milliseconds.
    #[wasm_bindgen(getter, js_name = apiTimeout)]
    #[must_use]
    pub fn api_timeout(&self) -> f64 {
        self.0.settings.api_timeout.as_secs_f64() * 1000.0
    }

    /// Takes in a callback that came to `url`; `header` looks up its request headers.
    #[must_use]
    pub fn deliver(&self, url: String, header: &Function) -> Work {
        let arrival = Arrival {
            url,
            signature: look_up(header, "Upstash-Signature"),
            region: look_up(header, "Upstash-Region"),
        };
        let headers = CallbackHeaders::read(|name| look_up(header, name));
        let (inner, mailbox) = (Rc::clone(&self.0), Rc::new(Mailbox::default()));
        let theirs = Rc::clone(&mailbox);
        Work::new(theirs, async move { Ok(inner.answer(&arrival, headers, &mailbox).await.into()) })
    }
}

impl Inner {
    async fn answer(&self, arrival: &Arrival, headers: CallbackHeaders, mailbox: &Mailbox) -> Object {
        let host = JsHost::new(&self.ledger, mailbox);
        let conclusion = self.recover(arrival, headers, mailbox, &host).await;
        let log = LogLine::new(&conclusion, host.timings());
        to_object(&Reply::from(&conclusion), log)
    }

    /// 1. The token, before a byte of the body. 2. The body, hashed and read side by side. 3. Everything else.
    async fn recover(
        &self,
        arrival: &Arrival,
        headers: CallbackHeaders,
        mailbox: &Mailbox,
        host: &JsHost<'_, &Mailbox>,
    ) -> Conclusion {
        let admission = match Admission::check(&self.settings, arrival, host.started()) {
            Ok(admission) => admission,
            Err(refusal) => return Conclusion::refused(refusal),
        };
        let reader = FailureReader::new(headers);
        match mailbox.body(reader, admission.max_body_bytes(), host.started()).await {
            Ok((digest, failure)) => admission.recover(digest, failure, host).await,
            Err(refusal) => Conclusion::refused(refusal),
        }
    }
}

/// `{status, headers, body, log, isError}`.
fn to_object(reply: &Reply, log: LogLine) -> Object {
    let headers = Object::new();
    set(&headers, "Content-Type", &"application/json".into());
    if let Some(seconds) = reply.retry_after {
        set(&headers, "Retry-After", &seconds.to_string().into());
    }
    if reply.non_retryable {
        set(&headers, "Upstash-NonRetryable-Error", &"true".into());
    }
    object([
        ("status", reply.status.into()),
        ("headers", headers.into()),
        ("body", reply.body.as_str().into()),
        ("log", log.json.into()),
        ("isError", log.is_error.into()),
    ])
}
