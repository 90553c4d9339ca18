//! What is wanted of an object, and what was kept of it.

use core::mem;

/// A top-level field to keep.
#[derive(Debug)]
pub(crate) struct Field {
    /// Its name; ASCII.
    pub(crate) name: &'static str,
    /// Raw bytes kept, quotes and escapes included.
    pub(crate) limit: usize,
    /// What happens beyond the limit.
    pub(crate) over: Over,
}

/// What happens to a value that is longer than its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// The first bytes are kept.
    Cut,
    /// Nothing is kept but the fact.
    Drop,
}

/// How names are compared, and what a second field of the same name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    /// Byte for byte; a repetition is an error, because two readers could disagree on which one counts.
    Exact,
    /// Without regard to ASCII case, as HTTP headers are; the first one counts.
    AnyCase,
}

/// What was kept of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Captured {
    /// The object has no such field.
    Absent,
    /// The field was longer than its limit, and [`Over::Drop`] applies.
    TooLong,
    /// The raw JSON of the value.
    Value {
        /// As it was sent.
        raw: Vec<u8>,
        /// Whether these are only the first bytes.
        cut: bool,
    },
}

/// The kept fields of a scanned object.
pub(crate) struct Captures {
    pub(super) fields: &'static [Field],
    pub(super) slots: Vec<Slot>,
}

impl Captures {
    /// Moves a field out; [`Captured::Absent`] for a name that was not asked for.
    pub(crate) fn take(&mut self, name: &str) -> Captured {
        for (field, slot) in self.fields.iter().zip(&mut self.slots) {
            if field.name == name && mem::take(&mut slot.present) {
                return if slot.cut && field.over == Over::Drop {
                    Captured::TooLong
                } else {
                    Captured::Value { raw: mem::take(&mut slot.raw), cut: slot.cut }
                };
            }
        }
        Captured::Absent
    }
}

/// What was kept of one field so far.
#[derive(Default)]
pub(super) struct Slot {
    pub(super) present: bool,
    pub(super) raw: Vec<u8>,
    pub(super) cut: bool,
}

impl Slot {
    /// Makes room for another value, in the same memory.
    pub(super) fn clear(&mut self) {
        self.raw.clear();
        self.cut = false;
    }

    /// Adds bytes until the limit is reached.
    pub(super) fn append(&mut self, bytes: &[u8], limit: usize, over: Over) {
        if self.cut {
            return;
        }
        let room = bytes.get(..limit.saturating_sub(self.raw.len())).unwrap_or(bytes);
        self.cut = room.len() < bytes.len();
        if self.cut && over == Over::Drop {
            self.raw = Vec::new();
        } else {
            self.raw.extend_from_slice(room);
        }
    }
}
