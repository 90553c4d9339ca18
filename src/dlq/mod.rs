//! The typed workflow DLQ API of QStash: requests out as values, responses in as values.
//!
//! What may live here: the vocabulary of the API (durations, flow control, labels, overrides), one type per call and
//! the errors an answer can mean. What may not: anything that sends, waits or decides.

mod call;
mod duration;
mod entry;
mod error;
mod flow_control;
mod label;
mod overrides;
mod rate_limit;
mod request;
mod response;
mod retry_delay;
mod single;
mod transport;

pub use call::Call;
pub use duration::{GoDuration, InvalidDurationError};
pub use entry::{CallbackState, Entry};
pub use error::{ApiError, MAX_MESSAGE_BYTES};
pub use flow_control::{
    FlowControl, FlowControlKey, FlowControlValue, InvalidFlowControlError, MAX_FLOW_CONTROL_KEY_BYTES,
};
pub use label::{InvalidLabelError, Label, Labels, MAX_LABEL_BYTES, MAX_LABELS};
pub use overrides::Overrides;
pub use rate_limit::{RateLimit, RateLimitKind, Reset};
pub use request::{ApiRequest, Method};
pub use response::{ApiResponse, RESPONSE_HEADERS, Transported};
pub use retry_delay::{InvalidRetryDelayError, MAX_RETRY_DELAY_BYTES, RetryDelay};
pub use single::{Created, DeleteEntry, FindByRun, GetEntry, Lookup, Restart, Resume};
pub use transport::{TransportError, TransportFault};
