//! What a sweep has found and is to deal with.

use super::suspect::Suspect;
use crate::time::Timestamp;

/// The most entries that are kept at a time.
const MAX: usize = 500;

/// Entries in the order of their turns: the oldest first, and those last that came to nothing before.
pub(super) struct Found {
    entries: Vec<Suspect>,
    /// Ids of those that came to nothing.
    vain: Vec<String>,
}

impl Found {
    /// Nothing yet; these have come to nothing before.
    pub(super) const fn new(vain: Vec<String>) -> Self {
        Self { entries: Vec::new(), vain }
    }

    /// Puts an entry where its turn is; `false` where there are too many, and the last one had to go.
    pub(super) fn put(&mut self, suspect: Suspect) -> bool {
        let mine = self.turn(&suspect);
        let at = self.entries.iter().position(|other| self.turn(other) > mine);
        self.entries.insert(at.unwrap_or(self.entries.len()), suspect);
        let has_room = self.entries.len() <= MAX;
        self.entries.truncate(MAX);
        has_room
    }

    /// Takes the one whose turn it is.
    pub(super) fn take(&mut self) -> Option<Suspect> {
        (!self.entries.is_empty()).then(|| self.entries.remove(0))
    }

    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.entries.len()
    }

    fn turn(&self, suspect: &Suspect) -> (bool, Timestamp) {
        let was_vain = self.vain.iter().any(|id| *id == suspect.entry.as_str());
        (was_vain, suspect.since.unwrap_or(Timestamp::from_millis(u64::MAX)))
    }
}
