//! Filters by the names of the official SDK.

use core::str::FromStr;

use wasm_bindgen::JsValue;

use super::error::js_error;
use crate::{
    dlq::{CallbackState, Filter, FlowControlKey, Label},
    http_url::HttpUrl,
    ids::RunId,
    json::{Table, TableError},
    time::Timestamp,
};

/// The states that can be asked for.
pub(super) const NAMED_STATES: [CallbackState; 4] =
    [CallbackState::InProgress, CallbackState::Success, CallbackState::Failed, CallbackState::Canceled];

/// Reads a filter from a JSON object: texts or lists of texts, times as texts of epoch milliseconds.
pub(super) fn read_filter(json: &str) -> Result<Filter, JsValue> {
    read(json).map_err(|TableError(message)| js_error("invalid_argument", &["`filter`: ", &message].concat()))
}

pub(super) fn read(json: &str) -> Result<Filter, TableError> {
    const URLS: &str = "an absolute http or https URL or a list of these";
    const NAMES: &str = "a text of letters, digits, `-`, `_` and `.` or a list of these";
    const STATES: &str =
        "CALLBACK_INPROGRESS, CALLBACK_SUCCESS, CALLBACK_FAIL, CALLBACK_CANCELED or a list of these";
    const TIME: &str = "a Date or epoch milliseconds";

    let mut table = Table::parse("the filter", json)?;
    let mut filter = Filter::builder();
    for url in table.one_or_many::<HttpUrl>("workflowUrl", URLS)? {
        filter = filter.workflow_url(url);
    }
    if let Some(run_id) = table.text::<RunId>("workflowRunId", "a workflow run id")? {
        filter = filter.run_id(run_id);
    }
    if let Some(time) = table.text::<u64>("workflowCreatedAt", TIME)? {
        filter = filter.workflow_created_at(Timestamp::from_millis(time));
    }
    for label in table.one_or_many::<Text>("label", NAMES)? {
        let label = Label::new(label.0).map_err(|error| table.refused("label", &error))?;
        filter = filter.label(label);
    }
    for state in table.one_or_many::<Text>("failureFunctionState", STATES)? {
        let Some(known) = NAMED_STATES.into_iter().find(|known| known.as_wire() == Some(&state.0)) else {
            return Err(table.refused("failureFunctionState", &["accepted are ", STATES].concat()));
        };
        filter = filter.callback_state(known);
    }
    for ip in table.one_or_many::<Text>("callerIp", "an IP address or a list of these")? {
        filter = filter.caller_ip(ip.0);
    }
    for key in table.one_or_many::<Text>("flowControlKey", NAMES)? {
        let key = FlowControlKey::new(key.0).map_err(|error| table.refused("flowControlKey", &error))?;
        filter = filter.flow_control_key(key);
    }
    if let Some(time) = table.text::<u64>("fromDate", TIME)? {
        filter = filter.from(Timestamp::from_millis(time));
    }
    if let Some(time) = table.text::<u64>("toDate", TIME)? {
        filter = filter.to(Timestamp::from_millis(time));
    }
    table.end()?;
    filter.build().map_err(|error| TableError(error.to_string()))
}

/// Any text.
struct Text(String);

impl FromStr for Text {
    type Err = core::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}
