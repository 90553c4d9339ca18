//! One request, sent until it succeeds or sending it again is of no use.

use core::time::Duration;

use super::machine::{Ask, Moment};
use crate::{
    dlq::{ApiError, ApiRequest, TransportFault},
    time::Timestamp,
};

/// A request, and what was tried with it so far.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    request: ApiRequest,
    /// When it was sent first.
    started: Option<Timestamp>,
    /// How often it was sent.
    attempts: u32,
    /// What it failed with, while it waits to be sent again.
    failed: Option<ApiError>,
}

impl Exchange {
    pub(crate) const fn new(request: ApiRequest) -> Self {
        Self { request, started: None, attempts: 0, failed: None }
    }

    /// When the first attempt was made.
    pub(super) fn started(&self) -> Timestamp {
        self.started.unwrap_or(Timestamp::from_millis(0))
    }

    /// How often it was sent.
    pub(crate) const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Whether nobody could tell what came of it, after such an error.
    pub(crate) const fn is_ambiguous_after(&self, error: &ApiError) -> bool {
        error.may_have_been_processed() && !self.request.is_safe_to_repeat()
    }

    /// The same for what is left of it, in the same time.
    pub(super) fn replace(&mut self, request: ApiRequest) {
        self.request = request;
    }

    /// Does not count the last attempt: it has brought the matter on.
    pub(super) const fn excuse(&mut self) {
        self.attempts = self.attempts.saturating_sub(1);
    }

    /// Sends the request, or, where it has `failed`, waits as long as the error makes it sensible. An error where none
    /// of this would help. Whoever calls makes sure that repeating does no harm.
    pub(crate) fn next(&mut self, failed: Option<ApiError>, moment: &Moment<'_>) -> Result<Ask, ApiError> {
        match failed {
            None => self.send(moment),
            Some(error) => self.wait_after(error, moment),
        }
    }

    /// The first attempt has its full time, whatever the bound on all.
    fn send(&mut self, moment: &Moment<'_>) -> Result<Ask, ApiError> {
        let mut timeout = moment.patience.timeout;
        self.started.get_or_insert(moment.now);
        if self.attempts > 0 {
            let left = self.left(moment);
            // Waits can be longer than asked for.
            if left == 0
                && let Some(error) = self.failed.take()
            {
                return Err(error);
            }
            timeout = timeout.min(Duration::from_millis(left));
        }
        self.failed = None;
        self.attempts = self.attempts.saturating_add(1);
        Ok(Ask::Send { request: self.request.clone(), timeout })
    }

    fn wait_after(&mut self, error: ApiError, moment: &Moment<'_>) -> Result<Ask, ApiError> {
        if !is_worth_repeating(&error) || self.attempts >= moment.patience.max_attempts {
            return Err(error);
        }
        // What the service asks for is the least; everybody was told the same, so that the jitter comes on top.
        let asked = error.rate_limit().and_then(|limit| limit.retry_after(moment.now)).map_or(0, millis);
        let wait = asked.saturating_add(moment.patience.backoff(self.attempts, moment.entropy));
        if wait >= self.left(moment) {
            return Err(error);
        }
        self.failed = Some(error);
        Ok(Ask::Wait(Duration::from_millis(wait)))
    }

    /// Milliseconds.
    fn left(&self, moment: &Moment<'_>) -> u64 {
        let spent = moment.now.as_millis().saturating_sub(self.started().as_millis());
        millis(moment.patience.max_elapsed).saturating_sub(spent)
    }
}

/// Whole milliseconds.
pub(super) fn millis(span: Duration) -> u64 {
    span.as_secs().saturating_mul(1000).saturating_add(u64::from(span.subsec_millis()))
}

/// Whether the same call may do better in a moment. An answer that is too large will be too large again.
fn is_worth_repeating(error: &ApiError) -> bool {
    error.is_transient() && !is_too_large(error)
}

pub(super) fn is_too_large(error: &ApiError) -> bool {
    error.transport().is_some_and(|error| matches!(error.fault(), TransportFault::TooLarge { .. }))
}
