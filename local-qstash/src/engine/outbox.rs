//! Messages on their way: queued, under way, or waiting for a retry.

use std::collections::{BTreeMap, BTreeSet};

use super::durations::RetryDelay;
use super::flow::{Blocked, FlowControl, FlowControls};
use super::headers::Headers;
use super::run::RunKey;
use super::settings::Callback;
use super::time::Timestamp;

/// What a message is for.
#[derive(Clone, Debug)]
pub(crate) enum Role {
    /// Carries a run's entries up to and including the one at this index.
    Step { entry: usize },
    /// A third-party call on behalf of a run's step.
    Call { callback: Callback, step_id: Option<u64> },
    /// The result of such a call, on its way to the workflow.
    CallResult { step_id: Option<u64> },
    /// The failure callback of a DLQ entry.
    FailureCallback { dlq_id: String },
    /// A message outside any workflow.
    Plain { callback: Option<Callback>, failure_callback: Option<Callback> },
}

/// A failed delivery.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) at: Timestamp,
    pub(crate) answer: Answer,
}

/// What came back from a destination.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// 0 where nothing came back.
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) run: Option<RunKey>,
    pub(crate) role: Role,
    pub(crate) url: String,
    pub(crate) method: String,
    /// Header fields of this message alone; a run's own are added at delivery.
    pub(crate) headers: Headers,
    /// Empty for steps, whose body is built at delivery.
    pub(crate) body: Vec<u8>,
    pub(crate) retries: u32,
    pub(crate) retry_delay: Option<RetryDelay>,
    pub(crate) flow: Option<FlowControl>,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) caller_ip: String,
    pub(crate) created_at: Timestamp,
    /// When it was first due.
    pub(crate) not_before: Timestamp,
    pub(crate) retried: u32,
    pub(crate) attempts: Vec<Attempt>,
}

/// Names one delivery of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId(u64);

#[derive(Debug)]
struct Flight {
    message_id: String,
    flow_key: Option<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    messages: BTreeMap<String, Message>,
    queue: BTreeSet<(Timestamp, u64, String)>,
    flights: BTreeMap<DeliveryId, Flight>,
    pub(crate) flow: FlowControls,
    /// When a rate limit that holds a message back lets the next one through.
    flow_wakeup: Option<Timestamp>,
    sequence: u64,
}

impl Outbox {
    /// An empty outbox that never names a delivery as this one did: late outcomes must not hit new deliveries.
    pub(crate) fn successor(&self) -> Self {
        Self { sequence: self.sequence, ..Self::default() }
    }

    pub(crate) fn push(&mut self, message: Message) {
        if let Some(flow) = &message.flow {
            self.flow.publish(flow);
        }
        self.requeue(&message.id, message.not_before);
        self.messages.insert(message.id.clone(), message);
    }

    pub(crate) fn requeue(&mut self, id: &str, due: Timestamp) {
        self.sequence += 1;
        self.queue.insert((due, self.sequence, id.to_owned()));
    }

    pub(crate) fn message(&self, id: &str) -> Option<&Message> {
        self.messages.get(id)
    }

    pub(crate) fn message_mut(&mut self, id: &str) -> Option<&mut Message> {
        self.messages.get_mut(id)
    }

    pub(crate) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.values()
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Message> {
        self.queue.retain(|(_, _, queued)| queued != id);
        self.messages.remove(id)
    }

    /// Takes every message of a run that is not its failure callback, in the order in which they were made.
    pub(crate) fn remove_run(&mut self, run: RunKey) -> Vec<Message> {
        let belongs = |message: &Message| {
            message.run == Some(run) && !matches!(message.role, Role::FailureCallback { .. })
        };
        let ids: Vec<String> =
            self.messages.values().filter(|message| belongs(message)).map(|m| m.id.clone()).collect();
        let mut removed: Vec<Message> = ids.iter().filter_map(|id| self.messages.remove(id)).collect();
        self.queue.retain(|(_, _, id)| self.messages.contains_key(id));
        removed.sort_by_key(|message| message.created_at);
        removed
    }

    /// Begins every delivery that is due and that flow control admits.
    pub(crate) fn begin_due(
        &mut self,
        now: Timestamp,
        scale: impl Fn(u64) -> u64,
    ) -> Vec<(DeliveryId, String)> {
        self.flow_wakeup = None;
        let due: Vec<_> = self.queue.iter().take_while(|(at, _, _)| *at <= now).cloned().collect();
        let mut begun = Vec::new();
        for place in due {
            let flow_key =
                self.messages.get(&place.2).and_then(|m| m.flow.as_ref()).map(|flow| flow.key.clone());
            if let Some(key) = &flow_key {
                match self.flow.admit(key, now, &scale) {
                    Ok(()) => {}
                    Err(Blocked::UntilEvent) => continue,
                    Err(Blocked::Until(at)) => {
                        self.flow_wakeup = Some(self.flow_wakeup.map_or(at, |other| other.min(at)));
                        continue;
                    }
                }
            }
            self.queue.remove(&place);
            self.sequence += 1;
            let id = DeliveryId(self.sequence);
            self.flights.insert(id, Flight { message_id: place.2.clone(), flow_key });
            begun.push((id, place.2));
        }
        begun
    }

    /// Ends a delivery; the id of its message, which may be gone by now.
    pub(crate) fn land(&mut self, id: DeliveryId) -> Option<String> {
        let flight = self.flights.remove(&id)?;
        if let Some(key) = &flight.flow_key {
            self.flow.release(key);
        }
        Some(flight.message_id)
    }

    /// When `begin_due` should be asked next, where nothing else happens before.
    pub(crate) fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        let start = (Timestamp::from_millis(now.millis().saturating_add(1)), 0, String::new());
        let queued = self.queue.range(start..).next().map(|(at, _, _)| *at);
        // Messages that are due already either go out with the next `begin_due` or wait for flow control.
        let unasked = self
            .queue
            .iter()
            .take_while(|(at, _, _)| *at <= now)
            .any(|(_, _, id)| self.messages.get(id).is_some_and(|message| message.flow.is_none()));
        let overdue = unasked.then_some(now);
        [queued, overdue, self.flow_wakeup].into_iter().flatten().min()
    }

    /// How many due messages of a key are held back.
    pub(crate) fn waiting(&self, key: &str, now: Timestamp) -> usize {
        let of_key = |id: &String| {
            self.messages.get(id).and_then(|m| m.flow.as_ref()).is_some_and(|flow| flow.key == key)
        };
        self.queue.iter().take_while(|(at, _, _)| *at <= now).filter(|(_, _, id)| of_key(id)).count()
    }
}
