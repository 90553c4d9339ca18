//! The handler: settings that were checked once, and the claims of this process.

use core::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::{error::error, json::Object, mailbox::Mailbox, pairs::Pairs, work::Work};
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
    /// Reads and checks all settings: official names and values with NUL between them.
    ///
    /// An error has the code `invalid_setting` and the name of the setting as `setting`.
    #[wasm_bindgen(constructor)]
    pub fn new(settings: &str) -> Result<Self, JsValue> {
        let settings = Settings::read(|name| Pairs(settings).value(name)).map_err(|cause| {
            let mut thrown = error("invalid_setting", &cause);
            thrown.text("setting", cause.name());
            JsValue::from_str(&thrown.end())
        })?;
        Ok(Self(Rc::new(Inner { settings, ledger: RefCell::default() })))
    }

    /// Takes in a callback that came to `url`; `headers` are names and values with NUL between them.
    #[must_use]
    pub fn deliver(&self, url: String, headers: &str) -> Work {
        let headers = Pairs(headers);
        let arrival = Arrival {
            url,
            signature: headers.value("Upstash-Signature"),
            region: headers.value("Upstash-Region"),
        };
        let headers = CallbackHeaders::read(|name| headers.value(name));
        let inner = Rc::clone(&self.0);
        let mailbox = Rc::new(Mailbox::new(inner.settings.api_timeout));
        let theirs = Rc::clone(&mailbox);
        Work::recovery(theirs, Box::pin(async move { inner.answer(&arrival, headers, &mailbox).await }))
    }
}

impl Inner {
    async fn answer(&self, arrival: &Arrival, headers: CallbackHeaders, mailbox: &Mailbox) -> String {
        let host = JsHost::new(&self.ledger, mailbox);
        let conclusion = self.recover(arrival, headers, mailbox, &host).await;
        let log = LogLine::new(&conclusion, host.timings());
        to_json(&Reply::from(&conclusion), &log)
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
fn to_json(reply: &Reply, log: &LogLine) -> String {
    let mut json = Object::new();
    json.number("status", reply.status.into());
    json.open("headers", '{');
    json.text("Content-Type", "application/json");
    if let Some(seconds) = reply.retry_after {
        json.number("Retry-After", seconds);
    }
    if reply.non_retryable {
        json.text("Upstash-NonRetryable-Error", "true");
    }
    json.close('}');
    json.text("body", &reply.body).raw("log", &log.json).flag("isError", log.is_error);
    json.end()
}
