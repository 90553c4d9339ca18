//! What came of acting on entries.

use super::api_error::Thrown;
use crate::{
    client, dlq,
    ids::DlqId,
    json::{Object, Plain},
    settings::Token,
    time::Timestamp,
};

plain! {
    /// A run that was created.
    CreatedRun<'a> by created_run(created: &'a dlq::Created) {
        workflow_run_id as "workflowRunId": &'a str = created.run_id.as_str(),
        /// Epoch milliseconds, where the answer says so.
        workflow_created_at as "workflowCreatedAt": Option<u64> = created.created_at.map(Timestamp::as_millis),
    }
}

plain! {
    /// An entry that QStash does not act on.
    RefusedEntry<'a> by refusal(refused: &'a client::Refused, token: &'a Token) {
        dlq_id as "dlqId": &'a str = refused.dlq_id.as_str(),
        error as "error": Thrown<'a> = Thrown::answer(&refused.error, token),
    }
}

plain! {
    /// What came of acting on entries. Every id is in exactly one list.
    Acted<'a> by acted(acted: &'a client::Acted, token: &'a Token) {
        /// The runs that answers named. Nothing says which belongs to which entry.
        #[ts(as = "Vec<CreatedRun<'a>>")]
        workflow_runs as "workflowRuns": Runs<'a> = Runs(&acted.created),
        /// Done, and answered.
        #[ts(as = "Vec<String>")]
        done as "done": &'a [DlqId] = &acted.done,
        /// How many of these the answers count: fewer where some were gone, and no answer says which.
        counted as "counted": u64 = acted.counted as u64,
        /// Done, though the answer was lost: no longer in the queue.
        #[ts(as = "Vec<String>")]
        settled as "settled": &'a [DlqId] = &acted.settled,
        /// Not in the queue: resumed, restarted or deleted by somebody else, or expired.
        #[ts(as = "Vec<String>")]
        gone as "gone": &'a [DlqId] = &acted.gone,
        /// Not done, and still there.
        #[ts(as = "Vec<RefusedEntry<'a>>")]
        refused as "refused": Refusals<'a> = Refusals(&acted.refused, token),
        /// Sent, and nobody knows whether it was done.
        #[ts(as = "Vec<String>")]
        ambiguous as "ambiguous": &'a [DlqId] = &acted.ambiguous,
        /// Not done, because something stopped it.
        #[ts(as = "Vec<String>")]
        untouched as "untouched": &'a [DlqId] = &acted.untouched,
        /// What stopped it.
        stopped as "stopped": Option<Thrown<'a>> = acted.stopped.as_ref().map(|error| Thrown::answer(error, token)),
    }
}

plain! {
    /// How far a job has got.
    Totals by totals(totals: &client::Totals) {
        /// Entries that were acted on, or tried to.
        entries as "entries": u64 = totals.entries,
        /// Of these, done: answered or settled.
        done as "done": u64 = totals.done,
        /// Of these, gone before.
        gone as "gone": u64 = totals.gone,
        /// Of these, refused by QStash.
        refused as "refused": u64 = totals.refused,
        /// Of these, not known to be done or not.
        ambiguous as "ambiguous": u64 = totals.ambiguous,
        /// Left alone: not of the scope, or failed again after this job brought them back.
        skipped as "skipped": u64 = totals.skipped,
    }
}

/// Runs in a list.
struct Runs<'a>(&'a [dlq::Created]);

impl Plain for Runs<'_> {
    fn put(self, name: &str, object: &mut Object) {
        object.open(name, '[');
        for created in self.0 {
            object.open_element();
            created_run(object, created);
            object.close('}');
        }
        object.close(']');
    }
}

/// Refusals in a list.
struct Refusals<'a>(&'a [client::Refused], &'a Token);

impl Plain for Refusals<'_> {
    fn put(self, name: &str, object: &mut Object) {
        object.open(name, '[');
        for refused in self.0 {
            object.open_element();
            refusal(object, refused, self.1);
            object.close('}');
        }
        object.close(']');
    }
}
