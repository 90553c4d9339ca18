//! The dead letter queue of workflow runs: entries, filters and pages, and the calls that act on them.
//!
//! What may live here: everything that selects or shows entries. How a run comes back to life is in `resume`.

mod bulk;
mod calls;
mod filter;
mod plant;
mod view;

pub use plant::Planted;

use std::collections::BTreeMap;

use super::headers::Headers;
use super::message::{Answer, Message, Role};
use super::run::RunKey;
use super::time::Timestamp;

/// How a run failed; kept with the run, so that logs know it even when the entry has left the queue.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) dlq_id: String,
    pub(crate) failed_at: Timestamp,
    /// The message whose delivery failed for good.
    pub(crate) message: Message,
    pub(crate) answer: Answer,
    /// Everything else of the run that was on its way.
    pub(crate) outstanding: Vec<Message>,
    pub(crate) callback: Option<CallbackRecord>,
}

impl Failure {
    /// When the entry at `index` was due, if its message had not been delivered yet.
    pub(crate) fn sleeping_until(&self, index: usize) -> Option<Timestamp> {
        let asleep = |message: &&Message| {
            matches!(message.role, Role::Step { entry } if entry == index) && message.attempts.is_empty()
        };
        self.outstanding.iter().find(asleep).map(|message| message.not_before)
    }
}

/// A way to bring a failed run back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// From the first step, with the original payload.
    Restart,
    /// From the step that failed.
    Resume,
}

/// State of a failure callback. Source: QStash OpenAPI, `failureFunctionState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallbackState {
    Canceled,
    Fail,
    InProgress,
    Success,
}

impl CallbackState {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Canceled => "CALLBACK_CANCELED",
            Self::Fail => "CALLBACK_FAIL",
            Self::InProgress => "CALLBACK_INPROGRESS",
            Self::Success => "CALLBACK_SUCCESS",
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let states = [Self::Canceled, Self::Fail, Self::InProgress, Self::Success];
        states.into_iter().find(|state| state.as_str() == text).ok_or_else(|| {
            let accepted = states.map(Self::as_str).join(", ");
            format!("unknown failureFunctionState: expected one of {accepted}")
        })
    }
}

#[derive(Clone, Debug)]
pub(crate) struct CallbackRecord {
    pub(crate) state: CallbackState,
    pub(crate) message_id: String,
    pub(crate) url: String,
    pub(crate) headers: Headers,
    /// The last answer, once there is one.
    pub(crate) answer: Option<Answer>,
}

/// An entry's place in the queue, written `<epoch ms>-<sequence>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EntryId {
    at: u64,
    sequence: u64,
}

impl EntryId {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (at, sequence) = text.split_once('-')?;
        Some(Self { at: at.parse().ok()?, sequence: sequence.parse().ok()? })
    }
}

impl std::fmt::Display for EntryId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.at, self.sequence)
    }
}

/// The entries by their place.
#[derive(Debug, Default)]
pub(crate) struct Dlq {
    entries: BTreeMap<EntryId, DlqEntry>,
    sequence: u64,
}

/// One failed run in the queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DlqEntry {
    pub(crate) run: RunKey,
    /// Set where a resumed entry stays in the queue.
    pub(crate) resumed: bool,
}

impl Dlq {
    /// The id that the next entry will get.
    pub(crate) fn next_id(&mut self, now: Timestamp) -> EntryId {
        let id = EntryId { at: now.millis(), sequence: self.sequence };
        self.sequence += 1;
        id
    }

    pub(crate) fn insert(&mut self, id: EntryId, run: RunKey) {
        self.entries.insert(id, DlqEntry { run, resumed: false });
    }

    pub(crate) fn entry(&self, id: EntryId) -> Option<DlqEntry> {
        self.entries.get(&id).copied()
    }

    pub(crate) fn remove(&mut self, id: EntryId) -> Option<DlqEntry> {
        self.entries.remove(&id)
    }

    pub(crate) fn mark_resumed(&mut self, id: EntryId) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.resumed = true;
        }
    }

    /// The entries that failed from one moment to another, both included, in epoch milliseconds.
    pub(crate) fn between(&self, from: u64, to: u64) -> impl DoubleEndedIterator<Item = (EntryId, DlqEntry)> {
        let from = EntryId { at: from.min(to), sequence: 0 };
        let to = EntryId { at: to, sequence: u64::MAX };
        self.entries.range(from..=to).map(|(id, entry)| (*id, *entry))
    }
}
