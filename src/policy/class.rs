//! What kind of failure it is, in few words.

use crate::{callback::Failure, text};

/// What kind of failure it is. The first that fits, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum FailureClass {
    /// The route's code changed before the failed step: the message has `Incompatible step`.
    IncompatibleStep,
    /// The application said "do not retry" (`WorkflowNonRetryableError`): 489.
    NonRetryable,
    /// No answer at all: 0.
    Unreachable,
    /// 408, 504, 522 or 524, or the error's name has `Timeout`.
    Timeout,
    /// 429.
    RateLimited,
    /// 401 or 403.
    Unauthorized,
    /// Any other 4xx.
    ClientError,
    /// Any other 5xx.
    ServerError,
    /// Any other status.
    Other,
}

impl FailureClass {
    /// All of them.
    pub(super) const ALL: [Self; 9] = [
        Self::IncompatibleStep,
        Self::NonRetryable,
        Self::Unreachable,
        Self::Timeout,
        Self::RateLimited,
        Self::Unauthorized,
        Self::ClientError,
        Self::ServerError,
        Self::Other,
    ];

    /// The class of a failure.
    #[must_use]
    pub fn of(failure: &Failure) -> Self {
        let (name, message) = failure.error.as_ref().map_or(("", ""), |error| {
            (error.name.as_ref().map_or("", AsRef::as_ref), error.message.as_str())
        });
        if text::find(message, "Incompatible step").is_some() {
            return Self::IncompatibleStep;
        }
        match failure.status {
            489 => Self::NonRetryable,
            0 => Self::Unreachable,
            408 | 504 | 522 | 524 => Self::Timeout,
            _ if text::find(name, "Timeout").is_some() => Self::Timeout,
            429 => Self::RateLimited,
            401 | 403 => Self::Unauthorized,
            400..=499 => Self::ClientError,
            500..=599 => Self::ServerError,
            _ => Self::Other,
        }
    }

    named! {
        /// A stable, machine-readable name.
        #[must_use]
        pub const fn name(self) -> &'static str {
            match self {
                /// The code changed before the failed step.
                Self::IncompatibleStep => "incompatible_step",
                /// The application said "do not retry": 489.
                Self::NonRetryable => "non_retryable",
                /// No answer at all.
                Self::Unreachable => "unreachable",
                /// 408, 504, 522, 524, or an error that is named so.
                Self::Timeout => "timeout",
                /// 429.
                Self::RateLimited => "rate_limited",
                /// 401 or 403.
                Self::Unauthorized => "unauthorized",
                /// Any other 4xx.
                Self::ClientError => "client_error",
                /// Any other 5xx.
                Self::ServerError => "server_error",
                /// Any other status.
                Self::Other => "other",
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        callback::{Excerpt, FailureError},
        ids::RunId,
    };

    fn class(status: u16, name: &str, message: &str) -> &'static str {
        let mut failure = Failure::new(RunId::new("wfr_1").unwrap(), "https://a.example/".to_owned(), status);
        failure.error =
            Some(FailureError { name: Some(Excerpt::new(name, 256)), message: Excerpt::new(message, 2048) });
        FailureClass::of(&failure).name()
    }

    #[test]
    fn every_failure_has_one_class() {
        for (status, expected) in [
            (0, "unreachable"),
            (1, "other"),
            (200, "other"),
            (302, "other"),
            (400, "client_error"),
            (401, "unauthorized"),
            (403, "unauthorized"),
            (404, "client_error"),
            (408, "timeout"),
            (429, "rate_limited"),
            (489, "non_retryable"),
            (500, "server_error"),
            (503, "server_error"),
            (504, "timeout"),
            (522, "timeout"),
            (524, "timeout"),
            (599, "server_error"),
            (600, "other"),
        ] {
            assert_eq!(class(status, "Error", "no"), expected, "{status}");
        }
    }

    #[test]
    fn what_the_application_says_is_more_than_the_status() {
        assert_eq!(class(500, "ConnectTimeoutError", "no"), "timeout");
        assert_eq!(class(489, "TimeoutError", "no"), "non_retryable");
        assert_eq!(class(489, "Error", "Incompatible step name. Expected a, got b"), "incompatible_step");
    }
}
