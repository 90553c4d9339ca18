//! What came of acting on entries.

use super::{api_error::Thrown, plain::Plain};
use crate::{client, dlq, ids::DlqId, npm::json::Object, settings::Token, time::Timestamp};

plain! {
    /// A run that was created.
    CreatedRun<'a> {
        workflow_run_id as "workflowRunId": &'a str,
        /// Epoch milliseconds, where the answer says so.
        workflow_created_at as "workflowCreatedAt": Option<u64>,
    }
}

plain! {
    /// An entry that QStash does not act on.
    RefusedEntry<'a> {
        dlq_id as "dlqId": &'a str,
        error as "error": Thrown,
    }
}

plain! {
    /// What came of acting on entries. Every id is in exactly one list.
    Acted<'a> {
        /// The runs that answers named. Nothing says which belongs to which entry.
        workflow_runs as "workflowRuns": Vec<CreatedRun<'a>>,
        /// Done, and answered.
        #[ts(as = "Vec<String>")]
        done as "done": &'a [DlqId],
        /// How many of these the answers count: fewer where some were gone, and no answer says which.
        counted as "counted": u64,
        /// Done, though the answer was lost: no longer in the queue.
        #[ts(as = "Vec<String>")]
        settled as "settled": &'a [DlqId],
        /// Not in the queue: resumed, restarted or deleted by somebody else, or expired.
        #[ts(as = "Vec<String>")]
        gone as "gone": &'a [DlqId],
        /// Not done, and still there.
        refused as "refused": Vec<RefusedEntry<'a>>,
        /// Sent, and nobody knows whether it was done.
        #[ts(as = "Vec<String>")]
        ambiguous as "ambiguous": &'a [DlqId],
        /// Not done, because something stopped it.
        #[ts(as = "Vec<String>")]
        untouched as "untouched": &'a [DlqId],
        /// What stopped it.
        stopped as "stopped": Option<Thrown>,
    }
}

plain! {
    /// How far a job has got.
    Totals {
        /// Entries that were acted on, or tried to.
        entries as "entries": u64,
        /// Of these, done: answered or settled.
        done as "done": u64,
        /// Of these, gone before.
        gone as "gone": u64,
        /// Of these, refused by QStash.
        refused as "refused": u64,
        /// Of these, not known to be done or not.
        ambiguous as "ambiguous": u64,
        /// Left alone: not of the scope, or failed again after this job brought them back.
        skipped as "skipped": u64,
    }
}

pub(in crate::npm) fn created_run(created: &dlq::Created) -> Object {
    CreatedRun::from(created).object()
}

/// The `token` is taken out of texts of others.
pub(in crate::npm) fn acted(acted: &client::Acted, token: &Token) -> Object {
    let mut workflow_runs = Vec::new();
    for created in &acted.created {
        workflow_runs.push(CreatedRun::from(created));
    }
    let mut refused = Vec::new();
    for client::Refused { dlq_id, error } in &acted.refused {
        refused.push(RefusedEntry { dlq_id: dlq_id.as_str(), error: Thrown::answer(error, token) });
    }
    let acted = Acted {
        workflow_runs,
        done: &acted.done,
        counted: acted.counted as u64,
        settled: &acted.settled,
        gone: &acted.gone,
        refused,
        ambiguous: &acted.ambiguous,
        untouched: &acted.untouched,
        stopped: acted.stopped.as_ref().map(|error| Thrown::answer(error, token)),
    };
    acted.object()
}

pub(in crate::npm) fn totals(totals: &client::Totals) -> impl Plain {
    let client::Totals { entries, done, gone, refused, ambiguous, skipped } = *totals;
    Totals { entries, done, gone, refused, ambiguous, skipped }
}

impl<'a> From<&'a dlq::Created> for CreatedRun<'a> {
    fn from(created: &'a dlq::Created) -> Self {
        Self {
            workflow_run_id: created.run_id.as_str(),
            workflow_created_at: created.created_at.map(Timestamp::as_millis),
        }
    }
}
