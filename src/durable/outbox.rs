//! What an actor owes to other actors.
//!
//! A message is kept in the sender's own records, written together with what it tells of, until its receiver has taken
//! it. So it is heard at least once, however often either of them is restarted; a receiver must not mind to hear it twice.

use core::time::Duration;

use super::{Errand, Records};
use crate::text::said;
use crate::{
    dlq::Transported,
    json::{Field, Fields, Object, Over, elements, scalar},
    text,
    time::{Timestamp, decimal, doubled},
};

/// The first pause after a message was not taken; it doubles with each try.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest pause.
const MAX_PAUSE: Duration = Duration::from_mins(5);

/// After so many tries, some 16 hours, a message is given up: nobody of that name is there.
const MAX_TRIES: u64 = 200;

/// Messages that one errand takes, and their bytes: a receiver writes down once what they tell it together.
const MOST: usize = 50;
const MOST_BYTES: usize = 256 * 1024;

/// How a bundle begins.
const BUNDLE: &str = "{\"do\":\"many\"";

const LETTER: &str = "outbox/";
const NUMBER: &str = "outbox-number";
/// The keys of the messages that are being told.
const ON_ITS_WAY: &str = "outbox-way";

/// Owes an actor a message, to be told as soon as possible.
pub fn push(records: &mut dyn Records, to: &str, message: &str, now: Timestamp) {
    put(records, to, message, 0, now);
}

/// What is due, the oldest first: as many messages as one errand takes to the same receiver. Ask here before any errand of
/// another kind is given out.
pub fn errand(records: &mut dyn Records, now: Timestamp) -> Option<Errand> {
    records.delete(ON_ITS_WAY);
    let mut receiver: Option<String> = None;
    let (mut keys, mut messages, mut bytes) = (Vec::new(), Vec::new(), 0);
    for (key, letter) in records.scan(LETTER, "", MOST) {
        if due(&key).is_some_and(|due| due > now) {
            break;
        }
        let Some((to, message, _)) = read(&letter) else {
            records.delete(&key);
            continue;
        };
        bytes += message.len();
        if receiver.as_ref().is_some_and(|receiver| *receiver != to)
            || (bytes > MOST_BYTES && !keys.is_empty())
        {
            continue;
        }
        receiver = Some(to);
        keys.push(key);
        messages.push(message);
    }
    records.put(ON_ITS_WAY, &keys.join("\n"));
    let message = if messages.len() == 1 { messages.pop()? } else { bundle(&messages) };
    Some(Errand::Tell { actor: receiver?, message })
}

/// Takes in what became of the errand that was given last; `false` where that was none of the outbox.
pub fn returned(records: &mut dyn Records, answer: &Transported, now: Timestamp) -> bool {
    let Some(keys) = records.get(ON_ITS_WAY).filter(|keys| !keys.is_empty()) else { return false };
    records.delete(ON_ITS_WAY);
    let answer = answer.as_ref().ok().filter(|answer| answer.status() == 200);
    let unheard = answer.map(|answer| unheard(answer.body()));
    for (number, key) in text::parts(&keys, b'\n').enumerate() {
        let letter = records.get(key);
        records.delete(key);
        let was_taken = unheard.as_ref().is_some_and(|unheard| !unheard.contains(&said(&number)));
        if !was_taken
            && let Some((to, message, tries)) = letter.as_deref().and_then(read)
            && tries < MAX_TRIES
        {
            let pause = doubled(PAUSE, tries, MAX_PAUSE);
            put(records, &to, &message, tries + 1, now.after(pause));
        }
    }
    true
}

/// The messages of a bundle; `None` for a message of its own.
pub(super) fn unbundle(message: &str) -> Option<Vec<u8>> {
    const FIELDS: &[Field] = &[Field { name: "messages", limit: 2 * MOST_BYTES, over: Over::Drop }];
    if !message.starts_with(BUNDLE) {
        return None;
    }
    Fields::of(message.as_bytes(), FIELDS).ok()?.raw("messages")
}

fn bundle(messages: &[String]) -> String {
    [BUNDLE, ",\"messages\":[", &messages.join(","), "]}"].concat()
}

/// Those messages of a bundle that its receiver could make nothing of, by their numbers.
fn unheard(answer: &[u8]) -> Vec<String> {
    const FIELDS: &[Field] = &[Field { name: "unheard", limit: 1024, over: Over::Drop }];
    let numbers = Fields::of(answer, FIELDS).ok().and_then(|mut fields| fields.raw("unheard"));
    elements(&numbers.unwrap_or_default()).filter_map(scalar).collect()
}

/// When the next message is due.
pub fn wakes(records: &dyn Records) -> Option<Timestamp> {
    due(&records.scan(LETTER, "", 1).first()?.0)
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

fn due(key: &str) -> Option<Timestamp> {
    let (due, _) = text::cut(key.strip_prefix(LETTER)?, b' ')?;
    decimal(due).map(Timestamp::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dlq::{ApiResponse, TransportError},
        durable::MemoryRecords,
    };

    const NOW: Timestamp = Timestamp::from_millis(1_748_527_971_000);

    #[expect(clippy::unnecessary_wraps, reason = "stands beside answers that are lost")]
    fn taken() -> Transported {
        Ok(ApiResponse::new(200, "{}", |_| None))
    }

    fn lost() -> Transported {
        Err(TransportError::interrupted("reset"))
    }

    #[expect(clippy::unnecessary_wraps, reason = "stands beside no errand")]
    fn tell(actor: &str, message: &str) -> Option<Errand> {
        Some(Errand::Tell { actor: actor.to_owned(), message: message.to_owned() })
    }

    #[test]
    fn messages_are_told_in_order_and_together_and_forgotten_once_they_are_taken() {
        let mut records = MemoryRecords::default();
        for n in 0..MOST + 2 {
            push(&mut records, "a", &n.to_string(), NOW);
        }
        push(&mut records, "b", "0", NOW);
        let numbers =
            |from: usize, to: usize| (from..to).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
        let first = format!(r#"{{"do":"many","messages":[{}]}}"#, numbers(0, MOST));
        assert_eq!(errand(&mut records, NOW), tell("a", &first));
        assert!(returned(&mut records, &taken(), NOW));
        assert_eq!(wakes(&records), Some(NOW));
        let second = format!(r#"{{"do":"many","messages":[{}]}}"#, numbers(MOST, MOST + 2));
        assert_eq!(errand(&mut records, NOW), tell("a", &second));
        assert!(returned(&mut records, &taken(), NOW));
        assert_eq!(errand(&mut records, NOW), tell("b", "0"));
        assert!(returned(&mut records, &taken(), NOW));
        assert_eq!((errand(&mut records, NOW), wakes(&records)), (None, None));
        assert!(!returned(&mut records, &taken(), NOW));
    }

    #[test]
    fn of_a_bundle_only_what_was_not_heard_is_told_again() {
        let mut records = MemoryRecords::default();
        for n in 0..3 {
            push(&mut records, "a", &n.to_string(), NOW);
        }
        errand(&mut records, NOW);
        returned(&mut records, &Ok(ApiResponse::new(200, r#"{"unheard":[1]}"#, |_| None)), NOW);
        assert_eq!(errand(&mut records, NOW), None);
        assert_eq!(errand(&mut records, NOW.after(PAUSE)), tell("a", "1"));
    }

    #[test]
    fn large_messages_go_one_by_one() {
        let mut records = MemoryRecords::default();
        let large = "1".repeat(MOST_BYTES);
        for _ in 0..2 {
            push(&mut records, "a", &large, NOW);
        }
        assert_eq!(errand(&mut records, NOW), tell("a", &large));
    }

    #[test]
    fn what_was_not_taken_is_told_again_and_holds_nothing_up() {
        let mut records = MemoryRecords::default();
        push(&mut records, "gone", "1", NOW);
        push(&mut records, "there", "2", NOW);
        assert_eq!(errand(&mut records, NOW), tell("gone", "1"));
        returned(&mut records, &lost(), NOW);
        assert_eq!(errand(&mut records, NOW), tell("there", "2"));
        returned(&mut records, &taken(), NOW);
        assert_eq!(errand(&mut records, NOW), None);
        let later = NOW.after(PAUSE);
        assert_eq!(wakes(&records), Some(later));
        assert_eq!(errand(&mut records, later), tell("gone", "1"));
        returned(&mut records, &Ok(ApiResponse::new(404, "", |_| None)), later);
        assert_eq!(wakes(&records), Some(later.after(PAUSE * 2)));
    }

    #[test]
    fn one_that_never_came_back_is_told_again() {
        let mut records = MemoryRecords::default();
        push(&mut records, "a", "1", NOW);
        assert_eq!(errand(&mut records, NOW), tell("a", "1"));
        assert_eq!(errand(&mut records, NOW), tell("a", "1"));
        assert!(returned(&mut records, &taken(), NOW));
        assert_eq!(errand(&mut records, NOW), None);
    }

    #[test]
    fn nobody_is_told_for_ever() {
        let mut records = MemoryRecords::default();
        push(&mut records, "nobody", "1", NOW);
        let mut now = NOW;
        let mut tries = 0;
        while let Some(due) = wakes(&records) {
            now = due;
            assert!(errand(&mut records, now).is_some());
            returned(&mut records, &lost(), now);
            tries += 1;
        }
        assert_eq!(tries, 201);
        assert!(now.since(NOW) > Duration::from_hours(12));
    }
}
