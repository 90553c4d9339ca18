//! One request, sent until it succeeds or sending it again is of no use.

use core::time::Duration;

use super::CallError;
use super::machine::{Ask, Moment};
use crate::{
    dlq::{ApiError, ApiErrorKind, ApiRequest, Method, TransportFault},
    time::{Timestamp, millis},
};

/// A request, and what was tried with it so far.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) request: ApiRequest,
    /// When it was sent first.
    started: Option<Timestamp>,
    /// How often it was sent.
    attempts: u32,
    /// What it failed with, until it is sent again.
    pub(super) error: Option<ApiError>,
}

/// Of nothing.
impl Default for Exchange {
    fn default() -> Self {
        Self::new(ApiRequest::new(Method::Get, ""))
    }
}

impl Exchange {
    pub(crate) const fn new(request: ApiRequest) -> Self {
        Self { request, started: None, attempts: 0, error: None }
    }

    /// Begins anew with another request.
    // Not inlined: it drops all that there was.
    #[inline(never)]
    pub(super) fn renew(&mut self, request: ApiRequest) {
        *self = Self::new(request);
    }

    /// When the first attempt was made.
    pub(super) fn started(&self) -> Timestamp {
        self.started.unwrap_or(Timestamp::from_millis(0))
    }

    /// How often it was sent.
    pub(super) const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Whether it was refused because there were too many calls.
    pub(super) fn is_limited(&self) -> bool {
        self.error.as_ref().is_some_and(|error| error.kind() == ApiErrorKind::RateLimited)
    }

    /// It was not sent after all.
    pub(super) const fn take_back(&mut self) {
        self.excuse();
        if self.attempts == 0 {
            self.started = None;
        }
    }

    /// Does not count the last attempt: it has brought the matter on.
    pub(super) const fn excuse(&mut self) {
        self.attempts = self.attempts.saturating_sub(1);
    }

    /// Sends the request, or, where it has `failed`, waits as long as the error makes it sensible. Nothing where none
    /// of this would help: then the error stays. Whoever calls makes sure that repeating does no harm.
    pub(super) fn next(&mut self, failed: Option<ApiError>, moment: &Moment<'_>) -> Ask {
        let patience = moment.patience;
        let spent = moment.now.as_millis().saturating_sub(self.started.unwrap_or(moment.now).as_millis());
        let left = millis(patience.max_elapsed).saturating_sub(spent);
        if let Some(error) = failed {
            // What the service asks for is the least; everybody was told the same, so that the jitter comes on top.
            let asked = error.rate_limit().and_then(|limit| limit.retry_after(moment.now)).map_or(0, millis);
            let wait = asked.saturating_add(patience.backoff(self.attempts, moment.entropy));
            let helps = is_worth_repeating(&error) && self.attempts < patience.max_attempts && wait < left;
            self.error = Some(error);
            return if helps { Ask::Wait(Duration::from_millis(wait)) } else { Ask::Nothing };
        }
        // The first attempt has its full time, whatever the bound on all.
        let mut timeout = patience.timeout;
        if self.attempts > 0 {
            // Waits can be longer than asked for.
            if left == 0 && self.error.is_some() {
                return Ask::Nothing;
            }
            timeout = timeout.min(Duration::from_millis(left));
        }
        self.started.get_or_insert(moment.now);
        self.error = None;
        self.attempts = self.attempts.saturating_add(1);
        Ask::Send(timeout)
    }

    /// The same for a request of which nothing else tells whether it was done: an error that leaves this open ends it,
    /// unless it is safe to repeat.
    pub(crate) fn next_blindly(&mut self, failed: Option<ApiError>, moment: &Moment<'_>) -> Ask {
        match failed {
            Some(error) if self.is_ambiguous_after(&error) => {
                self.error = Some(error);
                Ask::Nothing
            }
            failed => self.next(failed, moment),
        }
    }

    /// Why [`next_blindly`](Self::next_blindly) has ended.
    pub(crate) fn failure(&mut self) -> Option<CallError> {
        let (error, attempts) = (self.error.take()?, self.attempts);
        Some(if self.is_ambiguous_after(&error) {
            CallError::Ambiguous { error, attempts }
        } else {
            CallError::Failed { error, attempts }
        })
    }

    /// Whether nobody could tell what came of it, after such an error.
    const fn is_ambiguous_after(&self, error: &ApiError) -> bool {
        error.may_have_been_processed() && !self.request.is_safe_to_repeat()
    }
}

/// Whether the same call may do better in a moment. An answer that is too large will be too large again.
fn is_worth_repeating(error: &ApiError) -> bool {
    error.is_transient() && !is_too_large(error)
}

pub(super) fn is_too_large(error: &ApiError) -> bool {
    error.transport().is_some_and(|error| matches!(error.fault(), TransportFault::TooLarge { .. }))
}
