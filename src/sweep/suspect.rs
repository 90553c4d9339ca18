//! One entry of the queue: whether somebody should have told us of it, and did not.

use core::time::Duration;

use super::orders::Orders;
use crate::{
    callback::Failure,
    dlq::{CallbackState, Entry},
    http_url::HttpUrl,
    ids::DlqId,
    ledger::shard_of,
    lineage::Lineage,
    settings::{Settings, SweepScope},
    time::Timestamp,
};

/// An entry that may have been forgotten, with all that is needed to deal with it.
#[derive(Debug)]
pub(super) struct Suspect {
    pub(super) entry: DlqId,
    /// When the run failed, where that is known.
    pub(super) since: Option<Timestamp>,
    /// Whether its callback has reached somebody: then it is ours only if we said that we would come back to it.
    pub(super) was_told: bool,
    pub(super) failure: Failure,
    pub(super) lineage: Lineage,
    /// Where its failure callback goes, or should have gone.
    pub(super) url: HttpUrl,
    /// Why it is left to a person whatever the policy says.
    pub(super) given_up: Option<&'static str>,
}

/// Why an entry is none of the sweep's business, for the counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// Its callback was delivered.
    Delivered,
    /// Its callback goes to somebody else.
    Foreign,
    /// The ledger knows it: it was decided, or somebody is at it.
    Known,
    /// No workflow run.
    NoRun,
    /// Not one of those that were asked for.
    Other,
    /// It cannot be read.
    Unreadable,
    /// Its callback may still come.
    Waiting,
}

impl Left {
    pub(super) const ALL: [Self; 7] = [
        Self::Delivered,
        Self::Foreign,
        Self::Known,
        Self::NoRun,
        Self::Other,
        Self::Unreadable,
        Self::Waiting,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Foreign => "foreign",
            Self::Known => "known",
            Self::NoRun => "no_run",
            Self::Other => "other",
            Self::Unreadable => "unreadable",
            Self::Waiting => "waiting",
        }
    }
}

impl Suspect {
    /// Looks at an entry, `json` being what it was read from; `own` is the address that our callbacks go to.
    pub(super) fn of(
        entry: &Entry,
        json: &[u8],
        own: &HttpUrl,
        settings: &Settings,
        orders: &Orders,
        now: Timestamp,
    ) -> Result<Self, Left> {
        let Some(run_id) = &entry.run_id else { return Err(Left::NoRun) };
        if !orders.mean(entry) {
            return Err(Left::Other);
        }
        let ours = own_url(entry, own);
        if ours.is_none() && settings.sweep.scope != SweepScope::All {
            return Err(Left::Foreign);
        }
        let since = failed_at(entry);
        let was_told = entry.callback_state == Some(CallbackState::Success) && !orders.name_states();
        if let Some(since) = since
            && now.since(since) < patience(entry, settings, orders)
        {
            return Err(if was_told { Left::Delivered } else { Left::Waiting });
        }
        let root = || Lineage::root(run_id.clone(), since.unwrap_or(now).min(now));
        let mut given_up = (entry.callback_state == Some(CallbackState::Canceled) && !orders.name_states())
            .then_some("callback_canceled");
        let lineage = match ours.as_ref().map(|url| Lineage::from_query(url.query())) {
            None | Some(Ok(None)) => root(),
            Some(Ok(Some(lineage))) => lineage,
            // A count that could be misread must not restart at zero.
            Some(Err(_)) => {
                given_up = Some("malformed_lineage");
                root()
            }
        };
        let failure = Failure::of_entry(entry, run_id, json, since.unwrap_or(now).min(now));
        let failure = failure.unwrap_or_else(|| {
            given_up = Some("entry_incomplete");
            let mut failure = Failure::new(run_id.clone(), entry.workflow_url.clone().unwrap_or_default(), 0);
            failure.dlq_id = Some(entry.dlq_id.clone());
            failure
        });
        Ok(Self {
            entry: entry.dlq_id.clone(),
            since,
            was_told,
            failure,
            lineage,
            url: ours.unwrap_or_else(|| own.with_query(None)),
            given_up,
        })
    }

    /// The actor that knows what became of it.
    pub(super) fn shard(&self, settings: &Settings) -> String {
        shard_of(self.lineage.root_run(), settings.ledger_shards)
    }
}

/// How long after its failure an entry is left alone: until its last step has settled, and until its callback, where
/// that may still come, has had its time.
fn patience(entry: &Entry, settings: &Settings, orders: &Orders) -> Duration {
    match entry.callback_state {
        Some(CallbackState::Failed | CallbackState::Canceled | CallbackState::Success) => {
            settings.policy.settle
        }
        _ if orders.name_states() => settings.policy.settle,
        _ => settings.sweep.after.max(settings.policy.settle),
    }
}

/// The address that the entry's callback goes to, if it is ours: it may have any query.
fn own_url(entry: &Entry, own: &HttpUrl) -> Option<HttpUrl> {
    let url = HttpUrl::parse(entry.failure_callback.as_deref()?).ok()?;
    own.same_resource(url.with_query(None).as_str()).then_some(url)
}

/// When the run failed; else when the failed message was created, which may have been tried for hours since.
fn failed_at(entry: &Entry) -> Option<Timestamp> {
    entry.dlq_id.entered_at().or(entry.created_at)
}
