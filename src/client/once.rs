//! Calls for one entry, each done once.

use core::time::Duration;

use super::act::{Act, Once};
use super::deed::Kind;
use super::{CallError, Client, World};
use crate::{
    dlq::{
        ApiRequest, Call, CancelCallback, Created, DeleteEntry, Entry, Restart, Resume, RetryCallback,
        RunsSince,
    },
    ids::DlqId,
    time::{Timestamp, millis},
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
        self.revive(call.request(), &call.dlq_id, entry).await
    }

    /// Restarts one run, once. `entry` as for [`resume`](Self::resume).
    pub async fn restart(&self, call: &Restart, entry: Option<&Entry>) -> Result<Revived, CallError> {
        self.revive(call.request(), &call.dlq_id, entry).await
    }

    /// Deletes one entry. One that was gone already is an error, unless an earlier attempt of this call may have
    /// deleted it.
    pub async fn delete(&self, call: &DeleteEntry) -> Result<(), CallError> {
        self.once(Kind::Delete, call.request(), &call.dlq_id).await.map(|_| ())
    }

    /// Delivers a failure callback again that has failed. A lost answer is settled by the state of the callback;
    /// `None` where it says that the callback is under way or delivered.
    pub async fn retry_callback(&self, call: &RetryCallback) -> Result<Option<Created>, CallError> {
        Ok(match self.once(Kind::RetryCallback, call.request(), &call.dlq_id).await? {
            Once::Answered(created) => created,
            Once::Settled { .. } => None,
        })
    }

    /// Stops the delivery of a failure callback. Where an answer is lost and the service then refuses because nothing
    /// is in progress, the state of the callback tells.
    pub async fn cancel_callback(&self, call: &CancelCallback) -> Result<(), CallError> {
        self.once(Kind::CancelCallback, call.request(), &call.dlq_id).await.map(|_| ())
    }

    async fn revive(
        &self,
        request: ApiRequest,
        dlq_id: &DlqId,
        entry: Option<&Entry>,
    ) -> Result<Revived, CallError> {
        let since = match self.once(Kind::Revive, request, dlq_id).await? {
            Once::Answered(Some(created)) => return Ok(Revived::Answered(created)),
            Once::Answered(None) => return Ok(Revived::Settled { created: None }),
            Once::Settled { since } => since,
        };
        let url = entry.and_then(|entry| entry.workflow_url.as_deref());
        let created = match url {
            Some(url) => self.only_run_since(url, since).await,
            None => None,
        };
        Ok(Revived::Settled { created })
    }

    async fn once(&self, kind: Kind, request: ApiRequest, dlq_id: &DlqId) -> Result<Once, CallError> {
        let mut act = Act::one(kind, request, dlq_id.clone());
        self.drive(&mut *act).await;
        act.take_once()
    }

    /// The run of a target that was created at the time of a call whose entry is gone. More than one, and nobody can
    /// tell which it is.
    async fn only_run_since(&self, workflow_url: &str, since: Timestamp) -> Option<Created> {
        let since = Timestamp::from_millis(since.as_millis().saturating_sub(millis(CLOCK_MARGIN)));
        let runs = self.call(&RunsSince { workflow_url, since }).await.ok()??;
        match runs.as_slice() {
            [run] => Some(Created::new(run.run_id.clone(), run.created_at)),
            _ => None,
        }
    }
}
