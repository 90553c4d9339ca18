//! What an actor owes to other actors.
//!
//! A message is kept in the sender's own records, written together with what it tells of, until its receiver has taken
//! it. So it is heard at least once, however often either of them is restarted; a receiver must not mind to hear it twice.

use core::time::Duration;

use super::Records;
use crate::text::said;
use crate::{
    json::{Field, Fields, Object, Over},
    text,
    time::{Timestamp, decimal, doubled},
};

/// The first pause after a message was not taken; it doubles with each try.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest pause.
const MAX_PAUSE: Duration = Duration::from_mins(5);

/// After so many tries, some 16 hours, a message is given up: nobody of that name is there.
const MAX_TRIES: u64 = 200;

/// The most messages that go at a time: a receiver writes down once what they tell it together.
pub const MOST: usize = 100;

/// And their bytes.
const MOST_BYTES: usize = 256 * 1024;

const LETTER: &str = "outbox/";
const NUMBER: &str = "outbox-number";

/// Messages to one receiver, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// The receiver's name.
    pub to: String,
    /// The messages: none is empty.
    pub messages: Vec<String>,
    keys: Vec<String>,
}

/// Owes an actor a message, to be told as soon as possible.
pub fn push(records: &mut dyn Records, to: &str, message: &str, now: Timestamp) {
    put(records, to, message, 0, now);
}

/// What is due, the oldest first: for each receiver, what it is to be told together. Ask here before any errand is given
/// out; all may go at the same time, and each is to come back to [`returned`].
pub fn due(records: &mut dyn Records, now: Timestamp) -> Vec<Post> {
    let (mut due, mut bytes): (Vec<Post>, usize) = (Vec::new(), 0);
    for (key, letter) in records.scan(LETTER, "", MOST) {
        if due_at(&key).is_some_and(|at| at > now) {
            break;
        }
        let Some((to, message, _)) = read(&letter) else {
            records.delete(&key);
            continue;
        };
        bytes += message.len();
        if bytes > MOST_BYTES && !due.is_empty() {
            break;
        }
        match due.iter_mut().find(|post| post.to == to) {
            Some(post) => {
                post.messages.push(message);
                post.keys.push(key);
            }
            None => due.push(Post { to, messages: vec![message], keys: vec![key] }),
        }
    }
    due
}

/// Takes in what became of messages: those that have no answer, or an empty one, are told again later. Nobody can tell
/// whether they were heard, or their receiver made nothing of them.
pub fn returned(records: &mut dyn Records, post: &Post, answers: &[String], now: Timestamp) {
    for (number, key) in post.keys.iter().enumerate() {
        let letter = records.get(key);
        records.delete(key);
        if answers.get(number).is_none_or(String::is_empty)
            && let Some((to, message, tries)) = letter.as_deref().and_then(read)
            && tries < MAX_TRIES
        {
            let pause = doubled(PAUSE, tries, MAX_PAUSE);
            put(records, &to, &message, tries + 1, now.after(pause));
        }
    }
}

/// When the next message is due.
pub fn wakes(records: &dyn Records) -> Option<Timestamp> {
    due_at(&records.scan(LETTER, "", 1).first()?.0)
}

fn put(records: &mut dyn Records, to: &str, message: &str, tries: u64, due: Timestamp) {
    let number = records.get(NUMBER).and_then(|number| decimal(&number)).unwrap_or_default() + 1;
    records.put(NUMBER, &said(&number));
    let key = [LETTER, &text::padded(due.as_millis()), " ", &text::padded(number)].concat();
    let mut letter = Object::new();
    letter.text("to", to).number("tries", tries).text("message", message);
    records.put(&key, &letter.end());
}

fn read(letter: &str) -> Option<(String, String, u64)> {
    const FIELDS: &[Field] = &[
        Field { name: "to", limit: 4096, over: Over::Drop },
        Field { name: "tries", limit: 20, over: Over::Drop },
        Field { name: "message", limit: 512 * 1024, over: Over::Drop },
    ];
    let mut letter = Fields::of(letter.as_bytes(), FIELDS).ok()?;
    Some((letter.word("to")?, letter.word("message")?, decimal(&letter.text("tries")?)?))
}

fn due_at(key: &str) -> Option<Timestamp> {
    let (due, _) = text::cut(key.strip_prefix(LETTER)?, b' ')?;
    decimal(due).map(Timestamp::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::MemoryRecords;

    const NOW: Timestamp = Timestamp::from_millis(1_748_527_971_000);

    /// Lets what is due go; of each message, to whom and what. `hears` says which are answered.
    fn go(
        records: &mut MemoryRecords,
        now: Timestamp,
        hears: &dyn Fn(&str) -> bool,
    ) -> Vec<(String, String)> {
        let mut told = Vec::new();
        for post in due(records, now) {
            let answers: Vec<_> = post
                .messages
                .iter()
                .map(|message| if hears(message) { "{}".to_owned() } else { String::new() })
                .collect();
            returned(records, &post, &answers, now);
            told.extend(post.messages.into_iter().map(|message| (post.to.clone(), message)));
        }
        told
    }

    fn told(to: &str, messages: impl Iterator<Item = usize>) -> Vec<(String, String)> {
        messages.map(|n| (to.to_owned(), n.to_string())).collect()
    }

    #[test]
    fn messages_are_told_in_order_and_together_and_forgotten_once_they_are_taken() {
        let mut records = MemoryRecords::default();
        for n in 0..MOST + 2 {
            push(&mut records, "a", &n.to_string(), NOW);
        }
        push(&mut records, "b", "0", NOW);
        let all = |_: &str| true;
        assert_eq!(due(&mut records, NOW).len(), 1);
        assert_eq!(go(&mut records, NOW, &all), told("a", 0..MOST));
        assert_eq!(wakes(&records), Some(NOW));
        // Those to others go beside them.
        assert_eq!(due(&mut records, NOW).len(), 2);
        assert_eq!(go(&mut records, NOW, &all), [told("a", MOST..MOST + 2), told("b", 0..1)].concat());
        assert_eq!((due(&mut records, NOW), wakes(&records)), (Vec::new(), None));
    }

    #[test]
    fn only_what_was_not_heard_is_told_again() {
        let mut records = MemoryRecords::default();
        for n in 0..3 {
            push(&mut records, "a", &n.to_string(), NOW);
        }
        go(&mut records, NOW, &|message| message != "1");
        assert_eq!(due(&mut records, NOW), []);
        assert_eq!(go(&mut records, NOW.after(PAUSE), &|_| true), told("a", 1..2));
        assert_eq!(wakes(&records), None);
    }

    #[test]
    fn large_messages_go_one_by_one() {
        let mut records = MemoryRecords::default();
        let large = "1".repeat(MOST_BYTES);
        for to in ["a", "b"] {
            push(&mut records, to, &large, NOW);
        }
        for to in ["a", "b"] {
            assert_eq!(go(&mut records, NOW, &|_| true), [(to.to_owned(), large.clone())]);
        }
    }

    #[test]
    fn what_was_not_taken_is_told_again_and_holds_nothing_up() {
        let mut records = MemoryRecords::default();
        push(&mut records, "gone", "1", NOW);
        push(&mut records, "there", "2", NOW);
        let there = |message: &str| message == "2";
        assert_eq!(go(&mut records, NOW, &there), [told("gone", 1..2), told("there", 2..3)].concat());
        let later = NOW.after(PAUSE);
        assert_eq!(wakes(&records), Some(later));
        assert_eq!(go(&mut records, later, &there), told("gone", 1..2));
        assert_eq!(wakes(&records), Some(later.after(PAUSE * 2)));
    }

    #[test]
    fn one_that_never_came_back_is_told_again() {
        let mut records = MemoryRecords::default();
        push(&mut records, "a", "1", NOW);
        assert_eq!(due(&mut records, NOW).len(), 1);
        assert_eq!(go(&mut records, NOW, &|_| true), told("a", 1..2));
        assert_eq!(due(&mut records, NOW), []);
    }

    #[test]
    fn nobody_is_told_for_ever() {
        let mut records = MemoryRecords::default();
        push(&mut records, "nobody", "1", NOW);
        let mut now = NOW;
        let mut tries = 0;
        while let Some(due) = wakes(&records) {
            now = due;
            assert_eq!(go(&mut records, now, &|_| false).len(), 1);
            tries += 1;
        }
        assert_eq!(tries, 201);
        assert!(now.since(NOW) > Duration::from_hours(12));
    }
}
