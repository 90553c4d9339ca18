//! What criteria are called on the wire, and what they take.

use super::super::{entry::CallbackState, flow_control::FlowControlKey, label::Label};
use crate::{
    http_url::HttpUrl,
    ids::RunId,
    text::{Say, said},
    time::decimal,
};

pub(super) const CALLBACK_STATE: &str = "failureFunctionState";
pub(super) const CALLER_IP: &str = "callerIp";
pub(super) const CREATED_AT: &str = "workflowCreatedAt";
pub(super) const FLOW_CONTROL_KEY: &str = "flowControlKey";
pub(super) const FROM: &str = "fromDate";
pub(super) const LABEL: &str = "label";
pub(super) const RUN_ID: &str = "workflowRunId";
pub(super) const TO: &str = "toDate";
pub(super) const WORKFLOW_URL: &str = "workflowUrl";

/// What moments are in tables.
pub(super) const MOMENT: &str = "epoch milliseconds, and times such as 2026-05-29T14:12:51Z";

/// What criteria take, by their names.
pub(super) const CRITERIA: [(&str, Takes); 9] = [
    (CALLBACK_STATE, Takes::State),
    (CALLER_IP, Takes::Address),
    (CREATED_AT, Takes::Moment),
    (FLOW_CONTROL_KEY, Takes::FlowControlKey),
    (FROM, Takes::Moment),
    (LABEL, Takes::Label),
    (RUN_ID, Takes::RunId),
    (TO, Takes::Moment),
    (WORKFLOW_URL, Takes::Url),
];

/// What a criterion takes.
pub(super) enum Takes {
    /// Looked at in [`FilterBuilder::build`](super::FilterBuilder::build).
    Address,
    FlowControlKey,
    Label,
    /// The last one said counts.
    Moment,
    /// The last one said counts.
    RunId,
    State,
    Url,
}

impl Takes {
    /// What is wrong with a value, if anything is.
    pub(super) fn fault(&self, value: &str) -> Option<String> {
        let words = |error: &dyn Say| Some(said(error));
        match self {
            Self::Address => None,
            Self::FlowControlKey => words(&FlowControlKey::new(value).err()?),
            Self::Label => words(&Label::new(value).err()?),
            Self::Moment if decimal(value).is_some() => None,
            Self::Moment => Some("accepted are a Date or epoch milliseconds".to_owned()),
            Self::RunId => words(&RunId::new(value).err()?),
            Self::State if CallbackState::from_wire(value).as_wire() == Some(value) => None,
            Self::State => Some(
                "accepted are CALLBACK_INPROGRESS, CALLBACK_SUCCESS, CALLBACK_FAIL and CALLBACK_CANCELED"
                    .to_owned(),
            ),
            Self::Url => words(&HttpUrl::parse(value).err()?),
        }
    }
}
