//! Notices that not every channel has taken yet.

use super::{channel::Channel, story::Story};
use crate::{
    durable::{Records, tally},
    json::{Field, Fields, Object, Over},
    text::{padded, said},
    time::{Timestamp, decimal},
};

/// `notice/` and its number.
const NOTICE: &str = "notice/";
const LAST: &str = "last";

/// The most notices that wait; then the oldest is told together with the next of its kind.
const MAX_WAITING: usize = 100;

/// A notice that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    /// The same each time it is sent.
    pub(super) id: String,
    /// The channels that have not taken it.
    pub(super) pending: Vec<Channel>,
    pub(super) story: Story,
    /// What was done about the run's lineage, as a JSON list; `None` until it was asked for.
    pub(super) history: Option<String>,
}

/// Adds a notice for these channels. `flying` is the number of one that is being sent and must stay as it is.
pub(super) fn push(
    records: &mut dyn Records,
    story: Story,
    pending: Vec<Channel>,
    now: Timestamp,
    flying: Option<u64>,
) {
    let number = records.get(LAST).and_then(|last| decimal(&last)).unwrap_or_default() + 1;
    records.put(LAST, &said(&number));
    let id = ["ntc_", &said(&now.as_millis()), "_", &said(&number)].concat();
    put(records, number, &Waiting { id, pending, story, history: None });
    let all = all(records);
    if all.len() > MAX_WAITING {
        merge(records, all, flying);
    }
}

/// All that wait, by their numbers, the oldest first.
pub(super) fn all(records: &dyn Records) -> Vec<(u64, Waiting)> {
    let mut all = Vec::new();
    for (key, json) in records.scan(NOTICE, "", MAX_WAITING + 1) {
        let number = key.strip_prefix(NOTICE).and_then(decimal);
        all.extend(number.zip(Waiting::from_json(&json)));
    }
    all
}

pub(super) fn find(records: &dyn Records, number: u64) -> Option<Waiting> {
    Waiting::from_json(&records.get(&key(number))?)
}

/// Keeps a notice, or forgets it where nobody waits for it any more.
pub(super) fn put(records: &mut dyn Records, number: u64, waiting: &Waiting) {
    if waiting.pending.is_empty() {
        records.delete(&key(number));
    } else {
        records.put(&key(number), &waiting.to_json());
    }
}

/// Tells the oldest notice together with the next one of its kind for the same channels.
fn merge(records: &mut dyn Records, mut all: Vec<(u64, Waiting)>, flying: Option<u64>) {
    all.retain(|(number, _)| Some(*number) != flying);
    while !all.is_empty() {
        let (number, oldest) = all.remove(0);
        let alike =
            |other: &Waiting| other.story.kind == oldest.story.kind && other.pending == oldest.pending;
        let Some((into, mut next)) = all.iter().find(|(_, other)| alike(other)).cloned() else { continue };
        next.story.add(&oldest.story);
        put(records, into, &next);
        records.delete(&key(number));
        tally::add(records, &["merged", oldest.story.kind.name()], 1);
        return;
    }
}

fn key(number: u64) -> String {
    [NOTICE, &padded(number)].concat()
}

impl Waiting {
    fn to_json(&self) -> String {
        let mut waiting = Object::new();
        waiting.text("id", &self.id).open("pending", '[');
        for channel in &self.pending {
            waiting.element(channel.name());
        }
        waiting.close(']');
        waiting.raw("story", &self.story.to_json());
        if let Some(history) = &self.history {
            waiting.raw("history", history);
        }
        waiting.end()
    }

    fn from_json(json: &str) -> Option<Self> {
        const FIELDS: &[Field] = &[field("id"), field("pending"), field("story"), field("history")];
        let mut fields = Fields::of(json.as_bytes(), FIELDS).ok()?;
        let mut pending = Vec::new();
        for name in fields.strings("pending") {
            pending.extend(Channel::named(&name));
        }
        Some(Self {
            id: fields.word("id")?,
            pending,
            story: Story::from_json(&fields.raw("story")?)?,
            history: fields.raw("history").and_then(|json| String::from_utf8(json).ok()),
        })
    }
}

const fn field(name: &'static str) -> Field {
    Field { name, limit: 128 * 1024, over: Over::Drop }
}
