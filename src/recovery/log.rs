//! One structured line for the operator: what came of a callback, and how long it took.

use core::time::Duration;

use super::{Conclusion, Subject, summary::told};
use crate::{
    json::{Json, Object},
    policy::FailureClass,
    settings::SettingsError,
    text::said,
    time::millis,
};

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
        Self::with(&told(conclusion), conclusion, timings, None)
    }

    /// The same with the result as it is told, and how many requests before had no line.
    pub(super) fn with(
        result: &str,
        conclusion: &Conclusion,
        timings: Timings,
        omitted: Option<u64>,
    ) -> Self {
        let detail = conclusion.detail.as_deref();
        let json = written(result, &conclusion.subject, detail, timings, omitted);
        Self { is_error: is_error(conclusion), json }
    }

    /// The line of a deployment that cannot work.
    #[must_use]
    pub fn misconfigured(error: &SettingsError) -> Self {
        let mut result = Object::new();
        result.text("outcome", "refused").text("reason", "misconfigured");
        let json = written(&result.end(), &Subject::default(), Some(&said(error)), Timings::default(), None);
        Self { is_error: true, json }
    }
}

impl LogLine {
    /// The line about a policy with warnings; `None` without any.
    #[must_use]
    pub fn policy_warnings(warnings: &[String]) -> Option<Self> {
        if warnings.is_empty() {
            return None;
        }
        let mut line = Object::new();
        line.text("event", "policy_warnings");
        line.open("warnings", '[');
        for warning in warnings {
            line.element(warning);
        }
        line.close(']');
        Some(Self { is_error: true, json: line.end() })
    }
}

/// The answer and the line of one callback. What both say is written once.
#[cfg(any(feature = "worker", feature = "npm"))]
pub(crate) fn closing(conclusion: &Conclusion, timings: Timings) -> (super::Reply, LogLine) {
    let result = told(conclusion);
    let line = LogLine::with(&result, conclusion, timings, None);
    let reply = match &conclusion.outcome {
        Ok(_) => super::Reply::new(200, result),
        Err(refusal) => refusal.into(),
    };
    (reply, line)
}

/// Strangers' requests are not the operator's errors.
const fn is_error(conclusion: &Conclusion) -> bool {
    match &conclusion.outcome {
        Ok(_) => false,
        Err(refusal) => refusal.status() >= 489,
    }
}

fn written(
    result: &str,
    subject: &Subject,
    detail: Option<&str>,
    timings: Timings,
    omitted: Option<u64>,
) -> String {
    let mut object = Object::new();
    line(&mut object, result, subject, detail, timings);
    if let Some(omitted) = omitted {
        object.number("omitted", omitted);
    }
    object.end()
}

plain! {
    /// A line for the operator: ids, names and numbers, no payload and no secret.
    #[ts(rename = "LogLine")]
    Line<'a> by line(result: &'a str, subject: &'a Subject, detail: Option<&'a str>, timings: Timings) {
        #[ts(type = "\"failure_callback\"")]
        event as "event": &'static str = "failure_callback",
        #[ts(as = "super::summary::Summary<'a>")]
        result as "result": Json<'a> = Json(result),
        /// Status of the failing delivery of the run.
        failure_status as "failureStatus": Option<u16> = subject.failure_status,
        #[ts(as = "Option<FailureClass>")]
        failure_class as "failureClass": Option<&'static str> = subject.failure_class.map(FailureClass::name),
        /// What failures of the same kind have in common.
        fingerprint as "fingerprint": Option<&'a str> = subject.fingerprint.as_deref(),
        /// What went wrong, in words.
        detail as "detail": Option<&'a str> = detail,
        /// Milliseconds from arrival to reply.
        total_ms as "totalMs": u64 = millis(timings.total),
        /// Milliseconds of these that were spent on waiting for the DLQ API.
        api_ms as "apiMs": u64 = millis(timings.api),
        /// Calls of the DLQ API.
        api_calls as "apiCalls": u32 = timings.api_calls,
    }
}
