//! How fast runs are resumed.

use core::time::Duration;

use super::spaced;
use crate::{
    durable::Records,
    policy::Drain,
    text,
    time::{Timestamp, decimal, millis},
};

/// The most resumes of one wave.
const MAX_WAVE: u32 = 50;

/// Waves of a period, where the rate has as many resumes.
const WAVES: u32 = 10;

const KEY: &str = "pace";

/// Resumes go in waves: of 1, 2, 4, … and so up to what fits the rate, at least a wave's share of the period apart.
/// So no period, wherever it begins, has more of them than the rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    /// When the last resume was.
    last: Timestamp,
    /// How many waves there were since the ramp began.
    waves: u32,
    /// What is left of the wave.
    left: u32,
    /// Nothing is resumed before: the API asked for a pause, or could not be reached.
    rests_until: Timestamp,
}

impl Pace {
    pub(super) fn read(records: &dyn Records) -> Self {
        records.get(KEY).and_then(|pace| parse(&pace)).unwrap_or(Self {
            last: Timestamp::from_millis(0),
            waves: 0,
            left: 0,
            rests_until: Timestamp::from_millis(0),
        })
    }

    pub(super) fn write(&self, records: &mut dyn Records) {
        let numbers =
            [self.last.as_millis(), self.waves.into(), self.left.into(), self.rests_until.as_millis()];
        records.put(KEY, &spaced(&numbers));
    }

    /// Begins the ramp anew.
    pub(super) const fn slow_down(&mut self) {
        self.waves = 0;
        self.left = 0;
    }

    /// Resumes nothing for so long.
    pub(super) fn rest(&mut self, pause: Duration, now: Timestamp) {
        self.rests_until = now.after(pause);
    }

    /// When the next run may be resumed.
    pub(super) fn next(&self, knobs: &Drain) -> Timestamp {
        let wave = if self.left > 0 { self.last } else { self.last.after(gap(knobs)) };
        wave.max(self.rests_until)
    }

    /// Takes one resume; to be asked only when [`Pace::next`] has come.
    pub(super) fn take(&mut self, knobs: &Drain, now: Timestamp) {
        if self.left == 0 {
            let ramp = 1_u32.checked_shl(self.waves).unwrap_or(u32::MAX);
            self.left = ramp.min(quota(knobs));
            self.waves = self.waves.saturating_add(1);
        }
        self.left = self.left.saturating_sub(1);
        self.last = now;
    }
}

/// How many waves a period has.
fn waves(knobs: &Drain) -> u32 {
    WAVES.max(knobs.rate.div_ceil(MAX_WAVE)).min(knobs.rate).max(1)
}

/// Resumes of a wave at full speed. All waves of a period together have no more than the rate.
fn quota(knobs: &Drain) -> u32 {
    (knobs.rate / waves(knobs)).max(1)
}

fn gap(knobs: &Drain) -> Duration {
    Duration::from_millis(millis(knobs.period).div_ceil(waves(knobs).into()))
}

fn parse(pace: &str) -> Option<Pace> {
    let mut parts = text::parts(pace, b' ');
    let mut number = || decimal(parts.next()?);
    let (last, waves, left, rests_until) = (number()?, number()?, number()?, number()?);
    Some(Pace {
        last: Timestamp::from_millis(last),
        waves: u32::try_from(waves).ok()?,
        left: u32::try_from(left).ok()?,
        rests_until: Timestamp::from_millis(rests_until),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::durable::MemoryRecords;

    const NOW: Timestamp = Timestamp::from_millis(1_748_527_971_000);

    fn knobs(rate: u32, secs: u64) -> Drain {
        Drain { rate, period: Duration::from_secs(secs), ..Drain::default() }
    }

    /// When runs are resumed, as fast as it goes; each takes so many milliseconds.
    fn resumes(knobs: &Drain, count: usize, takes: u64) -> Vec<u64> {
        let mut pace = Pace::read(&MemoryRecords::default());
        let mut now = NOW;
        let mut resumes = Vec::new();
        for _ in 0..count {
            now = now.max(pace.next(knobs));
            pace.take(knobs, now);
            resumes.push(now.since(NOW).as_millis().try_into().unwrap());
            now = now.after(Duration::from_millis(takes));
        }
        resumes
    }

    #[test]
    fn it_ramps_up_to_the_rate() {
        let times = resumes(&knobs(60, 60), 20, 0);
        let waves: Vec<usize> = times.chunk_by(|one, other| one == other).map(<[u64]>::len).collect();
        assert_eq!(waves, [1, 2, 4, 6, 6, 1]);
        assert_eq!(times[19], 30_000);
        // Fast ones have waves of 50 at most.
        let times = resumes(&knobs(6000, 60), 263, 0);
        let waves: Vec<usize> = times.chunk_by(|one, other| one == other).map(<[u64]>::len).collect();
        assert_eq!(waves, [1, 2, 4, 8, 16, 32, 50, 50, 50, 50]);
        assert_eq!(times[262], 9 * 500);
        // Slow ones are spread evenly.
        assert_eq!(resumes(&knobs(2, 60), 4, 0), [0, 30_000, 60_000, 90_000]);
    }

    #[test]
    fn a_pause_is_kept_and_a_new_ramp_does_not_come_sooner() {
        let (knobs, mut pace) = (knobs(60, 60), Pace::read(&MemoryRecords::default()));
        pace.take(&knobs, NOW);
        pace.slow_down();
        assert_eq!(pace.next(&knobs).since(NOW), Duration::from_secs(6));
        pace.rest(Duration::from_secs(7), NOW);
        assert_eq!(pace.next(&knobs).since(NOW), Duration::from_secs(7));
        let mut records = MemoryRecords::default();
        pace.write(&mut records);
        assert_eq!(Pace::read(&records), pace);
    }

    proptest! {
        #[test]
        fn no_period_has_more_resumes_than_the_rate(rate in 1_u32..300, secs in 1_u64..100, takes in 0_u64..500) {
            let times = resumes(&knobs(rate, secs), 800, takes);
            for (n, from) in times.iter().enumerate() {
                let within = times[n..].iter().take_while(|at| *at - from < secs * 1000).count();
                prop_assert!(within <= rate as usize, "{within} within {secs} s");
            }
        }
    }
}
