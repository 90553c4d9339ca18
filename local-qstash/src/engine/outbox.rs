//! Messages on their way: queued for a time, parked by flow control, or under way.

use std::collections::{BTreeMap, BTreeSet};

use super::flow::{Blocked, FlowControls};
use super::message::{Message, Role};
use super::run::RunKey;
use super::time::Timestamp;

/// Names one delivery of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId(u64);

#[derive(Debug)]
struct Flight {
    message_id: String,
    flow_key: Option<String>,
}

/// A message's turn: when it is due, then the order in which it came.
type Turn = (Timestamp, u64);

/// Where a message waits for its turn.
#[derive(Debug)]
enum Place {
    /// Among all, until it is due.
    Queued(Turn),
    /// Among those of its flow control key, until the key admits it.
    Parked(String, Turn),
}

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    messages: BTreeMap<String, Message>,
    by_run: BTreeMap<RunKey, BTreeSet<String>>,
    places: BTreeMap<String, Place>,
    queue: BTreeMap<Turn, String>,
    parked: BTreeMap<String, BTreeMap<Turn, String>>,
    flights: BTreeMap<DeliveryId, Flight>,
    pub(crate) flow: FlowControls,
    /// When a rate limit lets the next parked message through.
    flow_wakeup: Option<Timestamp>,
    /// Set by whatever may let a message go out, until `begin_due` has looked.
    stirred: bool,
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
        if let Some(run) = message.run {
            self.by_run.entry(run).or_default().insert(message.id.clone());
        }
        self.enqueue(&message.id, message.not_before);
        self.messages.insert(message.id.clone(), message);
    }

    /// Gives a message that is not waiting a new turn.
    pub(crate) fn enqueue(&mut self, id: &str, due: Timestamp) {
        self.sequence += 1;
        let turn = (due, self.sequence);
        self.queue.insert(turn, id.to_owned());
        self.places.insert(id.to_owned(), Place::Queued(turn));
        self.stirred = true;
    }

    pub(crate) fn message(&self, id: &str) -> Option<&Message> {
        self.messages.get(id)
    }

    pub(crate) fn message_mut(&mut self, id: &str) -> Option<&mut Message> {
        self.messages.get_mut(id)
    }

    /// The messages of a run, its failure callback included.
    pub(crate) fn of_run(&self, run: RunKey) -> impl Iterator<Item = &Message> {
        self.by_run.get(&run).into_iter().flatten().filter_map(|id| self.messages.get(id))
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Message> {
        match self.places.remove(id) {
            Some(Place::Queued(turn)) => drop(self.queue.remove(&turn)),
            Some(Place::Parked(key, turn)) => {
                self.parked.get_mut(&key).and_then(|parked| parked.remove(&turn));
            }
            None => {}
        }
        let message = self.messages.remove(id)?;
        if let Some(ids) = message.run.and_then(|run| self.by_run.get_mut(&run)) {
            ids.remove(id);
        }
        Some(message)
    }

    /// Takes every message of a run that is not its failure callback, in the order in which they were made.
    pub(crate) fn remove_run(&mut self, run: RunKey) -> Vec<Message> {
        let ids: Vec<String> = self
            .of_run(run)
            .filter(|message| !matches!(message.role, Role::FailureCallback { .. }))
            .map(|message| message.id.clone())
            .collect();
        let mut removed: Vec<Message> = ids.iter().filter_map(|id| self.remove(id)).collect();
        removed.sort_by_key(|message| message.created_at);
        removed
    }

    /// Begins every delivery that is due and that flow control admits. `scale` maps periods to engine time.
    pub(crate) fn begin_due(
        &mut self,
        now: Timestamp,
        scale: impl Fn(u64) -> u64,
    ) -> Vec<(DeliveryId, String)> {
        self.stirred = false;
        self.flow_wakeup = None;
        let later = self.queue.split_off(&(now.plus(1), 0));
        let due = std::mem::replace(&mut self.queue, later);
        let mut begun = Vec::new();
        for (turn, id) in due {
            let flow = self.messages.get(&id).and_then(|message| message.flow.as_ref());
            if let Some(key) = flow.map(|flow| flow.key.clone()) {
                self.places.insert(id.clone(), Place::Parked(key.clone(), turn));
                self.parked.entry(key).or_default().insert(turn, id);
            } else {
                begun.push(self.take_off(id, None));
            }
        }
        let keys: Vec<String> = self.parked.keys().cloned().collect();
        for key in keys {
            self.begin_parked(&key, now, &scale, &mut begun);
        }
        begun
    }

    fn begin_parked(
        &mut self,
        key: &str,
        now: Timestamp,
        scale: impl Fn(u64) -> u64,
        begun: &mut Vec<(DeliveryId, String)>,
    ) {
        while let Some(first) = self.parked.get_mut(key).and_then(BTreeMap::first_entry) {
            match self.flow.admit(key, now, &scale) {
                Ok(()) => {
                    let id = first.remove();
                    begun.push(self.take_off(id, Some(key.to_owned())));
                }
                Err(Blocked::UntilEvent) => return,
                Err(Blocked::Until(at)) => {
                    self.flow_wakeup = Some(self.flow_wakeup.map_or(at, |other| other.min(at)));
                    return;
                }
            }
        }
        self.parked.remove(key);
    }

    fn take_off(&mut self, message_id: String, flow_key: Option<String>) -> (DeliveryId, String) {
        self.places.remove(&message_id);
        self.sequence += 1;
        let id = DeliveryId(self.sequence);
        self.flights.insert(id, Flight { message_id: message_id.clone(), flow_key });
        (id, message_id)
    }

    /// Ends a delivery; the id of its message, which may be gone by now.
    pub(crate) fn land(&mut self, id: DeliveryId) -> Option<String> {
        let flight = self.flights.remove(&id)?;
        if let Some(key) = &flight.flow_key {
            self.flow.release(key);
            self.stirred = true;
        }
        Some(flight.message_id)
    }

    /// Flow control was changed from outside.
    pub(crate) const fn stir(&mut self) {
        self.stirred = true;
    }

    /// When `begin_due` should be asked next, where nothing else happens before: the epoch means at once.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let at_once = self.stirred.then(Timestamp::default);
        let queued = self.queue.keys().next().map(|(at, _)| *at);
        [at_once, queued, self.flow_wakeup].into_iter().flatten().min()
    }

    /// How many due messages of a key are held back.
    pub(crate) fn waiting(&self, key: &str) -> usize {
        self.parked.get(key).map_or(0, BTreeMap::len)
    }
}
