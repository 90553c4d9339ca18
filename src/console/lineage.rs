//! One run and all that it became.

use super::inquiry::{Ask, Heard, Inquiry, RECOVERIES, Step, list};
use crate::{
    ids::RunId,
    json::{Object, elements, lossy},
    ledger::shard,
};

/// The lineage of a run, of which any member may be named. Only the root's id says which shard keeps it, so that all are
/// asked.
pub(super) struct LineageOf {
    pub(super) shards: u32,
    pub(super) run: RunId,
}

impl Inquiry for LineageOf {
    fn next(&mut self, heard: Vec<Heard>) -> Step {
        if heard.is_empty() {
            let mut message = Object::new();
            message.text("do", "lineage").text("runId", self.run.as_str());
            let message = message.end();
            let ask = |number| Ask { actor: shard(number), message: message.clone() };
            return Step::Ask((0..self.shards).map(ask).collect());
        }
        let mut is_whole = true;
        for answer in heard {
            let Some(answer) = answer else {
                is_whole = false;
                continue;
            };
            let recoveries = list(&answer, RECOVERIES);
            if elements(&recoveries).next().is_some() {
                let mut answer = Object::new();
                answer.raw("recoveries", &lossy(&recoveries));
                return Step::json(answer.end());
            }
        }
        if is_whole {
            Step::error(
                404,
                "the ledger knows no such run; accepted is the id of a failed run or of one that came of it",
            )
        } else {
            Step::unavailable()
        }
    }
}
