//! Flow control keys: what they do at the moment, and the levers on them.

use core::time::Duration;

use super::answer::{number, object, short};
use super::call::Call;
use super::error::{ApiError, success};
use super::flow_control::{FlowControlKey, FlowControlValue};
use super::request::{ApiRequest, Method};
use super::response::ApiResponse;
use crate::json::Field;
use crate::text::said;

const KEYS: &str = "/v2/flowControl";

/// What a key does at the moment: `GET /v2/flowControl/{key}`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GetFlowControl {
    /// The key.
    pub key: FlowControlKey,
}

impl GetFlowControl {
    /// Asks for `key`.
    #[must_use]
    pub const fn new(key: FlowControlKey) -> Self {
        Self { key }
    }
}

/// What a key does (source: QStash OpenAPI, flow control). Absent is what the answer does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlowControlState {
    /// Deliveries that wait for their turn.
    pub waiting: Option<u64>,
    /// Deliveries that may be under way at once; 0 is without limit.
    pub parallelism_max: Option<u64>,
    /// Deliveries that are under way.
    pub parallelism_count: Option<u64>,
    /// Deliveries that may start per period; 0 is without limit.
    pub rate_max: Option<u64>,
    /// Deliveries started in this period.
    pub rate_count: Option<u64>,
    /// The period of the rate.
    pub rate_period: Option<Duration>,
    /// Whether nothing is delivered.
    pub is_paused: bool,
    /// Whether the parallelism was set by hand, so that publishers cannot change it.
    pub is_pinned_parallelism: bool,
    /// Whether the rate was set by hand, so that publishers cannot change it.
    pub is_pinned_rate: bool,
}

impl Call for GetFlowControl {
    type Output = FlowControlState;

    fn request(&self) -> ApiRequest {
        ApiRequest::about(Method::Get, KEYS, self.key.as_str())
    }

    fn parse(&self, response: ApiResponse) -> Result<FlowControlState, ApiError> {
        const FIELDS: &[Field] = &[
            short("flowControlKey"),
            short("waitListSize"),
            short("parallelismMax"),
            short("parallelismCount"),
            short("rateMax"),
            short("rateCount"),
            short("ratePeriod"),
            short("isPaused"),
            short("isPinnedParallelism"),
            short("isPinnedRate"),
        ];
        const WHAT: &str = "no JSON object of a flow control key";
        success(&response)?;
        let mut fields = object(response.body(), FIELDS, WHAT)?;
        fields.word("flowControlKey").ok_or_else(|| ApiError::malformed(WHAT))?;
        let mut number = |name| number(&mut fields, name);
        let state = FlowControlState {
            waiting: number("waitListSize"),
            parallelism_max: number("parallelismMax"),
            parallelism_count: number("parallelismCount"),
            rate_max: number("rateMax"),
            rate_count: number("rateCount"),
            rate_period: number("ratePeriod").map(Duration::from_secs),
            ..FlowControlState::default()
        };
        let mut flag = |name| fields.raw(name).is_some_and(|raw| raw == b"true");
        Ok(FlowControlState {
            is_paused: flag("isPaused"),
            is_pinned_parallelism: flag("isPinnedParallelism"),
            is_pinned_rate: flag("isPinnedRate"),
            ..state
        })
    }
}

/// Changes a key: `POST /v2/flowControl/{key}/{pause,resume,pin,unpin}`. Doing it twice is doing it once.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChangeFlowControl {
    /// The key; one that nothing was published with yet may be changed too.
    pub key: FlowControlKey,
    /// What to do.
    pub change: FlowControlChange,
}

/// The levers on a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlowControlChange {
    /// Nothing is delivered until it is resumed; publishing goes on.
    Pause,
    /// Deliveries go on.
    Resume,
    /// These limits hold, whatever publishers ask for.
    Pin(FlowControlValue),
    /// Publishers set these limits again.
    Unpin(Unpin),
}

/// Which limits publishers set again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unpin {
    /// Both.
    All,
    /// The parallelism.
    Parallelism,
    /// The rate and its period.
    Rate,
}

impl ChangeFlowControl {
    /// Does `change` to `key`.
    #[must_use]
    pub const fn new(key: FlowControlKey, change: FlowControlChange) -> Self {
        Self { key, change }
    }
}

impl Call for ChangeFlowControl {
    type Output = ();

    fn request(&self) -> ApiRequest {
        let name = match &self.change {
            FlowControlChange::Pause => "pause",
            FlowControlChange::Resume => "resume",
            FlowControlChange::Pin(_) => "pin",
            FlowControlChange::Unpin(_) => "unpin",
        };
        let mut request = ApiRequest::about(Method::Post, KEYS, self.key.as_str());
        request.path_and_query.push('/');
        request.path_and_query.push_str(name);
        request.set_repeatable(true);
        match &self.change {
            FlowControlChange::Pause | FlowControlChange::Resume => {}
            FlowControlChange::Pin(limits) => {
                let seconds = limits.period().map(|period| period.as_secs());
                let numbers = [
                    ("parallelism", limits.parallelism().map(u64::from)),
                    ("rate", limits.rate().map(u64::from)),
                    ("period", seconds),
                ];
                for (name, number) in numbers {
                    if let Some(number) = number {
                        request.add(name, &said(&number));
                    }
                }
            }
            FlowControlChange::Unpin(which) => {
                for (name, other) in [("parallelism", Unpin::Rate), ("rate", Unpin::Parallelism)] {
                    if *which != other {
                        request.add(name, "true");
                    }
                }
            }
        }
        request
    }

    fn parse(&self, response: ApiResponse) -> Result<(), ApiError> {
        success(&response)
    }
}
