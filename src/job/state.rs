//! What a job knows of itself, as it is stored.

use crate::{
    durable::Records,
    json::{Field, Fields, Object, Over},
    time::decimal,
};

const KEY: &str = "job";

/// What a job knows of itself. Times are epoch milliseconds, 0 for none.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct State {
    pub(super) id: String,
    /// The order, as it was given.
    pub(super) order: String,
    pub(super) phase: Phase,
    /// Why nothing is done at present.
    pub(super) rest: Option<Rest>,
    /// What is to follow once it is known what came of the present call.
    pub(super) asked: Option<Rest>,
    /// Why it halted or failed, in words.
    pub(super) reason: String,
    /// Which errand has not returned.
    pub(super) out: Out,
    pub(super) started: u64,
    pub(super) changed: u64,
    /// There is nothing to do before.
    pub(super) due: u64,
    /// The next call that acts is not made before.
    pub(super) next: u64,
    pub(super) found: u64,
    pub(super) resumed: u64,
    pub(super) gone: u64,
    pub(super) refused: u64,
    pub(super) failed: u64,
    /// Whether more entries match than the ceiling allows.
    pub(super) more: u64,
    /// Where the next page of the list begins.
    pub(super) cursor: String,
    /// How many entries a page may have.
    pub(super) count: u64,
    /// How often the queue was gone through, how many pages it had this time, and whether any of them was news.
    pub(super) pass: u64,
    pub(super) pages: u64,
    pub(super) news: u64,
    /// Entries up to this one are dealt with.
    pub(super) at: String,
    /// How many entries the present call is about.
    pub(super) size: u64,
    /// The run of the canary that was looked at last.
    pub(super) judged: String,
    /// How many of the canary's runs are known, and have failed again.
    pub(super) known: u64,
    pub(super) broken: u64,
    /// What earlier calls have shown: an entry that was resumed, and whether such entries stay in the queue.
    pub(super) witness: String,
    pub(super) keeps: String,
}

/// How far a job has got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// It finds out what matches.
    #[default]
    Listing,
    /// It acts on the first few.
    Canary,
    /// Their runs are left alone for a while.
    Waiting,
    /// It looks what became of them.
    Judging,
    /// It acts on all others.
    Running,
}

/// Why a job does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    Paused,
    /// The canary has not done well.
    Halted,
    /// It cannot go on before somebody mends something.
    Failed,
    Cancelled,
    Done,
}

/// An errand that is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Out {
    #[default]
    None,
    /// One that changes nothing.
    Look,
    /// One that acts on entries.
    Call,
}

impl Phase {
    const ALL: [Self; 5] = [Self::Listing, Self::Canary, Self::Waiting, Self::Judging, Self::Running];

    const fn name(self) -> &'static str {
        match self {
            Self::Listing => "listing",
            Self::Canary => "canary",
            Self::Waiting => "waiting",
            Self::Judging => "judging",
            Self::Running => "running",
        }
    }

    /// Whether entries are acted on.
    pub(super) const fn acts(self) -> bool {
        matches!(self, Self::Canary | Self::Running)
    }
}

impl Rest {
    const ALL: [Self; 5] = [Self::Paused, Self::Halted, Self::Failed, Self::Cancelled, Self::Done];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Halted => "halted",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Done => "done",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rest| rest.name() == name)
    }

    /// Whether nothing follows any more.
    pub(super) const fn is_final(self) -> bool {
        matches!(self, Self::Cancelled | Self::Done)
    }
}

impl Out {
    const ALL: [Self; 3] = [Self::None, Self::Look, Self::Call];

    const fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Look => "look",
            Self::Call => "call",
        }
    }
}

impl State {
    /// The state as operators see it.
    pub(super) fn shown(&self) -> &'static str {
        match (self.rest, self.phase) {
            (Some(rest), _) => rest.name(),
            (None, Phase::Judging) => Phase::Waiting.name(),
            (None, phase) => phase.name(),
        }
    }

    /// Entries that nothing was done about yet.
    pub(super) const fn left(&self) -> u64 {
        self.found.saturating_sub(self.dealt())
    }

    /// Entries that were dealt with, one way or another.
    pub(super) const fn dealt(&self) -> u64 {
        self.resumed + self.gone + self.refused + self.failed
    }

    /// `None` where there is no such job.
    pub(super) fn load(records: &dyn Records) -> Option<Self> {
        let json = records.get(KEY)?;
        let mut fields = Fields::of(json.as_bytes(), FIELDS).ok()?;
        let mut state = Self::default();
        for (name, number) in state.numbers() {
            *number = fields.text(name).and_then(|number| decimal(&number)).unwrap_or_default();
        }
        for (name, text) in state.texts() {
            *text = fields.string(name).unwrap_or_default();
        }
        let mut word = |name| fields.string(name).unwrap_or_default();
        let (phase, out) = (word("phase"), word("out"));
        state.phase = Phase::ALL.into_iter().find(|known| known.name() == phase).unwrap_or_default();
        state.out = Out::ALL.into_iter().find(|known| known.name() == out).unwrap_or_default();
        state.rest = Rest::named(&word("rest"));
        state.asked = Rest::named(&word("asked"));
        Some(state)
    }

    pub(super) fn store(mut self, records: &mut dyn Records) {
        let mut json = Object::new();
        for (name, number) in self.numbers() {
            json.number(name, *number);
        }
        for (name, text) in self.texts() {
            json.text(name, text);
        }
        let name = |rest: Option<Rest>| rest.map_or("", Rest::name);
        json.text("phase", self.phase.name()).text("out", self.out.name());
        json.text("rest", name(self.rest)).text("asked", name(self.asked));
        records.put(KEY, &json.end());
    }

    const fn numbers(&mut self) -> [(&'static str, &mut u64); 17] {
        [
            ("started", &mut self.started),
            ("changed", &mut self.changed),
            ("due", &mut self.due),
            ("next", &mut self.next),
            ("found", &mut self.found),
            ("resumed", &mut self.resumed),
            ("gone", &mut self.gone),
            ("refused", &mut self.refused),
            ("failed", &mut self.failed),
            ("more", &mut self.more),
            ("count", &mut self.count),
            ("pass", &mut self.pass),
            ("pages", &mut self.pages),
            ("news", &mut self.news),
            ("size", &mut self.size),
            ("known", &mut self.known),
            ("broken", &mut self.broken),
        ]
    }

    const fn texts(&mut self) -> [(&'static str, &mut String); 8] {
        [
            ("id", &mut self.id),
            ("order", &mut self.order),
            ("reason", &mut self.reason),
            ("cursor", &mut self.cursor),
            ("at", &mut self.at),
            ("judged", &mut self.judged),
            ("witness", &mut self.witness),
            ("keeps", &mut self.keeps),
        ]
    }
}

const fn field(name: &'static str) -> Field {
    Field { name, limit: 512 * 1024, over: Over::Drop }
}

const FIELDS: &[Field] = &[
    field("started"),
    field("changed"),
    field("due"),
    field("next"),
    field("found"),
    field("resumed"),
    field("gone"),
    field("refused"),
    field("failed"),
    field("more"),
    field("count"),
    field("pass"),
    field("pages"),
    field("news"),
    field("size"),
    field("known"),
    field("broken"),
    field("id"),
    field("order"),
    field("reason"),
    field("cursor"),
    field("at"),
    field("judged"),
    field("witness"),
    field("keeps"),
    field("phase"),
    field("out"),
    field("rest"),
    field("asked"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::MemoryRecords;

    #[test]
    fn what_is_stored_is_loaded_again() {
        let mut records = MemoryRecords::default();
        assert_eq!(State::load(&records), None);
        let mut state = State { phase: Phase::Judging, out: Out::Call, ..State::default() };
        (state.rest, state.asked) = (Some(Rest::Halted), Some(Rest::Cancelled));
        for (n, (_, number)) in (1..).zip(state.numbers()) {
            *number = n;
        }
        for (name, text) in state.texts() {
            *text = format!("{{\"{name}\"}}");
        }
        state.clone().store(&mut records);
        assert_eq!(State::load(&records), Some(state));
        State::default().store(&mut records);
        assert_eq!(State::load(&records), Some(State::default()));
    }
}
