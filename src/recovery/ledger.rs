//! Claims in memory: what one isolate remembers.

use core::time::Duration;
use std::collections::VecDeque;

use super::{Claim, Conclusion, Outcome};
use crate::{ids::DlqId, time::Timestamp};

/// The most entries that are remembered; the oldest are forgotten first.
const CAPACITY: usize = 1024;

/// A claim that was never settled is free again after this: its request was cancelled on the way.
const ABANDONED_AFTER: Duration = Duration::from_mins(2);

/// The claims of one isolate. A second delivery that meets the same isolate gets the first one's conclusion; one that
/// does not is stopped by the queue itself, where the entry is gone.
#[derive(Debug, Default)]
pub struct MemoryLedger {
    /// Oldest first. Few enough to look through, by what is quickly compared.
    claims: VecDeque<Entry>,
}

#[derive(Debug)]
struct Entry {
    hash: u64,
    id: DlqId,
    state: State,
}

#[derive(Debug)]
enum State {
    Pending { since: Timestamp },
    Settled(Box<Conclusion>),
}

impl MemoryLedger {
    /// Claims an entry.
    pub fn claim(&mut self, entry: &DlqId, now: Timestamp) -> Claim {
        match self.state(entry) {
            Some(State::Settled(first)) => return Claim::Settled(first.clone()),
            Some(State::Pending { since }) if now.since(*since) < ABANDONED_AFTER => return Claim::Pending,
            Some(State::Pending { since }) => *since = now,
            None => {
                if self.claims.len() == CAPACITY {
                    self.claims.pop_front();
                }
                let state = State::Pending { since: now };
                self.claims.push_back(Entry { hash: hash(entry), id: entry.clone(), state });
            }
        }
        Claim::Granted
    }

    /// Keeps a final outcome; anything else frees the claim, for the next delivery to try again.
    pub fn settle(&mut self, entry: &DlqId, conclusion: &Conclusion) {
        if !conclusion.outcome.as_ref().is_ok_and(Outcome::is_final) {
            self.claims.retain(|claim| claim.id != *entry);
        } else if let Some(state) = self.state(entry) {
            *state = State::Settled(Box::new(conclusion.clone()));
        }
    }

    fn state(&mut self, entry: &DlqId) -> Option<&mut State> {
        let hash = hash(entry);
        let mut claims = self.claims.iter_mut().rev();
        claims.find(|claim| claim.hash == hash && claim.id == *entry).map(|claim| &mut claim.state)
    }
}

/// FNV-1a. Ids that somebody has chosen to be alike only take longer.
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

    #[test]
    fn memory_is_bounded_and_forgets_the_oldest() {
        let mut ledger = MemoryLedger::default();
        for n in 0..=CAPACITY {
            ledger.claim(&entry(n), NOW);
            ledger.settle(&entry(n), &ended(Ok(Outcome::Gone)));
        }
        assert_eq!(ledger.claims.len(), CAPACITY);
        assert_eq!(ledger.claim(&entry(0), NOW), Claim::Granted);
        assert!(matches!(ledger.claim(&entry(2), NOW), Claim::Settled(_)));
    }
}
