//! Calls of the DLQ API: the request as a value, and what its answer means.

use core::fmt;

use js_sys::{Function, Object};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::{
    error::{error_with, js_error},
    object::{millis, object, timestamp},
    wire::{answer, fault, outgoing},
};
use crate::{
    dlq::{ApiError, Call, Created, DeleteEntry, GetEntry, Overrides, Restart, Resume, Transported},
    http_url::HttpUrl,
    ids::DlqId,
    json::{Table, TableError},
    settings::{DEFAULT_URL, Token, base_url},
};

/// An account of the DLQ API.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Api {
    token: Token,
    base_url: HttpUrl,
}

#[wasm_bindgen]
impl Api {
    /// Checks token and address. Default address: `https://qstash.upstash.io`.
    #[wasm_bindgen(constructor)]
    pub fn new(token: String, url: Option<String>) -> Result<Self, JsValue> {
        let token = Token::read("`token`", token).map_err(|error| invalid(&error))?;
        let base_url =
            base_url("`baseUrl`", url.as_deref().unwrap_or(DEFAULT_URL)).map_err(|error| invalid(&error))?;
        Ok(Self { token, base_url })
    }

    /// Goes on with a failed run; `overrides` is a JSON object as in a policy.
    pub fn resume(&self, dlq_id: String, overrides: &str) -> Result<ApiCall, JsValue> {
        let call = Resume::new(id(dlq_id)?, read_overrides(overrides)?);
        Ok(self.call(&call, Kind::Resume(call.clone())))
    }

    /// Begins a failed run anew; `overrides` is a JSON object as in a policy.
    pub fn restart(&self, dlq_id: String, overrides: &str) -> Result<ApiCall, JsValue> {
        let call = Restart::new(id(dlq_id)?, read_overrides(overrides)?);
        Ok(self.call(&call, Kind::Restart(call.clone())))
    }

    /// Reads an entry.
    pub fn get(&self, dlq_id: String) -> Result<ApiCall, JsValue> {
        let call = GetEntry::new(id(dlq_id)?);
        Ok(self.call(&call, Kind::Get(call.clone())))
    }

    /// Removes an entry.
    pub fn delete(&self, dlq_id: String) -> Result<ApiCall, JsValue> {
        let call = DeleteEntry::new(id(dlq_id)?);
        Ok(self.call(&call, Kind::Delete(call.clone())))
    }

    fn call(&self, call: &impl Call, kind: Kind) -> ApiCall {
        ApiCall { request: outgoing(&self.base_url, self.token.reveal(), &call.request()), kind }
    }
}

/// A call that is to be sent.
#[wasm_bindgen]
pub struct ApiCall {
    request: Object,
    kind: Kind,
}

enum Kind {
    Delete(DeleteEntry),
    Get(GetEntry),
    Restart(Restart),
    Resume(Resume),
}

#[wasm_bindgen]
impl ApiCall {
    /// `{method, url, headers}`.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn request(&self) -> Object {
        self.request.clone()
    }

    /// What an answer means: the created run of a resume or restart, and nothing more than success of the others.
    /// `header` looks up the answer's headers, `now` (epoch milliseconds) is when it came.
    pub fn finish(
        &self,
        status: u16,
        body: Vec<u8>,
        header: &Function,
        now: f64,
    ) -> Result<JsValue, JsValue> {
        self.read(Ok(answer(status, body, header)), now)
    }

    /// What it means that there is no answer; always an error.
    pub fn fail(&self, kind: &str, detail: &str, limit: f64) -> Result<JsValue, JsValue> {
        self.read(Err(fault(kind, detail, limit)), 0.0)
    }

    fn read(&self, transported: Transported, now: f64) -> Result<JsValue, JsValue> {
        let read = match &self.kind {
            Kind::Delete(call) => call.finish(transported).map(|()| JsValue::UNDEFINED),
            Kind::Get(call) => call.finish(transported).map(|_| JsValue::UNDEFINED),
            Kind::Restart(call) => call.finish(transported).map(|created| created_run(&created)),
            Kind::Resume(call) => call.finish(transported).map(|created| created_run(&created)),
        };
        read.map_err(|error| api_error(&error, now))
    }
}

impl fmt::Debug for ApiCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiCall").finish_non_exhaustive()
    }
}

fn id(dlq_id: String) -> Result<DlqId, JsValue> {
    DlqId::new(dlq_id).map_err(|error| invalid(&error))
}

fn read_overrides(json: &str) -> Result<Overrides, JsValue> {
    let table = Table::parse("the options", json).and_then(Overrides::from_table);
    table.map_err(|TableError(message)| js_error("invalid_argument", &message))
}

fn invalid(error: &dyn fmt::Display) -> JsValue {
    js_error("invalid_argument", &error.to_string())
}

fn created_run(created: &Created) -> JsValue {
    object([
        ("workflowRunId", created.run_id.as_str().into()),
        ("workflowCreatedAt", created.created_at.map_or(JsValue::UNDEFINED, millis)),
    ])
    .into()
}

/// `code` says what happened, `mayHaveBeenProcessed` whether the service may have acted all the same.
fn api_error(error: &ApiError, now: f64) -> JsValue {
    let status = match error {
        ApiError::BadRequest { .. } => Some(400),
        ApiError::NotFound { .. } => Some(404),
        ApiError::RateLimited(_) => Some(429),
        ApiError::Server { status, .. } | ApiError::Unexpected { status, .. } => Some(*status),
        ApiError::Unauthorized { .. } => Some(401),
        ApiError::Malformed { .. } | ApiError::Transport(_) => None,
    };
    let mut properties = vec![
        ("isTransient", error.is_transient().into()),
        ("mayHaveBeenProcessed", error.may_have_been_processed().into()),
    ];
    properties.extend(status.map(|status| ("status", status.into())));
    if let (ApiError::RateLimited(limit), Some(now)) = (error, timestamp(now)) {
        let wait = limit.retry_after(now).map(|wait| wait.as_secs_f64());
        properties.extend(wait.map(|wait| ("retryAfter", wait.into())));
        let [limit, remaining] = [limit.limit, limit.remaining].map(count);
        properties.extend(limit.map(|limit| ("limit", limit)));
        properties.extend(remaining.map(|remaining| ("remaining", remaining)));
    }
    error_with(error.code(), &error.to_string(), &properties)
}

#[expect(clippy::cast_precision_loss, reason = "requests per day are few")]
fn count(count: Option<u64>) -> Option<JsValue> {
    count.map(|count| (count as f64).into())
}
