//! What was done, over all shards.

use super::inquiry::{Ask, Heard, Inquiry, RECOVERIES, Step, list};
use crate::{
    json::{Field, Fields, Object, Over, elements, lossy},
    ledger::shard,
    text,
    time::decimal,
};

/// The most recoveries of one page.
pub(super) const MAX_PAGE: usize = 100;

/// A page of what was done, the latest first.
pub(super) struct Recoveries {
    pub(super) shards: u32,
    /// Where the page before ended: the same place in every shard, for all sort by time.
    pub(super) cursor: String,
    pub(super) limit: usize,
}

impl Inquiry for Recoveries {
    fn next(&mut self, heard: Vec<Heard>) -> Step {
        if heard.is_empty() {
            let mut message = Object::new();
            message.text("do", "recoveries").text("cursor", &self.cursor).number("limit", self.limit as u64);
            let message = message.end();
            let ask = |number| Ask { actor: shard(number), message: message.clone() };
            return Step::Ask((0..self.shards).map(ask).collect());
        }
        let mut page: Vec<(String, Vec<u8>)> = Vec::new();
        for answer in heard {
            let Some(answer) = answer else { return Step::unavailable() };
            for recovery in elements(&list(&answer, RECOVERIES)) {
                page.extend(place(recovery).map(|place| (place, recovery.to_vec())));
            }
        }
        page.sort_unstable_by(|(one, _), (other, _)| other.cmp(one));
        page.truncate(self.limit);
        let mut answer = Object::new();
        answer.open("recoveries", '[');
        for (_, recovery) in &page {
            answer.raw_element(&lossy(recovery));
        }
        answer.close(']');
        if let Some((last, _)) = page.last().filter(|_| page.len() == self.limit) {
            answer.text("cursor", last);
        }
        Step::json(answer.end())
    }
}

/// Where a recovery stands among all: what the ledger's cursors are made of.
fn place(recovery: &[u8]) -> Option<String> {
    const FIELDS: &[Field] = &[
        Field { name: "at", limit: 20, over: Over::Drop },
        Field { name: "dlqId", limit: 4096, over: Over::Drop },
    ];
    let mut fields = Fields::of(recovery, FIELDS).ok()?;
    let at = decimal(&fields.text("at")?)?;
    Some([&text::padded(at), " ", &fields.word("dlqId")?].concat())
}
