//! Where a sweep goes on.

use crate::{
    json::{Field, Fields, Object, Over, Plain as _},
    time::{Timestamp, decimal},
};

/// The most entries that are remembered as tried in vain.
const MAX_VAIN: usize = 50;

/// What one sweep of an account leaves to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Checkpoint {
    /// The page to go on with; `None` at the beginning of the queue.
    pub(super) cursor: Option<String>,
    /// Entries that were tried and came to nothing: others have their turn first.
    pub(super) vain: Vec<String>,
    /// Pages since the beginning of the queue.
    pub(super) pages: u64,
    /// Until when the API does not want to be called.
    pub(super) pause: Option<Timestamp>,
}

impl Checkpoint {
    pub(super) fn write(&self, object: &mut Object) {
        if let Some(cursor) = &self.cursor {
            object.text("cursor", cursor);
        }
        let vain = self.vain.get(..MAX_VAIN).unwrap_or(&self.vain);
        vain.put("vain", object);
        object.number("pages", self.pages);
        if let Some(pause) = self.pause {
            object.number("pause", pause.as_millis());
        }
    }

    /// Fields that are missing have their defaults.
    pub(super) fn read(json: &[u8]) -> Self {
        let Ok(mut fields) = Fields::of(json, FIELDS) else { return Self::default() };
        let mut number = |name| decimal(&fields.text(name)?);
        let (pages, pause) = (number("pages"), number("pause"));
        Self {
            cursor: fields.word("cursor"),
            vain: fields.strings("vain"),
            pages: pages.unwrap_or_default(),
            pause: pause.map(Timestamp::from_millis),
        }
    }
}

const fn field(name: &'static str) -> Field {
    Field { name, limit: 64 * 1024, over: Over::Drop }
}

const FIELDS: &[Field] = &[field("cursor"), field("vain"), field("pages"), field("pause")];
