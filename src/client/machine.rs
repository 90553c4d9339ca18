//! What is under way, as a value: it says what to do next, and is told what came of it.
//!
//! Nothing here sends, waits or reads a clock, so that one machine serves every shell: a future drives it in Rust, a
//! loop of promises in JavaScript, and several of them at once whoever wants calls to overlap.

use core::time::Duration;
use std::sync::OnceLock;

use super::Patience;
use crate::{
    dlq::{ApiRequest, Transported},
    ids::DlqId,
    time::Timestamp,
};

/// Something that takes several requests and waits.
pub(crate) trait Machine {
    /// Goes on: with the answer where a request was asked for, else with none. After [`Ask::Nothing`] it has ended.
    fn step(&mut self, came: Option<Transported>, moment: &Moment<'_>) -> Ask;

    /// What [`Ask::Send`] is about.
    fn request(&self) -> &ApiRequest;
}

/// What is to be done before a machine can go on.
#[derive(Debug)]
pub(crate) enum Ask {
    /// Send the [request](Machine::request), and give up after this time.
    Send(Duration),
    /// Let this time pass.
    Wait(Duration),
    /// Nothing: it is done.
    Nothing,
}

/// What a machine is told of the world.
pub(crate) struct Moment<'a> {
    /// The present.
    pub(crate) now: Timestamp,
    /// A uniformly random number.
    pub(crate) entropy: u64,
    /// How much is tried.
    pub(crate) patience: &'a Patience,
    /// What earlier calls have shown.
    pub(crate) memory: &'a Memory,
}

/// What a client has learned about the service.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    /// An entry whose run was resumed or restarted, by an answer of the service. The first is as good as any.
    pub(super) witness: OnceLock<DlqId>,
    /// Whether that entry stayed in the queue, once it was looked for.
    pub(super) keeps_entries: OnceLock<bool>,
}

impl Memory {
    /// Of a client that has not called yet.
    pub(crate) const fn new() -> Self {
        Self { witness: OnceLock::new(), keeps_entries: OnceLock::new() }
    }

    /// Of a client whose earlier calls have shown this.
    pub(crate) fn recalled(witness: Option<DlqId>, keeps_entries: Option<bool>) -> Self {
        Self {
            witness: witness.map(OnceLock::from).unwrap_or_default(),
            keeps_entries: keeps_entries.map(OnceLock::from).unwrap_or_default(),
        }
    }

    /// What calls have shown so far, to be recalled.
    pub(crate) fn known(&self) -> (Option<&DlqId>, Option<bool>) {
        (self.witness.get(), self.keeps_entries.get().copied())
    }
}
