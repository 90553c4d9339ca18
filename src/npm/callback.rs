//! Failure callbacks as plain objects.

use js_sys::{Array, Function, Object};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::{
    error::js_error,
    object::{millis, object, timestamp},
    wire::look_up,
};
use crate::{
    callback::{CallbackHeaders, Failure, FailureReader},
    time::Timestamp,
};

/// Reads the failure callback of `body`; `header` looks up request headers, `now` (epoch milliseconds) dates those that
/// ask for a pause. The signature is not looked at.
#[wasm_bindgen(js_name = parseFailureCallback)]
pub fn parse_failure_callback(body: &[u8], header: &Function, now: f64) -> Result<Object, JsValue> {
    let now =
        timestamp(now).ok_or_else(|| js_error("invalid_argument", "`now` must be epoch milliseconds"))?;
    let failure = read(body, CallbackHeaders::read(|name| look_up(header, name)), now)?;
    Ok(to_object(&failure))
}

pub(super) fn read(body: &[u8], headers: CallbackHeaders, now: Timestamp) -> Result<Failure, JsValue> {
    let mut reader = FailureReader::new(headers);
    reader.push(body);
    reader.finish(now).map_err(|error| js_error(error.code(), &error.to_string()))
}

fn to_object(failure: &Failure) -> Object {
    let labels: Array = failure.labels.iter().map(|label| JsValue::from_str(label)).collect();
    let error = failure.error.as_ref();
    object([
        ("workflowRunId", failure.run_id.as_str().into()),
        ("dlqId", text(failure.dlq_id.as_ref())),
        ("workflowUrl", failure.workflow_url.as_str().into()),
        ("status", failure.status.into()),
        ("errorName", text(error.and_then(|error| error.name.as_ref()))),
        ("errorMessage", text(error.map(|error| &error.message))),
        ("stepName", text(failure.step_name.as_ref())),
        ("labels", labels.into()),
        ("retryAt", failure.retry_hint.map_or(JsValue::UNDEFINED, |hint| millis(hint.until()))),
        ("retried", number(failure.retried)),
        ("maxRetries", number(failure.max_retries)),
        ("sourceMessageId", text(failure.source_message_id.as_ref())),
        ("createdAt", failure.created_at.map_or(JsValue::UNDEFINED, millis)),
        ("workflowCreatedAt", failure.workflow_created_at.map_or(JsValue::UNDEFINED, millis)),
        ("callbackMessageId", text(failure.callback_message_id.as_ref())),
        ("callbackRetried", number(failure.callback_retried)),
    ])
}

fn text(text: Option<&impl AsRef<str>>) -> JsValue {
    text.map_or(JsValue::UNDEFINED, |text| text.as_ref().into())
}

fn number(number: Option<u32>) -> JsValue {
    number.map_or(JsValue::UNDEFINED, JsValue::from)
}
