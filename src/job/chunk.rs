//! Acting on entries, as many in a call as one takes.

use super::desk::{Desk, Turn};
use super::pace::Pace;
use super::state::{Phase, Rest};
use super::transcript;
use crate::{
    client::{Act, Acted, Machine, Memory},
    dlq::{Entry, Ids, MAX_PER_CALL, Method},
    durable::Records,
    ids::{DlqId, RunId},
    text::{self, find, said},
    time::{Timestamp, millis},
};

/// Where entries are, in the order of their ids; those of QStash begin with the time, so that the oldest come first.
pub(super) const ENTRY: &str = "entry/";

/// Where runs of the canary are, with the time of their creation.
pub(super) const RUN: &str = "run/";

const LEFT: &str = "left";

pub(super) fn entry_key(id: &str) -> String {
    [ENTRY, id].concat()
}

/// What is kept of an entry that was found, and whether it must be left alone: its state, its run, and words.
pub(super) fn found(entry: &Entry) -> (String, bool) {
    let run = entry.run_id.as_ref().map_or("-", RunId::as_str);
    // It cannot be named in a list.
    let is_refused = find(entry.dlq_id.as_str(), ",").is_some();
    let (state, words) = if is_refused { ("refused", " a DLQ id with a comma") } else { (LEFT, "") };
    ([state, " ", run, words].concat(), is_refused)
}

/// State, run and words of an entry.
pub(super) fn parts(value: &str) -> (&str, &str, &str) {
    let (state, rest) = text::cut(value, b' ').unwrap_or((value, ""));
    let (run, words) = text::cut(rest, b' ').unwrap_or((rest, ""));
    (state, run, words)
}

/// What comes behind a key in the order of keys. No id has a character below this.
pub(super) fn behind(key: &str) -> String {
    if key.is_empty() { String::new() } else { [key, " "].concat() }
}

impl Desk<'_> {
    /// Goes on with the present call, or begins the next one.
    pub(super) fn act(&mut self) -> Turn {
        let pace = Pace::of(self.order.rate);
        if transcript::is_empty(self.records) {
            if self.now() < self.state.next {
                return Turn::Wait(Timestamp::from_millis(self.state.next));
            }
            let size = pace.entries.try_into().unwrap_or(u64::MAX);
            self.state.size = size.min(self.canary_left().unwrap_or(size));
        }
        let Some((mut act, memory)) = self.present() else {
            self.state.rest = Some(Rest::Done);
            return Turn::On;
        };
        let turn = self.play(&mut *act, &memory);
        let acts = act.request().method != Method::Get;
        match turn {
            Turn::On => self.finish(&act.acted, &memory),
            // All that was sent is settled, and nothing more is to be.
            _ if acts && self.state.asked == Some(Rest::Cancelled) => {
                self.finish(&act.acted, &memory);
                self.state.rest = Some(Rest::Cancelled);
            }
            Turn::Send(_) if acts => {
                self.state.next = self.now().saturating_add(pace.millis);
                return turn;
            }
            turn => return turn,
        }
        Turn::On
    }

    /// Ends the present call if all is known of it.
    pub(super) fn settle(&mut self) {
        if let Some((mut act, memory)) = self.present()
            && matches!(self.replay(&mut *act, &memory, false), Turn::On)
        {
            self.finish(&act.acted, &memory);
        }
    }

    /// The present call from its beginning, and what earlier ones have shown; `None` where no entries are left.
    fn present(&self) -> Option<(Box<Act>, Memory)> {
        let ids = self.chunk();
        if ids.is_empty() {
            return None;
        }
        let witness = DlqId::new(self.state.witness.as_str()).ok();
        let keeps = (!self.state.keeps.is_empty()).then(|| self.state.keeps == "yes");
        Some((Act::many(self.order.action(), Ids(ids)), Memory::recalled(witness, keeps)))
    }

    /// How many entries the canary lacks; `None` where it is no longer about that.
    fn canary_left(&self) -> Option<u64> {
        let canary = self.order.canary.filter(|_| self.state.phase == Phase::Canary)?;
        Some(u64::from(canary.count).saturating_sub(self.state.dealt()).max(1))
    }

    /// The entries of the present call: the first that are left, the same until it is settled.
    fn chunk(&self) -> Vec<DlqId> {
        let mut ids = Vec::new();
        let size = usize::try_from(self.state.size).unwrap_or(MAX_PER_CALL);
        for (key, value) in self.records.scan(ENTRY, &behind(&self.state.at), 2 * MAX_PER_CALL) {
            let id = key.strip_prefix(ENTRY).filter(|_| parts(&value).0 == LEFT && ids.len() < size);
            ids.extend(id.and_then(|id| DlqId::new(id).ok()));
        }
        ids
    }

    /// Keeps what came of the entries of a call.
    fn finish(&mut self, acted: &Acted, memory: &Memory) {
        self.state.resumed += mark(self.records, &acted.done, "resumed", "");
        self.state.resumed += mark(self.records, &acted.settled, "resumed", "");
        self.state.gone += mark(self.records, &acted.gone, "gone", "");
        self.state.failed += mark(self.records, &acted.ambiguous, "failed", UNKNOWN);
        for refused in &acted.refused {
            let why = self.clean(&said(&refused.error));
            self.state.refused += mark(self.records, core::slice::from_ref(&refused.dlq_id), "refused", &why);
        }
        if self.state.phase == Phase::Canary {
            for created in &acted.created {
                let at = created.created_at.map_or(String::new(), |at| said(&at.as_millis()));
                self.records.put(&[RUN, created.run_id.as_str()].concat(), &at);
            }
        }
        let (witness, keeps) = memory.known();
        self.state.witness = witness.map_or(String::new(), |witness| witness.as_str().to_owned());
        keeps.map_or("", |keeps| if keeps { "yes" } else { "no" }).clone_into(&mut self.state.keeps);
        transcript::clear(self.records);
        self.advance();
        if let Some(error) = &acted.stopped {
            self.fail(&said(error));
        } else if self.state.left() == 0 {
            self.state.rest = Some(Rest::Done);
        } else if let Some(canary) = self.order.canary
            && self.state.phase == Phase::Canary
            && self.state.dealt() >= canary.count.into()
        {
            self.state.phase = Phase::Waiting;
            self.state.due = self.now().saturating_add(millis(canary.wait));
        }
    }

    /// Entries at the beginning that are dealt with are not looked at again.
    fn advance(&mut self) {
        for (key, value) in self.records.scan(ENTRY, &behind(&self.state.at), 2 * MAX_PER_CALL) {
            if parts(&value).0 == LEFT {
                break;
            }
            self.state.at = key;
        }
    }
}

const UNKNOWN: &str = "it is not known whether QStash did this";

/// Marks entries, and counts them.
fn mark(records: &mut dyn Records, ids: &[DlqId], state: &str, words: &str) -> u64 {
    for id in ids {
        let key = entry_key(id.as_str());
        let value = records.get(&key).unwrap_or_default();
        let (_, run, _) = parts(&value);
        let blank = if words.is_empty() { "" } else { " " };
        records.put(&key, &[state, " ", run, blank, words].concat());
    }
    ids.len() as u64
}
