//! One structured line for the operator: what came of a callback, and how long it took.

use core::time::Duration;

use super::{Conclusion, summary::Summary};
use crate::{settings::SettingsError, time::millis};

/// Where the time of one callback went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// From arrival to reply.
    pub total: Duration,
    /// Waiting for the DLQ API.
    pub api: Duration,
    /// Calls of the DLQ API.
    pub api_calls: u32,
}

/// One log line. It holds ids, names and numbers only: no payload, token, signature or forwarded header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Whether somebody should look.
    pub is_error: bool,
    /// A JSON object on one line.
    pub json: String,
}

impl Timings {
    /// One more call of the DLQ API.
    #[cfg(any(feature = "worker", feature = "npm"))]
    pub(crate) fn add_call(&mut self, waited: Duration) {
        self.api = self.api.saturating_add(waited);
        self.api_calls += 1;
    }
}

impl LogLine {
    /// The line of one callback.
    #[must_use]
    pub fn new(conclusion: &Conclusion, timings: Timings) -> Self {
        let line = Line {
            event: "failure_callback",
            result: Summary::of(conclusion),
            failure_status: conclusion.subject.failure_status,
            detail: conclusion.detail.as_deref(),
            total_ms: millis(timings.total),
            api_ms: millis(timings.api),
            api_calls: timings.api_calls,
        };
        Self { is_error: is_error(conclusion), json: line.object().end() }
    }

    /// The line of a deployment that cannot work.
    #[must_use]
    pub fn misconfigured(error: &SettingsError) -> Self {
        let line = Line {
            event: "failure_callback",
            result: Summary::refused("misconfigured"),
            failure_status: None,
            detail: Some(&error.to_string()),
            total_ms: 0,
            api_ms: 0,
            api_calls: 0,
        };
        Self { is_error: true, json: line.object().end() }
    }
}

/// Strangers' requests are not the operator's errors.
const fn is_error(conclusion: &Conclusion) -> bool {
    match &conclusion.outcome {
        Ok(_) => false,
        Err(refusal) => refusal.status() >= 489,
    }
}

plain! {
    /// A line for the operator: ids, names and numbers, no payload and no secret.
    #[ts(rename = "LogLine")]
    Line<'a> {
        #[ts(type = "\"failure_callback\"")]
        event as "event": &'static str,
        result as "result": Summary<'a>,
        /// Status of the failing delivery of the run.
        failure_status as "failureStatus": Option<u16>,
        /// What went wrong, in words.
        detail as "detail": Option<&'a str>,
        /// Milliseconds from arrival to reply.
        total_ms as "totalMs": u64,
        /// Milliseconds of these that were spent on waiting for the DLQ API.
        api_ms as "apiMs": u64,
        /// Calls of the DLQ API.
        api_calls as "apiCalls": u32,
    }
}
