//! Which entries a call means.

use super::super::api::ApiError;
use super::super::run::Run;
use super::Failure;

/// Selectors of the DLQ calls; absent ones select everything. Lists are repeated or separated by commas, and their
/// values are alternatives. Source: Upstash Workflow OpenAPI.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    pub(super) from: Option<u64>,
    pub(super) to: Option<u64>,
    workflow_urls: Vec<String>,
    run_id: Option<String>,
    created_at: Option<u64>,
    labels: Vec<String>,
    caller_ips: Vec<String>,
    flow_keys: Vec<String>,
    callback_states: Vec<String>,
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
            "workflowUrl" => self.workflow_urls.extend(list(value)),
            "workflowRunId" => self.run_id = Some(value.to_owned()),
            "workflowCreatedAt" => self.created_at = Some(number(name, value)?),
            "label" => self.labels.extend(list(value)),
            "callerIp" | "callerIP" => self.caller_ips.extend(list(value)),
            "flowControlKey" => self.flow_keys.extend(list(value)),
            // Older documents use the second name.
            "failureFunctionState" | "failureCallbackState" => {
                self.callback_states.extend(list(value));
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
        let labels = run.settings.labels.iter().map(String::as_str);
        self.from.is_none_or(|from| failed_at >= from)
            && self.to.is_none_or(|to| failed_at <= to)
            && is_one(&self.workflow_urls, [run.url.as_str()])
            // Older documents allow the beginning of an id.
            && self.run_id.as_ref().is_none_or(|id| run.id.starts_with(id))
            && self.created_at.is_none_or(|at| run.created_at.millis() == at)
            && is_one(&self.labels, labels)
            && is_one(&self.caller_ips, [run.settings.caller_ip.as_str()])
            && is_one(&self.flow_keys, flow_key)
            && is_one(&self.callback_states, state)
            && is(self.url.as_ref(), &failure.message.url)
            && self.response_status.is_none_or(|status| failure.answer.status == status)
            && is(self.message_id.as_ref(), &failure.message.id)
    }
}

/// Whether one of the values is wanted, if any are.
fn is_one<'a>(wanted: &[String], actual: impl IntoIterator<Item = &'a str>) -> bool {
    wanted.is_empty() || actual.into_iter().any(|actual| wanted.iter().any(|wanted| wanted == actual))
}

fn list(value: &str) -> impl Iterator<Item = String> {
    value.split(',').map(|value| value.trim().to_owned())
}

fn is(wanted: Option<&String>, actual: &str) -> bool {
    wanted.is_none_or(|wanted| wanted == actual)
}

fn number(name: &str, value: &str) -> Result<u64, ApiError> {
    value.parse().map_err(|_| ApiError::bad_request(format!("invalid {name}: expected a whole number")))
}
