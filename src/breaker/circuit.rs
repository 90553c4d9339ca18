//! Open or closed, and since when.

use super::spaced;
use crate::{
    durable::Records,
    policy::Breaker,
    text,
    time::{Timestamp, decimal, doubled},
};

const KEY: &str = "circuit";

/// Whether a target may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// As it likes.
    Closed,
    /// Not at all.
    Open,
    /// By a few, to see how it is.
    HalfOpen,
}

impl State {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// The breaker of one target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Circuit {
    pub(super) state: State,
    /// When it came into this state.
    pub(super) since: Timestamp,
    /// How often it opened since it was closed for long.
    pub(super) trips: u32,
    /// Of the open state: when the target is tried.
    pub(super) until: Timestamp,
}

impl Circuit {
    /// A breaker that was never heard of is closed.
    pub(super) fn read(records: &dyn Records) -> Self {
        records.get(KEY).and_then(|circuit| parse(&circuit)).unwrap_or(Self {
            state: State::Closed,
            since: Timestamp::from_millis(0),
            trips: 0,
            until: Timestamp::from_millis(0),
        })
    }

    pub(super) fn write(&self, records: &mut dyn Records) {
        let numbers = spaced(&[self.since.as_millis(), self.trips.into(), self.until.as_millis()]);
        let circuit = [self.state.name(), " ", numbers.trim_ascii_end()].concat();
        records.put(KEY, &circuit);
    }

    /// Opens, for longer with each time that it does so in a row.
    pub(super) fn open(&mut self, knobs: &Breaker, now: Timestamp) {
        if self.state == State::Closed && now.since(self.since) > knobs.open_cap {
            self.trips = 0;
        }
        let pause = doubled(knobs.open, self.trips.into(), knobs.open_cap);
        self.trips = self.trips.saturating_add(1);
        self.until = now.after(pause);
        self.enter(State::Open, now);
    }

    pub(super) const fn enter(&mut self, state: State, now: Timestamp) {
        self.state = state;
        self.since = now;
    }
}

fn parse(circuit: &str) -> Option<Circuit> {
    let mut parts = text::parts(circuit, b' ');
    let name = parts.next()?;
    let state =
        [State::Closed, State::Open, State::HalfOpen].into_iter().find(|state| state.name() == name)?;
    let mut number = || decimal(parts.next()?);
    Some(Circuit {
        state,
        since: Timestamp::from_millis(number()?),
        trips: u32::try_from(number()?).ok()?,
        until: Timestamp::from_millis(number()?),
    })
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::durable::MemoryRecords;

    const NOW: Timestamp = Timestamp::from_millis(1_748_527_971_000);

    #[test]
    fn what_is_written_is_read_back() {
        let mut records = MemoryRecords::default();
        assert_eq!(Circuit::read(&records).state, State::Closed);
        let mut circuit = Circuit::read(&records);
        for state in [State::HalfOpen, State::Closed, State::Open] {
            circuit.open(&Breaker::default(), NOW);
            circuit.enter(state, NOW);
            circuit.write(&mut records);
            assert_eq!(Circuit::read(&records), circuit);
        }
    }

    #[test]
    fn it_stays_open_twice_as_long_each_time_up_to_the_cap() {
        let knobs = Breaker::default();
        let mut circuit = Circuit::read(&MemoryRecords::default());
        let mut pauses = Vec::new();
        for _ in 0..7 {
            circuit.open(&knobs, NOW);
            pauses.push(circuit.until.since(NOW).as_secs());
            circuit.enter(State::HalfOpen, NOW);
        }
        assert_eq!(pauses, [30, 60, 120, 240, 480, 600, 600]);
        // It goes on from there where it opens again soon after it was closed, and begins anew where that was long ago.
        circuit.enter(State::Closed, NOW);
        circuit.open(&knobs, NOW.after(Duration::from_mins(10)));
        assert_eq!(circuit.trips, 8);
        circuit.enter(State::Closed, NOW);
        circuit.open(&knobs, NOW.after(Duration::from_mins(11)));
        assert_eq!(circuit.trips, 1);
    }
}
