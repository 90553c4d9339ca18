//! Which entries a call means.

use super::super::api::ApiError;
use super::super::run::Run;
use super::Failure;

/// Selectors of the DLQ calls; absent ones select everything.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    from: Option<u64>,
    to: Option<u64>,
    workflow_url: Option<String>,
    run_id: Option<String>,
    created_at: Option<u64>,
    labels: Vec<String>,
    caller_ip: Option<String>,
    flow_key: Option<String>,
    callback_state: Option<String>,
    url: Option<String>,
    response_status: Option<u16>,
    message_id: Option<String>,
}

impl Filter {
    /// Takes over one query parameter. `Ok(false)` if there is no such filter.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<bool, ApiError> {
        match name {
            "fromDate" => self.from = Some(number(name, value)?),
            "toDate" => self.to = Some(number(name, value)?),
            "workflowUrl" => self.workflow_url = Some(value.to_owned()),
            "workflowRunId" => self.run_id = Some(value.to_owned()),
            "workflowCreatedAt" => self.created_at = Some(number(name, value)?),
            "label" => self.labels.extend(value.split(',').map(|label| label.trim().to_owned())),
            "callerIp" | "callerIP" => self.caller_ip = Some(value.to_owned()),
            "flowControlKey" => self.flow_key = Some(value.to_owned()),
            // Older documents use the second name.
            "failureFunctionState" | "failureCallbackState" => {
                self.callback_state = Some(value.to_owned());
            }
            "url" => self.url = Some(value.to_owned()),
            "responseStatus" => {
                self.response_status = Some(u16::try_from(number(name, value)?).unwrap_or(u16::MAX));
            }
            "messageId" => self.message_id = Some(value.to_owned()),
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(super) fn matches(&self, run: &Run, failure: &Failure) -> bool {
        let failed_at = failure.failed_at.millis();
        let state = failure.callback.as_ref().map(|callback| callback.state.as_str());
        let flow_key = run.settings.flow.as_ref().map(|flow| flow.key.as_str());
        let has_label = |label: &String| run.settings.labels.contains(label);
        self.from.is_none_or(|from| failed_at >= from)
            && self.to.is_none_or(|to| failed_at <= to)
            && is(self.workflow_url.as_ref(), &run.url)
            // Older documents allow the beginning of an id.
            && self.run_id.as_ref().is_none_or(|id| run.id.starts_with(id))
            && self.created_at.is_none_or(|at| run.created_at.millis() == at)
            && (self.labels.is_empty() || self.labels.iter().any(has_label))
            && is(self.caller_ip.as_ref(), &run.settings.caller_ip)
            && self.flow_key.as_deref().is_none_or(|key| flow_key == Some(key))
            && self.callback_state.as_deref().is_none_or(|wanted| state == Some(wanted))
            && is(self.url.as_ref(), &failure.message.url)
            && self.response_status.is_none_or(|status| failure.answer.status == status)
            && is(self.message_id.as_ref(), &failure.message.id)
    }
}

fn is(wanted: Option<&String>, actual: &str) -> bool {
    wanted.is_none_or(|wanted| wanted == actual)
}

fn number(name: &str, value: &str) -> Result<u64, ApiError> {
    value.parse().map_err(|_| ApiError::bad_request(format!("invalid {name}: expected a whole number")))
}
