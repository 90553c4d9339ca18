//! One structured line for the operator: what came of a callback, and how long it took.

use core::time::Duration;

use serde::Serialize;

use super::{Conclusion, Refusal, summary::Summary};
use crate::time::millis;

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
        // Structs of text and numbers always serialise.
        Self { is_error: is_error(conclusion), json: serde_json::to_string(&line).unwrap_or_default() }
    }

    /// The line of a deployment that cannot work.
    #[must_use]
    pub fn misconfigured(refusal: &Refusal) -> Self {
        let conclusion = Conclusion::refused(refusal.clone()).with_detail(refusal.to_string());
        Self::new(&conclusion, Timings::default())
    }
}

/// Strangers' requests are not the operator's errors.
const fn is_error(conclusion: &Conclusion) -> bool {
    match &conclusion.outcome {
        Ok(_) => false,
        Err(refusal) => refusal.status() >= 489,
    }
}

/// A line for the operator: ids, names and numbers, no payload and no secret.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "LogLine", optional_fields))]
pub(crate) struct Line<'a> {
    #[cfg_attr(test, ts(type = "\"failure_callback\""))]
    event: &'static str,
    result: Summary<'a>,
    /// Status of the failing delivery of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_status: Option<u16>,
    /// What went wrong, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    /// Milliseconds from arrival to reply.
    total_ms: u64,
    /// Milliseconds of these that were spent on waiting for the DLQ API.
    api_ms: u64,
    /// Calls of the DLQ API.
    api_calls: u32,
}
