//! Which entries a call means: criteria that an entry must meet.

mod criteria;

use self::criteria::{
    CALLBACK_STATE, CALLER_IP, CREATED_AT, CRITERIA, FLOW_CONTROL_KEY, FROM, LABEL, MOMENT, RUN_ID, TO,
    Takes, WORKFLOW_URL,
};
use super::entry::{CallbackState, Entry};
use super::flow_control::FlowControlKey;
use super::label::Label;
use super::pairs::Pairs;
use super::request::ApiRequest;
use crate::http_url::{HttpUrl, is_ip_address};
use crate::ids::RunId;
use crate::json::Table;
use crate::text;
use crate::text::{Say, said};
use crate::time::{Timestamp, decimal, parse_wire_time};

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
pub struct Filter(Pairs);

/// Collects the criteria of a [`Filter`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a builder does nothing until it is built"]
pub struct FilterBuilder(Pairs);

/// The most values of all criteria together: they travel in one URL.
const MAX_VALUES: usize = 1000;

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
        // Values of one criterion stand side by side.
        let (mut criterion, mut is_met) = ("", true);
        for (name, value) in self.0.as_slice() {
            if *name != criterion {
                if !is_met {
                    return false;
                }
                (criterion, is_met) = (name, false);
            }
            is_met = is_met || shows(entry, name, value);
        }
        is_met
    }

    /// Takes the dates out: from when to when entries are meant, both included, in epoch milliseconds.
    pub(super) fn take_dates(&mut self) -> (u64, u64) {
        let dates = dates(&self.0);
        self.0.remove(FROM);
        self.0.remove(TO);
        dates
    }

    /// Appends the criteria, a list as one parameter for each value, as the official SDK sends them.
    pub(crate) fn write_to(&self, request: &mut ApiRequest) {
        for (name, value) in self.0.as_slice() {
            request.add(name, value);
        }
    }
}

/// From when to when entries are meant, both included, in epoch milliseconds.
fn dates(criteria: &Pairs) -> (u64, u64) {
    let moment = |name| criteria.get(name).and_then(decimal);
    (moment(FROM).unwrap_or(0), moment(TO).unwrap_or(u64::MAX))
}

/// Whether an entry has this value, or does not show whether it has.
fn shows(entry: &Entry, criterion: &str, value: &str) -> bool {
    let shown = match criterion {
        CALLBACK_STATE => entry.callback_state.and_then(CallbackState::as_wire),
        CREATED_AT => return entry.workflow_created_at.map(Timestamp::as_millis) == decimal(value),
        // Some answers carry the first label only.
        LABEL => return entry.labels.len() == 1 || entry.labels.iter().any(|label| label == value),
        RUN_ID => entry.run_id.as_ref().map(RunId::as_str),
        WORKFLOW_URL => entry.workflow_url.as_deref(),
        _ => return true,
    };
    shown == Some(value)
}

impl FilterBuilder {
    /// Entries of this target; several are alternatives.
    pub fn workflow_url(self, url: HttpUrl) -> Self {
        self.or(WORKFLOW_URL, url.into())
    }

    /// The entry of this run. The last one said counts.
    pub fn run_id(self, run_id: RunId) -> Self {
        self.only(RUN_ID, run_id.into())
    }

    /// Entries of runs created at this millisecond. The last one said counts.
    pub fn workflow_created_at(self, moment: Timestamp) -> Self {
        self.only(CREATED_AT, said(&moment.as_millis()))
    }

    /// Entries with this label; several are alternatives.
    pub fn label(self, label: Label) -> Self {
        self.or(LABEL, label.into())
    }

    /// Entries whose failure callback is in this state; several are alternatives.
    pub fn callback_state(self, state: CallbackState) -> Self {
        self.or(CALLBACK_STATE, state.as_wire().unwrap_or_default().to_owned())
    }

    /// Entries of runs that were published from this address, as the entry spells it; several are alternatives.
    pub fn caller_ip(self, ip: impl Into<String>) -> Self {
        self.or(CALLER_IP, ip.into())
    }

    /// Entries of runs under this flow control key; several are alternatives.
    pub fn flow_control_key(self, key: FlowControlKey) -> Self {
        self.or(FLOW_CONTROL_KEY, key.into())
    }

    /// Entries from this moment on, it included.
    pub fn from(self, moment: Timestamp) -> Self {
        self.only(FROM, said(&moment.as_millis()))
    }

    /// Entries up to this moment, it included.
    pub fn to(self, moment: Timestamp) -> Self {
        self.only(TO, said(&moment.as_millis()))
    }

    /// Entries up to this moment, unless an earlier one was said.
    pub(crate) fn up_to(self, moment: Timestamp) -> Self {
        let is_earlier = self.0.get(TO).and_then(decimal).is_some_and(|said| said < moment.as_millis());
        if is_earlier { self } else { self.to(moment) }
    }

    /// The filter, if there is at least one criterion and the service can only read it as it was meant.
    pub fn build(self) -> Result<Filter, InvalidFilterError> {
        if self.0.as_slice().is_empty() {
            return Err(InvalidFilterError::Empty);
        }
        if self.0.as_slice().len() > MAX_VALUES {
            return Err(InvalidFilterError::TooMany);
        }
        for (name, value) in self.0.as_slice() {
            match *name {
                CALLBACK_STATE if value.is_empty() => return Err(InvalidFilterError::CallbackState),
                CALLER_IP if !is_ip_address(value) => return Err(InvalidFilterError::CallerIp),
                RUN_ID | WORKFLOW_URL if text::find(value, ",").is_some() => {
                    return Err(InvalidFilterError::Comma);
                }
                _ => {}
            }
        }
        let (from, to) = dates(&self.0);
        if from > to { Err(InvalidFilterError::Dates) } else { Ok(Filter(self.0)) }
    }

    /// Takes over the criteria of a table, by the names of QStash's parameters: several values are a list, moments are
    /// epoch milliseconds or texts such as `2026-05-29T14:12:51Z`.
    pub(crate) fn read_table(&mut self, table: &mut Table<'_>) {
        for (name, takes) in &CRITERIA {
            let values = match takes {
                Takes::Moment => table.texts_and_numbers(name, MOMENT),
                _ => table.texts(name, "a text or a list of texts"),
            };
            if values.len() > 1 && matches!(takes, Takes::Moment | Takes::RunId) {
                table.refuse(name, &[" must be one value, not a list"]);
            }
            for mut value in values {
                if let (Takes::Moment, None, Some(moment)) = (takes, decimal(&value), parse_wire_time(&value))
                {
                    value = said(&moment.as_millis());
                }
                if let Some(fault) = self.read(name, &value) {
                    let fault = if matches!(takes, Takes::Moment) {
                        ["accepted are ", MOMENT].concat()
                    } else {
                        fault
                    };
                    table.refuse(name, &[": ", &fault]);
                }
            }
        }
    }

    /// A criterion by its name, its value as a text; what is wrong with it.
    pub(crate) fn read(&mut self, criterion: &str, value: &str) -> Option<String> {
        let Some((name, takes)) = CRITERIA.iter().find(|(name, _)| *name == criterion) else {
            let mut fault = "no criterion; accepted are".to_owned();
            for (name, _) in &CRITERIA {
                fault.push(' ');
                fault.push_str(name);
            }
            return Some(fault);
        };
        // Finding a value its place among the others takes time for each of them.
        if self.0.as_slice().len() >= MAX_VALUES {
            return Some(said(&InvalidFilterError::TooMany));
        }
        let fault = takes.fault(value);
        if matches!(takes, Takes::Moment | Takes::RunId) {
            self.0.remove(name);
        }
        self.0.add(name, value.to_owned());
        fault
    }

    /// Whether there is no criterion yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.as_slice().is_empty()
    }

    fn or(mut self, criterion: &'static str, value: String) -> Self {
        self.0.add(criterion, value);
        self
    }

    fn only(mut self, criterion: &'static str, value: String) -> Self {
        self.0.set(criterion, value);
        self
    }
}

/// Why criteria are no [`Filter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
// As wide as what else is moved in its place, for WebAssembly.
#[repr(u32)]
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
    /// More than 1000 values of all criteria together.
    TooMany,
}

impl Say for InvalidFilterError {
    fn say(&self, text: &mut String) {
        text.push_str(match self {
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
            Self::TooMany => "more than 1000 values in a DLQ filter; accepted are up to 1000 of all criteria together",
        });
    }
}

display!(InvalidFilterError);

impl core::error::Error for InvalidFilterError {}

#[cfg(test)]
mod tests;
