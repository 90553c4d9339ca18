//! The typed workflow DLQ API of QStash: requests out as values, responses in as values.
//!
//! What may live here: the vocabulary of the API (durations, flow control, labels, overrides), one type per call and
//! the errors an answer can mean. What may not: anything that sends, waits or decides.

mod answer;
mod bulk;
mod call;
mod duration;
mod entry;
mod error;
mod failure_callback;
mod filter;
mod flow_admin;
mod flow_control;
mod label;
mod list;
mod overrides;
mod pages;
mod pairs;
mod rate_limit;
mod request;
mod response;
mod retry_delay;
mod runs;
mod selection;
mod signing_keys;
mod single;
mod transport;

pub use bulk::{CreatedMany, DeleteMany, DeletedMany, RestartMany, ResumeMany};
pub(crate) use bulk::{delete_many, restart_many, resume_many};
pub use call::Call;
pub(crate) use call::succeeded;
pub use duration::{GoDuration, InvalidDurationError};
pub(crate) use entry::each_entry;
pub use entry::{CallbackState, Entry, Page};
pub(crate) use error::message as error_message;
pub use error::{ApiError, ApiErrorKind, MAX_MESSAGE_BYTES};
pub use failure_callback::{CancelCallback, RetryCallback};
pub use filter::{Filter, FilterBuilder, InvalidFilterError};
pub use flow_admin::{ChangeFlowControl, FlowControlChange, FlowControlState, GetFlowControl, Unpin};
pub use flow_control::{
    FlowControl, FlowControlKey, FlowControlValue, InvalidFlowControlError, MAX_FLOW_CONTROL_KEY_BYTES,
};
pub use label::{InvalidLabelError, Label, Labels, MAX_LABEL_BYTES, MAX_LABELS};
pub(crate) use list::list_of;
pub use list::{List, ListPath, MAX_PER_PAGE};
pub use overrides::Overrides;
pub use pages::{Paged, Pages, RepeatedCursorError};
pub use rate_limit::{RateLimit, RateLimitKind, Reset};
pub use request::{ApiRequest, Method};
pub use response::{ApiResponse, RESPONSE_HEADERS, Transported};
pub use retry_delay::{InvalidRetryDelayError, MAX_RETRY_DELAY_BYTES, RetryDelay};
pub(crate) use runs::RunsSince;
pub use runs::{InvalidRunsError, MAX_RUNS_PER_CALL, Run, RunRef, RunState, RunStates};
pub use selection::{Ids, InvalidIdsError, MAX_PER_CALL, Selection};
pub use signing_keys::SigningKeys;
pub(crate) use single::get_entry;
pub use single::{Created, DeleteEntry, FindByRun, GetEntry, Lookup, Restart, Resume};
pub use transport::{TransportError, TransportFault};
