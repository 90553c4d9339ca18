//! The runs that are held back, and in which order they are taken up.

use crate::{
    durable::Records,
    json::{Field, Fields, Object, Over},
    recovery::Case,
    text::{padded, said},
    time::{Timestamp, decimal},
};

/// The most cases that are kept. What does not fit stays in the DLQ, for the sweep to bring again.
const MAX: u64 = 10_000;

const CASE: &str = "case/";
/// By age: the lineage that failed first has the least time left, of its own limit and of the retention of the DLQ.
const OLDEST: &str = "old/";
/// By attempts, then by age: what tries a target out should have attempts left when that fails.
const FRESHEST: &str = "fresh/";
const COUNT: &str = "cases";

/// A case that is held back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) case: Case,
    /// Since when.
    pub(super) at: Timestamp,
    /// Where it stands in the order.
    rank: Timestamp,
}

/// Keeps a case; `false` where there is no room. One that is kept already has its place, with what is new of it.
pub(super) fn keep(records: &mut dyn Records, case: &Case, now: Timestamp) -> bool {
    let known = find(records, case.dlq_id.as_str());
    if known.is_none() && len(records) >= MAX {
        return false;
    }
    remove(records, case.dlq_id.as_str());
    let (at, rank) = known.map_or((now, case.lineage.first_failed_at()), |kept| (kept.at, kept.rank));
    put(records, &Kept { case: case.clone(), at, rank });
    true
}

/// How many there are.
pub(super) fn len(records: &dyn Records) -> u64 {
    records.get(COUNT).and_then(|count| decimal(&count)).unwrap_or_default()
}

/// The case of an entry.
pub(super) fn find(records: &dyn Records, dlq_id: &str) -> Option<Kept> {
    read(&records.get(&[CASE, dlq_id].concat())?)
}

/// The case that was held back first, and has the least time left.
pub(super) fn oldest(records: &mut dyn Records) -> Option<Kept> {
    first(records, OLDEST)
}

/// A case with as few attempts behind it as any.
pub(super) fn freshest(records: &mut dyn Records) -> Option<Kept> {
    first(records, FRESHEST)
}

/// Lets all others go before a case that cannot be had at the moment.
pub(super) fn to_the_back(records: &mut dyn Records, dlq_id: &str, now: Timestamp) {
    if let Some(kept) = find(records, dlq_id) {
        remove(records, dlq_id);
        put(records, &Kept { rank: now, ..kept });
    }
}

/// Lets go of a case, if it is there.
pub(super) fn remove(records: &mut dyn Records, dlq_id: &str) {
    let Some(kept) = find(records, dlq_id) else { return };
    let [old, fresh] = ranks(&kept);
    records.delete(&old);
    records.delete(&fresh);
    records.delete(&[CASE, dlq_id].concat());
    let count = len(records).saturating_sub(1);
    records.put(COUNT, &said(&count));
}

fn put(records: &mut dyn Records, kept: &Kept) {
    for key in ranks(kept) {
        records.put(&key, kept.case.dlq_id.as_str());
    }
    records.put(&[CASE, kept.case.dlq_id.as_str()].concat(), &write(kept));
    let count = len(records) + 1;
    records.put(COUNT, &said(&count));
}

fn first(records: &mut dyn Records, order: &str) -> Option<Kept> {
    loop {
        let (key, dlq_id) = records.scan(order, "", 1).pop()?;
        if let Some(kept) = find(records, &dlq_id) {
            return Some(kept);
        }
        // What an older version wrote and this one cannot read: the ledger knows of it, and the sweep brings it again.
        records.delete(&key);
        records.delete(&[CASE, &dlq_id].concat());
    }
}

fn ranks(kept: &Kept) -> [String; 2] {
    let (id, rank) = (kept.case.dlq_id.as_str(), padded(kept.rank.as_millis()));
    let attempt = padded(kept.case.lineage.attempt().into());
    [[OLDEST, &rank, " ", id].concat(), [FRESHEST, &attempt, " ", &rank, " ", id].concat()]
}

fn write(kept: &Kept) -> String {
    let mut json = Object::new();
    json.number("at", kept.at.as_millis()).number("rank", kept.rank.as_millis());
    json.raw("case", &kept.case.to_json());
    json.end()
}

fn read(json: &str) -> Option<Kept> {
    const FIELDS: &[Field] = &[
        Field { name: "at", limit: 20, over: Over::Drop },
        Field { name: "rank", limit: 20, over: Over::Drop },
        Field { name: "case", limit: 128 * 1024, over: Over::Drop },
    ];
    let mut fields = Fields::of(json.as_bytes(), FIELDS).ok()?;
    let mut time = |name| Some(Timestamp::from_millis(decimal(&fields.text(name)?)?));
    let (at, rank) = (time("at")?, time("rank")?);
    Some(Kept { case: Case::from_json(&fields.raw("case")?)?, at, rank })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{durable::MemoryRecords, ids::RunId, lineage::Lineage};

    const NOW: Timestamp = Timestamp::from_millis(1_748_527_971_000);

    fn case(id: &str, attempt: u32, first_failed: u64) -> Case {
        let root = RunId::new(["wfr_", id].concat()).unwrap();
        let lineage = Lineage::new(root, attempt, Timestamp::from_millis(first_failed));
        Case { lineage, ..Case::sample(id, "wfr_x") }
    }

    fn id(kept: Option<Kept>) -> String {
        kept.unwrap().case.dlq_id.into()
    }

    #[test]
    fn the_first_to_fail_goes_first_and_probes_are_those_with_most_attempts_left() {
        let mut records = MemoryRecords::default();
        for (name, attempt, failed) in [("a", 1, 10), ("b", 0, 30), ("c", 0, 20)] {
            assert!(keep(&mut records, &case(name, attempt, failed), NOW));
        }
        assert_eq!((id(oldest(&mut records)), id(freshest(&mut records))), ("a".to_owned(), "c".to_owned()));
        to_the_back(&mut records, "a", NOW);
        assert_eq!(id(oldest(&mut records)), "c");
        remove(&mut records, "c");
        remove(&mut records, "c");
        assert_eq!((id(oldest(&mut records)), id(freshest(&mut records))), ("b".to_owned(), "b".to_owned()));
        assert_eq!(len(&records), 2);
        remove(&mut records, "a");
        remove(&mut records, "b");
        assert_eq!((oldest(&mut records), len(&records)), (None, 0));
        assert_eq!(records.scan("", "", 9), [("cases".to_owned(), "0".to_owned())]);
    }

    #[test]
    fn a_case_that_comes_again_is_kept_once_as_it_came_last() {
        let mut records = MemoryRecords::default();
        keep(&mut records, &case("a", 1, 10), NOW);
        let again = Case { rule: "new".to_owned(), ..case("a", 2, 10) };
        keep(&mut records, &again, Timestamp::from_millis(NOW.as_millis() + 5));
        let kept = oldest(&mut records).unwrap();
        assert_eq!((len(&records), kept.at), (1, NOW));
        assert_eq!(kept.case, again);
        assert_eq!(records.scan(FRESHEST, "", 9).len(), 1);
    }

    #[test]
    fn there_is_a_bound_and_who_is_in_stays_in() {
        let mut records = MemoryRecords::default();
        for n in 0..MAX {
            assert!(keep(&mut records, &case(&n.to_string(), 0, n), NOW));
        }
        assert!(!keep(&mut records, &case("more", 0, 1), NOW));
        assert!(keep(&mut records, &case("7", 0, 7), NOW));
        remove(&mut records, "7");
        assert!(keep(&mut records, &case("more", 0, 1), NOW));
    }

    #[test]
    fn what_cannot_be_read_holds_nothing_up() {
        let mut records = MemoryRecords::default();
        keep(&mut records, &case("a", 0, 1), NOW);
        keep(&mut records, &case("b", 0, 2), NOW);
        records.put("case/a", "{}");
        assert_eq!(id(oldest(&mut records)), "b");
        assert_eq!(id(freshest(&mut records)), "b");
    }
}
