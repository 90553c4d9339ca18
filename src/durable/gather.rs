//! Messages to an actor that go together.
//!
//! A message goes at once where none is under way to its actor. Those that come meanwhile wait in a line, and go as one
//! batch once that one is back: the actor deals with them in order and writes everything down once. The first of a batch
//! leads: it sends for all, and hands out the answers. Whoever sends and waits is the shell's business; here is who goes
//! when, and with whom.

use core::{mem, time::Duration};

use crate::time::Timestamp;

/// The most messages of a batch, and their bytes: a first one that is longer goes alone.
const MOST: usize = 64;
const MOST_BYTES: usize = 256 * 1024;

/// A batch that was not heard of for so long has lost its leader, and holds nobody up any more.
const LOST_AFTER: Duration = Duration::from_secs(6);

/// The messages of one sender, to any number of actors.
#[derive(Debug, Default)]
pub struct Gather {
    lines: Vec<Line>,
    last: u64,
}

/// Those to one actor.
#[derive(Debug)]
struct Line {
    actor: String,
    /// When the batch that is under way was let go.
    since: Option<Timestamp>,
    /// The number of that batch's leader.
    leader: u64,
    waiting: Batch,
}

/// Messages that go together, in the order that they came.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The number of each.
    pub numbers: Vec<u64>,
    /// Each.
    pub messages: Vec<String>,
}

impl Gather {
    /// Nobody has anything to say yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { lines: Vec::new(), last: 0 }
    }

    /// A message comes: its number, and who is to lead a batch now, if anybody. One that does not lead waits until
    /// somebody brings its answer, or until it is its turn.
    pub fn join(&mut self, actor: &str, message: String, now: Timestamp) -> (u64, Option<u64>) {
        self.last += 1;
        let number = self.last;
        if self.line(actor).is_none() {
            let actor = actor.to_owned();
            self.lines.push(Line { actor, since: None, leader: 0, waiting: Batch::default() });
        }
        let leader = self.line(actor).and_then(|line| {
            line.waiting.numbers.push(number);
            line.waiting.messages.push(message);
            line.call(now)
        });
        (number, leader)
    }

    /// What the one whose turn it is sends, its own message first.
    pub fn lead(&mut self, actor: &str) -> Batch {
        let Some(Line { waiting, .. }) = self.line(actor) else { return Batch::default() };
        let (mut count, mut bytes) = (0, 0);
        for message in waiting.messages.iter().take(MOST) {
            bytes += message.len();
            if count > 0 && bytes > MOST_BYTES {
                break;
            }
            count += 1;
        }
        let rest =
            Batch { numbers: waiting.numbers.split_off(count), messages: waiting.messages.split_off(count) };
        mem::replace(waiting, rest)
    }

    /// A batch is over, answered or not; gives who leads the next one.
    pub fn over(&mut self, actor: &str, leader: u64, now: Timestamp) -> Option<u64> {
        let line = self.line(actor)?;
        // It was given up for lost, and another one is under way.
        if line.leader != leader {
            return None;
        }
        line.since = None;
        let next = line.call(now);
        if next.is_none() {
            self.lines.retain(|line| line.actor != actor);
        }
        next
    }

    /// Somebody waits no longer; gives who leads instead, where it was to lead or its leader is lost.
    pub fn leave(&mut self, actor: &str, number: u64, now: Timestamp) -> Option<u64> {
        let line = self.line(actor)?;
        line.forget(number);
        if line.leader == number {
            return self.over(actor, number, now);
        }
        line.call(now)
    }

    fn line(&mut self, actor: &str) -> Option<&mut Line> {
        self.lines.iter_mut().find(|line| line.actor == actor)
    }
}

impl Line {
    /// Lets the first one that waits lead, where nobody does.
    fn call(&mut self, now: Timestamp) -> Option<u64> {
        if let Some(since) = self.since {
            if now.since(since) < LOST_AFTER {
                return None;
            }
            // Where it never went, it never will.
            self.forget(self.leader);
        }
        self.since = None;
        self.leader = *self.waiting.numbers.first()?;
        self.since = Some(now);
        Some(self.leader)
    }

    fn forget(&mut self, number: u64) {
        if let Some(at) = self.waiting.numbers.iter().position(|waiting| *waiting == number) {
            self.waiting.numbers.remove(at);
            self.waiting.messages.remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_748_527_971_000);

    fn join(gather: &mut Gather, message: &str) -> (u64, Option<u64>) {
        gather.join("a", message.to_owned(), NOW)
    }

    fn lead(gather: &mut Gather, actor: &str) -> Vec<(u64, String)> {
        let Batch { numbers, messages } = gather.lead(actor);
        assert_eq!(numbers.len(), messages.len());
        numbers.into_iter().zip(messages).collect()
    }

    fn batch(messages: &[(u64, &str)]) -> Vec<(u64, String)> {
        messages.iter().map(|(number, message)| (*number, (*message).to_owned())).collect()
    }

    #[test]
    fn one_goes_at_once_and_those_that_come_meanwhile_go_together_in_order() {
        let mut gather = Gather::new();
        assert_eq!(join(&mut gather, "1"), (1, Some(1)));
        assert_eq!(lead(&mut gather, "a"), batch(&[(1, "1")]));
        assert_eq!(join(&mut gather, "2"), (2, None));
        assert_eq!(join(&mut gather, "3"), (3, None));
        // Others are none of their business.
        assert_eq!(gather.join("b", "4".to_owned(), NOW), (4, Some(4)));
        assert_eq!(lead(&mut gather, "b"), batch(&[(4, "4")]));
        assert_eq!(gather.over("a", 1, NOW), Some(2));
        // Until it is sent, one may still come along.
        assert_eq!(join(&mut gather, "5"), (5, None));
        assert_eq!(lead(&mut gather, "a"), batch(&[(2, "2"), (3, "3"), (5, "5")]));
        assert_eq!(gather.over("a", 2, NOW), None);
        assert_eq!(gather.over("b", 4, NOW), None);
        assert!(gather.lines.is_empty(), "an actor that nobody waits for is forgotten");
        assert_eq!(join(&mut gather, "6"), (6, Some(6)));
    }

    #[test]
    fn a_batch_is_bounded_by_count_and_bytes() {
        let mut gather = Gather::new();
        join(&mut gather, "");
        gather.lead("a");
        for _ in 0..=MOST {
            join(&mut gather, "x");
        }
        for _ in 0..3 {
            join(&mut gather, &"y".repeat(MOST_BYTES / 2));
        }
        join(&mut gather, &"z".repeat(MOST_BYTES + 1));
        join(&mut gather, "last");
        let mut counts = Vec::new();
        let mut leader = gather.over("a", 1, NOW);
        while let Some(number) = leader {
            counts.push(lead(&mut gather, "a").len());
            leader = gather.over("a", number, NOW);
        }
        // One that is too large goes alone.
        assert_eq!(counts, [MOST, 2, 2, 1, 1]);
    }

    #[test]
    fn whoever_waits_no_longer_is_passed_over() {
        let mut gather = Gather::new();
        join(&mut gather, "1");
        gather.lead("a");
        for message in ["2", "3", "4"] {
            join(&mut gather, message);
        }
        assert_eq!(gather.leave("a", 3, NOW), None);
        assert_eq!(gather.over("a", 1, NOW), Some(2));
        // Its turn has come, and it is gone.
        assert_eq!(gather.leave("a", 2, NOW), Some(4));
        assert_eq!(lead(&mut gather, "a"), batch(&[(4, "4")]));
        assert_eq!(gather.leave("b", 9, NOW), None);
    }

    #[test]
    fn one_that_is_lost_holds_nobody_up_for_long() {
        let mut gather = Gather::new();
        join(&mut gather, "1");
        gather.lead("a");
        join(&mut gather, "2");
        let later = NOW.after(LOST_AFTER);
        // The batch never came back: the first that waits is to lead, and whoever noticed waits.
        assert_eq!(gather.join("a", "3".to_owned(), later), (3, Some(2)));
        // It never leads: its request is gone.
        let later = later.after(LOST_AFTER);
        assert_eq!(gather.join("a", "4".to_owned(), later), (4, Some(3)));
        assert_eq!(lead(&mut gather, "a"), batch(&[(3, "3"), (4, "4")]));
        // What was given up for lost and comes back after all changes nothing.
        assert_eq!(gather.over("a", 1, later), None);
        assert_eq!(gather.join("a", "5".to_owned(), later), (5, None));
        assert_eq!(gather.over("a", 3, later), Some(5));
    }

    #[test]
    fn whoever_gives_up_wakes_the_others_where_the_leader_is_lost() {
        let mut gather = Gather::new();
        join(&mut gather, "1");
        gather.lead("a");
        for message in ["2", "3"] {
            join(&mut gather, message);
        }
        assert_eq!(gather.leave("a", 2, NOW.after(LOST_AFTER)), Some(3));
    }
}
