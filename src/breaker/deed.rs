//! What the actor is about to do, or waits for: kept, so that it knows after it was restarted in the middle.

use crate::text::said;
use crate::{
    durable::Records,
    text,
    time::{Timestamp, decimal},
};

const KEY: &str = "deed";
const ASKED: &str = "asked";

/// What is under way about an entry that is held back: one entry at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Deed {
    pub(super) step: Step,
    pub(super) dlq_id: String,
    /// Since when; of a look, not before when.
    pub(super) at: Timestamp,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The ledger is asked for the entry.
    Claim,
    /// The entry is ours, and to be resumed.
    Act,
    /// Its resume was sent. Without an answer nobody knows what became of it.
    Sent,
    /// The queue is to be asked whether the entry is still there.
    Look,
}

impl Step {
    const fn name(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Act => "act",
            Self::Sent => "sent",
            Self::Look => "look",
        }
    }
}

impl Deed {
    pub(super) fn read(records: &dyn Records) -> Option<Self> {
        let deed = records.get(KEY)?;
        let (name, rest) = text::cut(&deed, b' ')?;
        let (at, dlq_id) = text::cut(rest, b' ')?;
        let steps = [Step::Claim, Step::Act, Step::Sent, Step::Look];
        let step = steps.into_iter().find(|step| step.name() == name)?;
        Some(Self { step, dlq_id: dlq_id.to_owned(), at: Timestamp::from_millis(decimal(at)?) })
    }

    pub(super) fn set(records: &mut dyn Records, step: Step, dlq_id: &str, at: Timestamp) {
        records.put(KEY, &[step.name(), " ", &said(&at.as_millis()), " ", dlq_id].concat());
    }

    pub(super) fn clear(records: &mut dyn Records) {
        records.delete(KEY);
    }
}

/// Whether something is under way about an entry.
pub(super) fn is_at(records: &dyn Records, dlq_id: &str) -> bool {
    Deed::read(records).is_some_and(|deed| deed.dlq_id == dlq_id)
}

/// Remembers which runs are asked for.
pub(super) fn asked(records: &mut dyn Records, runs: &[&str]) {
    records.put(ASKED, &runs.join(" "));
}

/// The runs that were asked for, if that was the last errand.
pub(super) fn take_asked(records: &mut dyn Records) -> Option<Vec<String>> {
    let runs = records.get(ASKED)?;
    records.delete(ASKED);
    Some(text::parts(&runs, b' ').map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::MemoryRecords;

    #[test]
    fn what_is_written_is_read_back() {
        let mut records = MemoryRecords::default();
        let now = Timestamp::from_millis(1_748_527_971_000);
        for step in [Step::Claim, Step::Act, Step::Sent, Step::Look] {
            Deed::set(&mut records, step, "1-2", now);
            assert!(is_at(&records, "1-2") && !is_at(&records, "1-3"));
            assert_eq!(Deed::read(&records), Some(Deed { step, dlq_id: "1-2".to_owned(), at: now }));
        }
        Deed::clear(&mut records);
        assert_eq!(Deed::read(&records), None);
        records.put(KEY, "dream 0 x");
        assert_eq!(Deed::read(&records), None);
        asked(&mut records, &["wfr_a", "wfr_b"]);
        assert_eq!(take_asked(&mut records), Some(vec!["wfr_a".to_owned(), "wfr_b".to_owned()]));
        assert_eq!(take_asked(&mut records), None);
    }
}
