//! Counters that an actor keeps, for whoever collects them.

use super::Records;
use crate::text::said;
use crate::{json::Object, time::decimal};

const TALLY: &str = "tally/";

/// The most counters that are told. Their names come from a few fixed words each.
const MAX_TOLD: usize = 500;

/// Counts so many more under a name. A name is a few words with blanks between them, from a small set.
pub(crate) fn add(records: &mut dyn Records, name: &[&str], more: u64) {
    let key = [TALLY, name.join(" ").trim_ascii_end()].concat();
    let count = records.get(&key).and_then(|count| decimal(&count)).unwrap_or_default();
    records.put(&key, &said(&count.saturating_add(more)));
}

/// Writes all counters as a list of the name `tally`: of each its name and the count, with a blank between them.
pub(crate) fn tell(records: &dyn Records, answer: &mut Object) {
    answer.open("tally", '[');
    for (key, count) in records.scan(TALLY, "", MAX_TOLD) {
        answer.element(&[key.strip_prefix(TALLY).unwrap_or_default(), " ", &count].concat());
    }
    answer.close(']');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::MemoryRecords;

    #[test]
    fn counters_grow_and_are_told_together() {
        let mut records = MemoryRecords::default();
        records.put("other", "7");
        add(&mut records, &["outcome", "parked", "rule"], 1);
        add(&mut records, &["outcome", "parked", "rule"], 2);
        add(&mut records, &["end", "recovered"], 1);
        let mut answer = Object::new();
        tell(&records, &mut answer);
        assert_eq!(answer.end(), r#"{"tally":["end recovered 1","outcome parked rule 3"]}"#);
    }
}
