//! Calls for one entry, each done once.

use core::time::Duration;

use super::patience::Budget;
use super::{CallError, Client, Settlement, Wire, World, settle};
use crate::{
    dlq::{
        ApiError, Call, CallbackState, CancelCallback, Created, DeleteEntry, Entry, GetEntry, Restart,
        Resume, RetryCallback, RunsSince,
    },
    ids::DlqId,
    time::Timestamp,
};

/// How far the clock here may be ahead of the service's, for a look at what was created since.
const CLOCK_MARGIN: Duration = Duration::from_mins(1);

/// A run that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Revived {
    /// The service named the new run.
    Answered(Created),
    /// The answer was lost, and the entry is no longer in the queue.
    Settled {
        /// The new run, where exactly one of its target was created at the time. `None` where that cannot be told.
        created: Option<Created>,
    },
}

impl Revived {
    /// The new run, where it is known.
    #[must_use]
    pub const fn created(&self) -> Option<&Created> {
        match self {
            Self::Answered(created) => Some(created),
            Self::Settled { created } => created.as_ref(),
        }
    }
}

impl<W: World> Client<W> {
    /// Resumes one run, once. `entry` is the entry as it was listed or read, if it was: with it the new run can be
    /// found where the answer is lost.
    pub async fn resume(&self, call: &Resume, entry: Option<&Entry>) -> Result<Revived, CallError> {
        self.revive(call, &call.dlq_id, entry).await
    }

    /// Restarts one run, once. `entry` as for [`resume`](Self::resume).
    pub async fn restart(&self, call: &Restart, entry: Option<&Entry>) -> Result<Revived, CallError> {
        self.revive(call, &call.dlq_id, entry).await
    }

    /// Deletes one entry. One that was gone already is an error, unless an earlier attempt of this call may have
    /// deleted it.
    pub async fn delete(&self, call: &DeleteEntry) -> Result<(), CallError> {
        self.once(call, &call.dlq_id, false).await.map(|_| ())
    }

    /// Delivers a failure callback again that has failed. A lost answer is settled by the state of the callback;
    /// `None` where it says that the callback is under way or delivered.
    pub async fn retry_callback(&self, call: &RetryCallback) -> Result<Option<Created>, CallError> {
        let mut budget = Budget::new(&self.world, &self.patience);
        loop {
            let error = match call.finish(self.world.send(call.request(), budget.timeout()).await) {
                Ok(created) => return Ok(Some(created)),
                Err(error) => error,
            };
            if error.may_have_been_processed() {
                let entry = self.look(&GetEntry::new(call.dlq_id.clone())).await;
                match entry.ok().and_then(|entry| entry.callback_state) {
                    Some(CallbackState::InProgress | CallbackState::Success) => return Ok(None),
                    Some(CallbackState::Failed) => {}
                    _ => return Err(budget.ambiguous(error)),
                }
            }
            if !budget.wait_after(&error).await {
                return Err(budget.failed(error));
            }
        }
    }

    /// Stops the delivery of a failure callback. Where an answer is lost and the service then refuses because nothing
    /// is in progress, the state of the callback tells.
    pub async fn cancel_callback(&self, call: &CancelCallback) -> Result<(), CallError> {
        let error = match self.call(call).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let refused = matches!(error.api_error(), ApiError::BadRequest { .. } | ApiError::NotFound { .. });
        if refused && error.attempts() > 1 {
            let entry = self.look(&GetEntry::new(call.dlq_id.clone())).await;
            if entry.is_ok_and(|entry| entry.callback_state == Some(CallbackState::Canceled)) {
                return Ok(());
            }
        }
        Err(error)
    }

    async fn revive<C>(&self, call: &C, dlq_id: &DlqId, entry: Option<&Entry>) -> Result<Revived, CallError>
    where
        C: Call<Output = Created>,
    {
        match self.once(call, dlq_id, true).await? {
            Once::Answered(created) => {
                self.testify(dlq_id);
                Ok(Revived::Answered(created))
            }
            Once::Settled { since } => {
                let url = entry.and_then(|entry| entry.workflow_url.as_deref());
                let created = match url {
                    Some(url) => self.only_run_since(url, since).await,
                    None => None,
                };
                Ok(Revived::Settled { created })
            }
        }
    }

    /// Sends a call that makes its entry leave the queue until it has left. `may_stay` says that leaving is supposed
    /// only.
    async fn once<C: Call>(
        &self,
        call: &C,
        dlq_id: &DlqId,
        may_stay: bool,
    ) -> Result<Once<C::Output>, CallError> {
        let mut budget = Budget::new(&self.world, &self.patience);
        let mut was_lost = false;
        loop {
            let error = match call.finish(self.world.send(call.request(), budget.timeout()).await) {
                Ok(output) => return Ok(Once::Answered(output)),
                // An attempt whose answer was lost has been acted on after all, later than the look.
                Err(ApiError::NotFound { .. }) if was_lost => {
                    return Ok(Once::Settled { since: budget.started() });
                }
                Err(error) => error,
            };
            match settle(self, &error, dlq_id).await {
                Settlement::Done => return Ok(Once::Settled { since: budget.started() }),
                Settlement::Unknown => return Err(budget.ambiguous(error)),
                Settlement::NotDone if error.may_have_been_processed() => {
                    if may_stay && self.keeps_entries().await {
                        return Err(budget.ambiguous(error));
                    }
                    was_lost = true;
                }
                Settlement::NotDone => {}
            }
            if !budget.wait_after(&error).await {
                return Err(budget.failed(error));
            }
        }
    }

    /// The run of a target that was created at the time of a call whose entry is gone. More than one, and nobody can
    /// tell which it is.
    async fn only_run_since(&self, workflow_url: &str, since: Timestamp) -> Option<Created> {
        let margin = u64::try_from(CLOCK_MARGIN.as_millis()).unwrap_or_default();
        let since = Timestamp::from_millis(since.as_millis().saturating_sub(margin));
        let runs = self.look(&RunsSince { workflow_url, since }).await.ok()??;
        match runs.as_slice() {
            [run] => Some(Created::new(run.run_id.clone(), run.created_at)),
            _ => None,
        }
    }
}

enum Once<T> {
    Answered(T),
    Settled { since: Timestamp },
}
