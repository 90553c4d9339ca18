//! Which entries a call means: criteria that an entry must meet.

use core::fmt;
use core::net::IpAddr;

use super::entry::{CallbackState, Entry};
use super::flow_control::FlowControlKey;
use super::label::Label;
use super::request::ApiRequest;
use crate::http_url::HttpUrl;
use crate::ids::RunId;
use crate::time::Timestamp;

/// At least one criterion. Values of one criterion are alternatives; an entry must meet every criterion (source:
/// Upstash Workflow OpenAPI).
///
/// There is no empty filter: the service takes it for "every entry". Who means that says [`Selection::All`].
///
/// ```
/// use workflow_redrive::dlq::{Filter, InvalidFilterError, Label};
///
/// let filter = Filter::builder().label(Label::new("orders").unwrap()).build().unwrap();
/// assert_eq!(Filter::builder().build(), Err(InvalidFilterError::Empty));
/// # let _ = filter;
/// ```
///
/// [`Selection::All`]: super::Selection::All
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter(FilterBuilder);

/// Collects the criteria of a [`Filter`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a builder does nothing until it is built"]
pub struct FilterBuilder {
    workflow_urls: Vec<HttpUrl>,
    run_id: Option<RunId>,
    workflow_created_at: Option<Timestamp>,
    labels: Vec<Label>,
    callback_states: Vec<CallbackState>,
    caller_ips: Vec<String>,
    flow_control_keys: Vec<FlowControlKey>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl Filter {
    /// A filter without criteria yet.
    pub fn builder() -> FilterBuilder {
        FilterBuilder::default()
    }

    /// Whether an entry meets the criteria, as far as entries show what is asked for: workflow URL, run, creation
    /// time, labels and callback state.
    ///
    /// The run must be the very one: the service's own filter was documented as "id or prefix" once, so that
    /// `wfr_1` may bring `wfr_10` along.
    #[must_use]
    pub fn matches(&self, entry: &Entry) -> bool {
        let wanted = &self.0;
        let is_one_of = |urls: &[HttpUrl], url: &str| urls.iter().any(|wanted| wanted.as_str() == url);
        (wanted.workflow_urls.is_empty()
            || entry.workflow_url.as_ref().is_some_and(|url| is_one_of(&wanted.workflow_urls, url)))
            && (wanted.run_id.is_none() || wanted.run_id == entry.run_id)
            && (wanted.workflow_created_at.is_none()
                || wanted.workflow_created_at == entry.workflow_created_at)
            // Some answers carry the first label only.
            && (wanted.labels.is_empty()
                || entry.labels.len() == 1
                || wanted.labels.iter().any(|label| entry.labels.iter().any(|has| has == label.as_str())))
            && (wanted.callback_states.is_empty()
                || entry.callback_state.is_some_and(|state| wanted.callback_states.contains(&state)))
    }

    /// Appends the criteria, a list as one parameter for each value, as the official SDK sends them.
    pub(super) fn write_to(&self, mut request: ApiRequest) -> ApiRequest {
        let wanted = &self.0;
        for url in &wanted.workflow_urls {
            request = request.with_parameter("workflowUrl", url.as_str());
        }
        if let Some(run_id) = &wanted.run_id {
            request = request.with_parameter("workflowRunId", run_id.as_str());
        }
        for label in &wanted.labels {
            request = request.with_parameter("label", label.as_str());
        }
        for state in &wanted.callback_states {
            request = request.with_parameter("failureFunctionState", state.as_wire().unwrap_or_default());
        }
        for ip in &wanted.caller_ips {
            request = request.with_parameter("callerIp", ip);
        }
        for key in &wanted.flow_control_keys {
            request = request.with_parameter("flowControlKey", key.as_str());
        }
        let moments = [
            ("workflowCreatedAt", wanted.workflow_created_at),
            ("fromDate", wanted.from),
            ("toDate", wanted.to),
        ];
        for (name, moment) in moments {
            if let Some(moment) = moment {
                request = request.with_parameter(name, &moment.as_millis().to_string());
            }
        }
        request
    }
}

impl FilterBuilder {
    /// Entries of this target; several are alternatives.
    pub fn workflow_url(mut self, url: HttpUrl) -> Self {
        self.workflow_urls.push(url);
        self
    }

    /// The entry of this run. The last one said counts.
    pub fn run_id(mut self, run_id: RunId) -> Self {
        self.run_id = Some(run_id);
        self
    }

    /// Entries of runs created at this millisecond. The last one said counts.
    pub const fn workflow_created_at(mut self, moment: Timestamp) -> Self {
        self.workflow_created_at = Some(moment);
        self
    }

    /// Entries with this label; several are alternatives.
    pub fn label(mut self, label: Label) -> Self {
        self.labels.push(label);
        self
    }

    /// Entries whose failure callback is in this state; several are alternatives.
    pub fn callback_state(mut self, state: CallbackState) -> Self {
        self.callback_states.push(state);
        self
    }

    /// Entries of runs that were published from this address, as the entry spells it; several are alternatives.
    pub fn caller_ip(mut self, ip: impl Into<String>) -> Self {
        self.caller_ips.push(ip.into());
        self
    }

    /// Entries of runs under this flow control key; several are alternatives.
    pub fn flow_control_key(mut self, key: FlowControlKey) -> Self {
        self.flow_control_keys.push(key);
        self
    }

    /// Entries from this moment on, it included.
    pub const fn from(mut self, moment: Timestamp) -> Self {
        self.from = Some(moment);
        self
    }

    /// Entries up to this moment, it included.
    pub const fn to(mut self, moment: Timestamp) -> Self {
        self.to = Some(moment);
        self
    }

    /// The filter, if there is at least one criterion and the service can only read it as it was meant.
    pub fn build(self) -> Result<Filter, InvalidFilterError> {
        if self == Self::default() {
            return Err(InvalidFilterError::Empty);
        }
        let comma = |text: &str| text.contains(',');
        if self.workflow_urls.iter().any(|url| comma(url.as_str()))
            || self.run_id.as_ref().is_some_and(|id| comma(id.as_str()))
        {
            return Err(InvalidFilterError::Comma);
        }
        if self.callback_states.iter().any(|state| state.as_wire().is_none()) {
            return Err(InvalidFilterError::CallbackState);
        }
        if self.caller_ips.iter().any(|ip| ip.parse::<IpAddr>().is_err()) {
            return Err(InvalidFilterError::CallerIp);
        }
        match (self.from, self.to) {
            (Some(from), Some(to)) if from > to => Err(InvalidFilterError::Dates),
            _ => Ok(Filter(self)),
        }
    }
}

/// Why criteria are no [`Filter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidFilterError {
    /// [`CallbackState::Unknown`] has no name on the wire.
    CallbackState,
    /// Not an IPv4 or IPv6 address.
    CallerIp,
    /// The service reads a comma as "or", so that the filter would select entries that nobody meant.
    Comma,
    /// The beginning is later than the end.
    Dates,
    /// No criterion at all.
    Empty,
}

impl fmt::Display for InvalidFilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CallbackState => {
                "bad callback state in a DLQ filter; accepted are in progress, success, failed and canceled"
            }
            Self::CallerIp => "bad caller IP in a DLQ filter; accepted are IPv4 and IPv6 addresses",
            Self::Comma => {
                "a comma in a workflow URL or run id of a DLQ filter, which the service would read as `or`; accepted \
                 are values without one"
            }
            Self::Dates => "a DLQ filter that begins after its end; accepted is a beginning up to the end",
            Self::Empty => {
                "an empty DLQ filter, which would select every entry; accepted are one or more criteria, or `all` said \
                 in so many words"
            }
        })
    }
}

impl core::error::Error for InvalidFilterError {}
