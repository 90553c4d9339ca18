//! Claims in memory: what one isolate remembers.

use core::time::Duration;
use std::collections::VecDeque;

use super::{Claim, Conclusion, Outcome};
use crate::{ids::DlqId, time::Timestamp};

/// A thousand entries are remembered: in buckets, each of which is looked through quickly and forgets its oldest first.
const BUCKETS: usize = 64;
const IN_BUCKET: usize = 16;

/// A claim that was never settled is free again after this: its request was cancelled on the way.
const ABANDONED_AFTER: Duration = Duration::from_mins(2);

/// The claims of one isolate. A second delivery that meets the same isolate gets the first one's conclusion; one that
/// does not is stopped by the queue itself, where the entry is gone.
#[derive(Debug)]
pub struct MemoryLedger {
    /// Oldest first.
    claims: Box<[VecDeque<Entry>; BUCKETS]>,
}

#[derive(Debug)]
struct Entry {
    id: DlqId,
    state: State,
}

#[derive(Debug)]
enum State {
    Pending { since: Timestamp },
    Settled(Box<Conclusion>),
}

impl Default for MemoryLedger {
    fn default() -> Self {
        Self { claims: Box::new([const { VecDeque::new() }; BUCKETS]) }
    }
}

impl MemoryLedger {
    /// Claims an entry.
    pub fn claim(&mut self, entry: &DlqId, now: Timestamp) -> Claim {
        let bucket = self.bucket(entry);
        match state(bucket, entry) {
            Some(State::Settled(first)) => return Claim::Settled(first.clone()),
            Some(State::Pending { since }) if now.since(*since) < ABANDONED_AFTER => return Claim::Pending,
            Some(State::Pending { since }) => *since = now,
            None => {
                if bucket.len() == IN_BUCKET {
                    bucket.pop_front();
                }
                bucket.push_back(Entry { id: entry.clone(), state: State::Pending { since: now } });
            }
        }
        Claim::Granted
    }

    /// Keeps a final outcome; anything else frees the claim, for the next delivery to try again.
    pub fn settle(&mut self, entry: &DlqId, conclusion: &Conclusion) {
        let bucket = self.bucket(entry);
        if !conclusion.outcome.as_ref().is_ok_and(Outcome::is_final) {
            bucket.retain(|claim| claim.id != *entry);
        } else if let Some(state) = state(bucket, entry) {
            *state = State::Settled(Box::new(conclusion.clone()));
        }
    }

    fn bucket(&mut self, entry: &DlqId) -> &mut VecDeque<Entry> {
        let [.., low] = hash(entry).to_be_bytes();
        let [first, rest @ ..] = &mut *self.claims;
        rest.get_mut(usize::from(low) % BUCKETS).unwrap_or(first)
    }
}

fn state<'a>(bucket: &'a mut VecDeque<Entry>, entry: &DlqId) -> Option<&'a mut State> {
    bucket.iter_mut().rev().find(|claim| claim.id == *entry).map(|claim| &mut claim.state)
}

/// FNV-1a. Of ids that somebody has chosen to be alike fewer are remembered.
fn hash(entry: &DlqId) -> u64 {
    entry.as_str().bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recovery::Refusal;

    const NOW: Timestamp = Timestamp::from_secs(1_000_000);

    fn entry(n: usize) -> DlqId {
        DlqId::new(format!("1-{n}")).unwrap()
    }

    fn ended(outcome: Result<Outcome, Refusal>) -> Conclusion {
        Conclusion { outcome, ..Conclusion::refused(Refusal::Pending) }
    }

    #[test]
    fn a_second_claim_gets_the_first_ones_end() {
        let mut ledger = MemoryLedger::default();
        assert_eq!(ledger.claim(&entry(1), NOW), Claim::Granted);
        assert_eq!(ledger.claim(&entry(1), NOW), Claim::Pending);
        let end = ended(Ok(Outcome::Gone));
        ledger.settle(&entry(1), &end);
        assert_eq!(ledger.claim(&entry(1), NOW), Claim::Settled(Box::new(end)));
        assert_eq!(ledger.claim(&entry(2), NOW), Claim::Granted);
    }

    #[test]
    fn a_claim_without_a_final_end_is_free_again() {
        let mut ledger = MemoryLedger::default();
        for end in [Err(Refusal::TokenRefused), Ok(Outcome::Parked { reason: "rule" })] {
            assert_eq!(ledger.claim(&entry(1), NOW), Claim::Granted);
            ledger.settle(&entry(1), &ended(end));
        }
        assert_eq!(ledger.claim(&entry(1), NOW), Claim::Granted);
        assert_eq!(ledger.claim(&entry(1), NOW.after(ABANDONED_AFTER)), Claim::Granted);
    }

    const CAPACITY: usize = BUCKETS * IN_BUCKET;

    #[test]
    fn memory_is_bounded_and_forgets_the_oldest() {
        let mut ledger = MemoryLedger::default();
        for n in 0..4 * CAPACITY {
            ledger.claim(&entry(n), NOW);
            ledger.settle(&entry(n), &ended(Ok(Outcome::Gone)));
        }
        let remembered = ledger.claims.iter().map(VecDeque::len).sum::<usize>();
        assert!((CAPACITY / 4 * 3..=CAPACITY).contains(&remembered), "{remembered}");
        assert_eq!(ledger.claim(&entry(0), NOW), Claim::Granted);
        assert!(matches!(ledger.claim(&entry(4 * CAPACITY - 1), NOW), Claim::Settled(_)));
    }
}
