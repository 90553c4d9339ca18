//! What is said to a shard, and what it answers.

use crate::{
    ids::{DlqId, RunId},
    json::{Field, Fields, Object, Over, elements, scalar},
    recovery::{Case, Claim, Conclusion},
    time::Timestamp,
};

/// Who wants an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimant {
    /// A failure callback. It may have a parked entry again: somebody may have mended what was wrong and asked for it.
    Callback,
    /// The sweep. What waits for a person is not decided anew every few minutes.
    Sweep,
    /// The one who deferred it, now that its target can be called.
    Drain,
}

impl Claimant {
    const fn name(self) -> &'static str {
        match self {
            Self::Callback => "callback",
            Self::Sweep => "sweep",
            Self::Drain => "drain",
        }
    }

    pub(super) fn of(name: &str) -> Self {
        [Self::Sweep, Self::Drain].into_iter().find(|known| known.name() == name).unwrap_or(Self::Callback)
    }
}

/// Asks for an entry, before anything is done to it.
#[must_use]
pub fn claim(case: &Case, by: Claimant) -> String {
    let mut message = Object::new();
    message.text("do", "claim").text("by", by.name()).raw("case", &case.to_json());
    message.end()
}

/// Reads the answer to a claim.
#[must_use]
pub fn read_claim(answer: &str) -> Claim {
    const FIELDS: &[Field] = &[
        Field { name: "claim", limit: 64, over: Over::Drop },
        Field { name: "conclusion", limit: 64 * 1024, over: Over::Drop },
    ];
    let Ok(mut fields) = Fields::of(answer.as_bytes(), FIELDS) else { return Claim::Unavailable };
    match fields.word("claim").as_deref() {
        Some("granted") => Claim::Granted,
        Some("pending") => Claim::Pending,
        _ => {
            let conclusion = fields.raw("conclusion").and_then(|json| String::from_utf8(json).ok());
            let first = conclusion.and_then(|json| Conclusion::recall(&json));
            first.map_or(Claim::Unavailable, |first| Claim::Settled(Box::new(first)))
        }
    }
}

/// Tells what came of an entry, or that nothing did and its claim is free again.
#[must_use]
pub fn settle(case: &Case, conclusion: &Conclusion) -> String {
    let mut message = Object::new();
    message.text("do", "settle").raw("case", &case.to_json()).raw("conclusion", &conclusion.to_json());
    message.end()
}

/// What a shard knows of entries that were asked about; those of neither kind are dealt with, or somebody is at them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sifted {
    /// Of these nothing is known.
    pub absent: Vec<String>,
    /// These were left for later, and it is later now; or whoever was at them is gone.
    pub due: Vec<String>,
}

/// Asks which entries nobody is at and nothing stands about, as the sweep sees it. It claims nothing.
#[must_use]
pub fn sift(entries: &[&DlqId]) -> String {
    let mut message = Object::new();
    message.text("do", "sift");
    message.open("dlqIds", '[');
    for entry in entries {
        message.element(entry.as_str());
    }
    message.close(']');
    message.end()
}

/// Reads the answer; `None` where it is none.
#[must_use]
pub fn read_sifted(answer: &str) -> Option<Sifted> {
    const FIELDS: &[Field] = &[
        Field { name: "absent", limit: usize::MAX, over: Over::Drop },
        Field { name: "due", limit: usize::MAX, over: Over::Drop },
    ];
    let mut fields = Fields::of(answer.as_bytes(), FIELDS).ok()?;
    let mut ids = |name| fields.raw(name).map(|raw| strings(&raw));
    Some(Sifted { absent: ids("absent")?, due: ids("due")? })
}

fn strings(array: &[u8]) -> Vec<String> {
    let mut strings = Vec::new();
    for element in elements(array) {
        strings.extend(scalar(element));
    }
    strings
}

/// Tells how a run ended that a recovery had created: `recovered`, `failed_again`, `canceled` or `never_finished`.
#[must_use]
pub fn ended(run: &RunId, end: &str, at: Timestamp) -> String {
    let mut message = Object::new();
    message.text("do", "ended").text("runId", run.as_str()).text("end", end).number("at", at.as_millis());
    message.end()
}
