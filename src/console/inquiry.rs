//! Questions to actors, and one answer.

use crate::{
    json::{Field, Fields, Over},
    operator::OperatorReply,
};

/// A request under way.
pub trait Inquiry {
    /// What to do next. `heard` are the answers to the questions of the step before, in their order; none at first.
    fn next(&mut self, heard: Vec<Heard>) -> Step;
}

/// What an actor has answered; `None` where it cannot be said whether it was asked.
pub type Heard = Option<String>;

/// What an inquiry needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask all these at once.
    Ask(Vec<Ask>),
    /// Nothing more.
    Reply(OperatorReply),
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The name of the actor.
    pub actor: String,
    /// A JSON object.
    pub message: String,
}

impl Step {
    /// A JSON object, with 200.
    pub(super) fn json(body: String) -> Self {
        Self::Reply(OperatorReply::json(200, body.into_bytes()))
    }

    pub(super) fn error(status: u16, message: &str) -> Self {
        Self::Reply(OperatorReply::error(status, message))
    }

    /// Part of the ledger did not answer.
    pub(super) fn unavailable() -> Self {
        Self::error(503, "the ledger does not answer at the moment; ask again")
    }
}

/// The elements of a list in an answer, as JSON.
pub(super) fn list(answer: &str, name: &'static [Field; 1]) -> Vec<u8> {
    let fields = Fields::of(answer.as_bytes(), name);
    fields.ok().and_then(|mut fields| fields.raw(name[0].name)).unwrap_or_default()
}

/// The list of recoveries in an answer of a shard.
pub(super) const RECOVERIES: &[Field; 1] =
    &[Field { name: "recoveries", limit: 4 * 1024 * 1024, over: Over::Drop }];
