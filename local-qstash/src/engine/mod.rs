//! The engine: QStash's workflow behaviour as a deterministic state machine.
//!
//! What may live here: everything that decides. What may not: sockets, clocks, threads, randomness. The present is an
//! argument, ids come from a seed, a delivery is a value that a shell carries out. So the same seed and the same inputs
//! give the same history, and a simulation can drive hours in microseconds.

mod api;
mod append;
mod call;
mod cancel;
mod delivery;
mod dlq;
mod durations;
mod failure;
mod flow;
mod flow_api;
mod headers;
mod ids;
mod invoke;
mod json;
mod keys;
mod logs;
mod loss;
mod message;
mod outbox;
mod outcome;
mod publish;
mod resume;
mod retry;
mod route;
mod run;
mod settings;
mod sign;
mod switches;
mod time;
mod timeline;
mod trigger;
mod wait;

use std::fmt;

use serde_json::Value;

use crate::credentials::Credentials;

pub use api::{Request, Response};
pub use delivery::{Delivery, Outcome};
pub use dlq::Planted;
pub use headers::Headers;
pub use loss::Loss;
pub use outbox::DeliveryId;
pub use switches::{
    BulkMissingId, CallbackDlqId, CallbackRunIdHeader, CreatedAt, CursorEnd, EntryOnResume,
    FailureCallbackOverride, LabelField, LabelOverride, LazyFetch, ListOrder, SecondResume, SourceHeader,
    StateField, SwitchError, Switches,
};
pub use time::{TimeScale, Timestamp};

use dlq::Dlq;
pub(crate) use ids::Ids;
use loss::Losses;
use outbox::Outbox;
use run::Runs;
use timeline::Timeline;
use wait::Waiters;

/// How an [`Engine`] behaves.
#[derive(Clone, Debug)]
pub struct Config {
    /// Token and signing keys. Default: the SDK's development user.
    pub credentials: Credentials,
    /// Factor on every delay. Default: 1.0.
    pub time_scale: TimeScale,
    /// Seed of every generated id. Default: 0.
    pub seed: u64,
    /// Sent as `Upstash-Region` with every delivery. Default: no such header.
    pub region: Option<String>,
    /// Limit of one delivery in milliseconds, where a message sets no shorter one; not scaled. Default: 30 seconds.
    pub delivery_timeout_ms: u64,
    /// Behaviours that are unknown of the real service. Default: see [`Switches`].
    pub switches: Switches,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            credentials: Credentials::default(),
            time_scale: TimeScale::default(),
            seed: 0,
            region: None,
            delivery_timeout_ms: 30_000,
            switches: Switches::default(),
        }
    }
}

/// The state of the whole service.
pub struct Engine {
    initial: Config,
    config: Config,
    ids: Ids,
    runs: Runs,
    outbox: Outbox,
    dlq: Dlq,
    waiters: Waiters,
    timeline: Timeline,
    losses: Losses,
}

/// Nothing of its state: payloads and tokens are everywhere in it.
impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine without runs.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            ids: Ids::new(config.seed),
            runs: Runs::default(),
            outbox: Outbox::default(),
            dlq: Dlq::default(),
            waiters: Waiters::default(),
            timeline: Timeline::default(),
            losses: Losses::none(config.seed),
            initial: config.clone(),
            config,
        }
    }

    /// Forgets everything that happened, also switched switches and rotated keys; ids begin anew from the seed.
    pub fn reset(&mut self) {
        let outbox = self.outbox.successor();
        *self = Self { outbox, ..Self::new(self.initial.clone()) };
    }

    /// Answers one API request. Ask [`Self::due`] afterwards: it may have made deliveries.
    pub fn handle(&mut self, request: &Request, now: Timestamp) -> Response {
        route::handle(self, request, now)
    }

    /// Begins every delivery that is due; each must be answered by [`Self::delivered`].
    pub fn due(&mut self, now: Timestamp) -> Vec<Delivery> {
        self.expire_waits(now);
        let scale = self.config.time_scale;
        let begun = self.outbox.begin_due(now, |ms| scale.apply(ms));
        begun.into_iter().filter_map(|(id, message)| self.build_delivery(id, &message, now)).collect()
    }

    /// Reports how a delivery ended. Ask [`Self::due`] afterwards.
    pub fn delivered(&mut self, id: DeliveryId, outcome: Outcome, now: Timestamp) {
        if let Some(message) = self.outbox.land(id) {
            self.conclude(&message, outcome, now);
        }
    }

    /// When [`Self::due`] must be asked next if nothing happens before; in the past where something may be due already,
    /// `None` while everything waits for an event.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        [self.outbox.next_due(), self.waiters.next_deadline()].into_iter().flatten().min()
    }

    /// The events after the one numbered `after`, each `{seq, at, kind, …}`.
    #[must_use]
    pub fn timeline(&self, after: usize) -> &[Value] {
        self.timeline.after(after)
    }

    /// The present state of every switch.
    #[must_use]
    pub const fn switches(&self) -> &Switches {
        &self.config.switches
    }

    /// Sets every switch, from now on.
    pub const fn set_switches(&mut self, switches: Switches) {
        self.config.switches = switches;
    }

    /// Whether a request authenticates: `present` and right, `absent`, or `wrong`.
    #[must_use]
    pub fn authorization(&self, request: &Request) -> Authorization {
        route::authorization(self, request)
    }

    fn scaled(&self, millis: u64) -> u64 {
        self.config.time_scale.apply(millis)
    }
}

/// What a request showed as its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Authorization {
    /// No token.
    Absent,
    /// The right token.
    Present,
    /// Another token.
    Wrong,
}
