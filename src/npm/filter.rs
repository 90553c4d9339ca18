//! Filters by the names of the official SDK.

use core::fmt::Display;

use wasm_bindgen::JsValue;

use super::error::js_error;
use super::pairs::Pairs;
use crate::{
    dlq::{CallbackState, Filter, FilterBuilder, FlowControlKey, Label, List, ListPath, Selection},
    http_url::HttpUrl,
    ids::RunId,
    time::{Timestamp, decimal},
};

/// The states that can be asked for.
pub(super) const NAMED_STATES: [CallbackState; 4] =
    [CallbackState::InProgress, CallbackState::Success, CallbackState::Failed, CallbackState::Canceled];

/// Criteria, several of a name as alternatives; none at all selects everything.
pub(super) fn read_selection(criteria: Pairs<'_>) -> Result<Selection, JsValue> {
    Ok(read(criteria).map_err(|message| refused(&message))?.0.map_or(Selection::All, Selection::Filter))
}

/// The same as a list, with the criteria that only lists take.
pub(super) fn read_list(criteria: Pairs<'_>) -> Result<List, JsValue> {
    let (filter, Legacy { url, response_status }) = read(criteria).map_err(|message| refused(&message))?;
    let mut list = filter.map_or(List::all(), List::matching).at(ListPath::Sdk);
    if let Some(url) = url {
        list = list.with_url(&url);
    }
    if let Some(status) = response_status {
        list = list.with_response_status(status);
    }
    Ok(list)
}

/// What only lists take.
#[derive(Default)]
pub(super) struct Legacy {
    url: Option<HttpUrl>,
    response_status: Option<u16>,
}

/// A filter, where there is any criterion of one.
pub(super) fn read(criteria: Pairs<'_>) -> Result<(Option<Filter>, Legacy), String> {
    let (mut filter, mut legacy, mut is_all) = (Filter::builder(), Legacy::default(), true);
    for (name, value) in criteria.iter() {
        let refused = |error: &dyn Display| ["`filter.", name, "`: ", &error.to_string()].concat();
        match name {
            "url" => legacy.url = Some(HttpUrl::parse(value).map_err(|error| refused(&error))?),
            "responseStatus" => {
                legacy.response_status = decimal(value).and_then(|status| status.try_into().ok());
            }
            _ => {
                filter = add(filter, name, value, &refused)?;
                is_all = false;
            }
        }
    }
    if is_all {
        return Ok((None, legacy));
    }
    let filter = filter.build().map_err(|error| ["`filter`: ", &error.to_string()].concat())?;
    Ok((Some(filter), legacy))
}

fn add(
    filter: FilterBuilder,
    name: &str,
    value: &str,
    refused: &dyn Fn(&dyn Display) -> String,
) -> Result<FilterBuilder, String> {
    const STATES: &str =
        "accepted are CALLBACK_INPROGRESS, CALLBACK_SUCCESS, CALLBACK_FAIL and CALLBACK_CANCELED";
    let time = || match decimal(value) {
        Some(millis) => Ok(Timestamp::from_millis(millis)),
        None => Err(refused(&"accepted are a Date or epoch milliseconds")),
    };
    Ok(match name {
        "workflowUrl" => filter.workflow_url(HttpUrl::parse(value).map_err(|error| refused(&error))?),
        "workflowRunId" => filter.run_id(RunId::new(value).map_err(|error| refused(&error))?),
        "workflowCreatedAt" => filter.workflow_created_at(time()?),
        "label" => filter.label(Label::new(value).map_err(|error| refused(&error))?),
        "failureFunctionState" => {
            match NAMED_STATES.into_iter().find(|state| state.as_wire() == Some(value)) {
                Some(state) => filter.callback_state(state),
                None => return Err(refused(&STATES)),
            }
        }
        "callerIp" => filter.caller_ip(value),
        "flowControlKey" => {
            filter.flow_control_key(FlowControlKey::new(value).map_err(|error| refused(&error))?)
        }
        "fromDate" => filter.from(time()?),
        "toDate" => filter.to(time()?),
        _ => return Err(refused(&"no criterion")),
    })
}

fn refused(message: &str) -> JsValue {
    js_error("invalid_argument", message)
}
