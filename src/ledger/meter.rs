//! What a shard counts of all that it hears, also of entries that it has forgotten.

use super::{book, record::Record};
use crate::{
    durable::{Records, tally},
    json::{Field, Fields, Object, Over},
    text,
    time::{Timestamp, decimal, millis},
};

/// Longer words are none of ours.
const MAX_WORD: usize = 40;

/// A recovery came to a conclusion, or to none. Its words are ours, so that there are only so many.
pub(super) fn settled(records: &mut dyn Records, conclusion: &str) {
    const FIELDS: &[Field] = &[field("outcome"), field("reason")];
    let Ok(mut fields) = Fields::of(conclusion.as_bytes(), FIELDS) else { return };
    let Some(outcome) = fields.word("outcome").filter(|word| is_word(word)) else { return };
    let reason = fields.word("reason").filter(|word| is_word(word)).unwrap_or_default();
    tally::add(records, &["outcome", &outcome, &reason], 1);
}

/// Somebody was told what had been done before.
pub(super) fn repeated(records: &mut dyn Records) {
    tally::add(records, &["repeated"], 1);
}

/// The run that a recovery created has ended, at `at`.
pub(super) fn ended(records: &mut dyn Records, record: &Record, how: &str, at: Timestamp) {
    if !is_word(how) {
        return;
    }
    tally::add(records, &["end", how], 1);
    if how == "recovered" {
        let took = millis(at.since(record.case.lineage.first_failed_at()));
        tally::add(records, &["recovery-millis"], took);
    }
}

/// All counts, and how many `entries` are known.
pub(super) fn tell(records: &dyn Records, answer: &mut Object) {
    tally::tell(records, answer);
    let entries = records.get(book::COUNT).and_then(|count| decimal(&count));
    answer.number("entries", entries.unwrap_or_default());
}

fn is_word(text: &str) -> bool {
    text.len() <= MAX_WORD && text::all(text, |byte| byte.is_ascii_lowercase() || *byte == b'_')
}

const fn field(name: &'static str) -> Field {
    Field { name, limit: 256, over: Over::Drop }
}
