//! What happened in a world, as far as its engine does not know it already.

use crate::fault::{Counts, Fault};

/// One thing that happened.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// When, in milliseconds.
    pub(crate) at: u64,
    /// What.
    pub(crate) what: Happening,
}

/// What can happen.
#[derive(Clone, Debug)]

pub(crate) enum Happening {
    /// A request left for the API.
    Request {
        /// The host that it is for.
        host: String,
        /// Method, and path with query.
        line: String,
        /// Its header fields.
        headers: Vec<(&'static str, String)>,
        /// Who sent it: a callback by its number, the sweep, or an actor.
        by: By,
    },
    /// A callback was answered.
    Reply(Reply),
    /// The Worker wrote a log line.
    Log(String),
    /// Something was `POSTed` to a person.
    Post {
        /// Where.
        url: String,
        /// What.
        body: String,
    },
    /// A target's breaker is in another state.
    Breaker {
        /// The actor that watches it.
        actor: String,
        /// The state's name.
        state: String,
    },
    /// Something went wrong.
    Fault(Fault, String),
}

/// Who does something.
#[derive(Clone, Debug, PartialEq, Eq)]

pub(crate) enum By {
    /// A callback, by its number.
    Callback(u64),
    /// The sweep.
    Sweep,
    /// An actor, by its name.
    Actor(String),
}

/// The answer to a callback.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// The callback's number.
    pub(crate) callback: u64,
    /// Whether QStash sent it, unchanged.
    pub(crate) is_genuine: bool,
    /// The status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: String,
    /// Whom it asked for something on the way.
    pub(crate) asked: u32,
}

/// The whole record.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// In order.
    pub(crate) entries: Vec<Entry>,
    /// Faults by kind.
    pub(crate) faults: Counts,
    /// Callbacks that arrived.
    pub(crate) callbacks: u64,
    /// Messages that an actor got together with others.
    pub(crate) gathered: u64,
    /// Events that were carried out.
    pub(crate) events: u64,
}

impl History {
    pub(crate) fn record(&mut self, at: u64, what: Happening) {
        if let Happening::Fault(fault, _) = &what {
            self.faults.count(*fault);
        }
        self.entries.push(Entry { at, what });
    }

    /// Every reply, and when.
    pub(crate) fn replies(&self) -> impl Iterator<Item = (u64, &Reply)> {
        self.entries.iter().filter_map(|entry| match &entry.what {
            Happening::Reply(reply) => Some((entry.at, reply)),
            _ => None,
        })
    }

    /// Every log line.
    pub(crate) fn logs(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter_map(|entry| match &entry.what {
            Happening::Log(line) => Some(line.as_str()),
            _ => None,
        })
    }
}
