//! Messages: what is to be delivered where, for which purpose, and how it went so far.

use super::durations::RetryDelay;
use super::flow::FlowControl;
use super::headers::Headers;
use super::run::RunKey;
use super::settings::Callback;
use super::time::Timestamp;

/// What a message is for.
#[derive(Clone, Debug)]
pub(crate) enum Role {
    /// Carries a run's entries up to and including the one at this index.
    Step { entry: usize },
    /// A third-party call on behalf of a run's step.
    Call { callback: Callback, step_id: Option<u64> },
    /// The result of such a call, on its way to the workflow.
    CallResult { step_id: Option<u64> },
    /// The failure callback of a DLQ entry.
    FailureCallback { dlq_id: String },
    /// A message outside any workflow.
    Plain { callback: Option<Callback>, failure_callback: Option<Callback> },
}

/// A failed delivery.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) at: Timestamp,
    pub(crate) answer: Answer,
}

/// What came back from a destination.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// 0 where nothing came back.
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) run: Option<RunKey>,
    pub(crate) role: Role,
    pub(crate) url: String,
    pub(crate) method: String,
    /// Header fields of this message alone; a run's own are added at delivery.
    pub(crate) headers: Headers,
    /// Empty for steps, whose body is built at delivery.
    pub(crate) body: Vec<u8>,
    pub(crate) retries: u32,
    pub(crate) retry_delay: Option<RetryDelay>,
    pub(crate) flow: Option<FlowControl>,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) caller_ip: String,
    pub(crate) created_at: Timestamp,
    /// When it was first due.
    pub(crate) not_before: Timestamp,
    pub(crate) retried: u32,
    pub(crate) attempts: Vec<Attempt>,
}
