//! What a bulk call acts on, and how far it has got.

use super::filter::Filter;
use super::request::ApiRequest;
use crate::ids::DlqId;
use crate::seen::Seen;
use crate::text;
use crate::text::{Say, said};

/// The most entries that one bulk call acts on (source: Upstash Workflow documentation, "Bulk Restart"). The official
/// SDK states 100 and gets 50, so that this count is always stated here.
pub const MAX_PER_CALL: usize = 50;

/// What a bulk call acts on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// These entries.
    Ids(Ids),
    /// The entries that meet the criteria.
    Filter(Filter),
    /// Every entry of the account.
    All,
}

impl From<Ids> for Selection {
    fn from(ids: Ids) -> Self {
        Self::Ids(ids)
    }
}

impl From<Filter> for Selection {
    fn from(filter: Filter) -> Self {
        Self::Filter(filter)
    }
}

/// One or more different entries, in the order given. There is no empty list of them: the service could take it for
/// "every entry".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ids(pub(crate) Vec<DlqId>);

impl Ids {
    /// Drops repetitions. An id with a comma is refused, because the service would read it as two.
    pub fn new(ids: impl IntoIterator<Item = DlqId>) -> Result<Self, InvalidIdsError> {
        Self::checked(&ids.into_iter().collect::<Vec<_>>())
    }

    pub(crate) fn checked(ids: &[DlqId]) -> Result<Self, InvalidIdsError> {
        let (mut seen, mut different) = (Seen::default(), Vec::new());
        for id in ids {
            if text::find(id.as_str(), ",").is_some() {
                return Err(InvalidIdsError::Comma);
            }
            if seen.insert(id.as_str()) {
                different.push(id.clone());
            }
        }
        if different.is_empty() { Err(InvalidIdsError::Empty) } else { Ok(Self(different)) }
    }

    /// The ids in order.
    #[must_use]
    pub fn as_slice(&self) -> &[DlqId] {
        &self.0
    }

    /// The same in groups that one call takes.
    pub fn chunks(&self) -> impl Iterator<Item = Self> {
        self.0.chunks(MAX_PER_CALL).map(|chunk| Self(chunk.to_vec()))
    }
}

/// Why something is no list of [`Ids`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
// As wide as what else is moved in its place, for WebAssembly.
#[repr(u32)]
pub enum InvalidIdsError {
    /// An id with a comma.
    Comma,
    /// No id.
    Empty,
}

impl Say for InvalidIdsError {
    fn say(&self, text: &mut String) {
        text.push_str(match self {
            Self::Comma => {
                "a DLQ id with a comma, which the service reads as a list; accepted are ids without one"
            }
            Self::Empty => "no DLQ id; accepted are one or more",
        });
    }
}

display!(InvalidIdsError);

impl core::error::Error for InvalidIdsError {}

/// A selection, and which part of it the next call is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selected {
    pub(super) selection: Selection,
    /// Ids before this one were dealt with.
    offset: usize,
    pub(super) count: usize,
    pub(super) cursor: Option<String>,
}

impl Selected {
    pub(super) const fn new(selection: Selection, count: usize) -> Self {
        Self { selection, offset: 0, count, cursor: None }
    }

    /// Has fewer entries in the next call; at least one.
    pub(super) fn limit(&mut self, count: usize) {
        self.count = self.count.min(count.max(1));
    }

    /// Goes on from a cursor, with another count.
    pub(crate) fn page(&mut self, count: usize, cursor: Option<String>) {
        self.count = count.max(1);
        self.cursor = cursor;
    }

    /// Goes on to what is left, given the cursor that came with the answer; `false` if nothing is.
    pub(super) fn advance(&mut self, cursor: Option<&String>) -> bool {
        if let Selection::Ids(ids) = &self.selection {
            // Certain ids leave nothing to go on with but the other ids, whatever cursor the service names.
            self.offset += self.count;
            return self.offset < ids.0.len();
        }
        self.cursor = cursor.cloned();
        self.cursor.is_some()
    }

    /// Names what the call is about.
    pub(super) fn name_in(&self, request: &mut ApiRequest) {
        match &self.selection {
            Selection::Ids(ids) => {
                let rest = ids.0.get(self.offset..).unwrap_or_default();
                request.name_ids(rest.get(..self.count).unwrap_or(rest));
            }
            Selection::Filter(filter) => filter.write_to(request),
            Selection::All => {}
        }
    }

    /// Names how many entries the call is about, and after which.
    pub(super) fn count_in(&self, request: &mut ApiRequest) {
        request.add("count", &said(&self.count));
        if let Some(cursor) = &self.cursor {
            request.add("cursor", cursor);
        }
    }

    /// Makes a call act on what is selected.
    pub(crate) fn act_in(&self, request: &mut ApiRequest) {
        self.name_in(request);
        // Certain ids are the same entries again, so that the method decides whether it may be repeated.
        if !matches!(self.selection, Selection::Ids(_)) {
            self.count_in(request);
            // A repetition acts on the next entries.
            request.set_repeatable(false);
        }
    }
}
