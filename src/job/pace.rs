//! How fast a job goes.

use core::time::Duration;

use crate::{dlq::MAX_PER_CALL, time::millis_rounded_up};

/// The most entries in any span of a certain length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) entries: u32,
    pub(super) span: Duration,
}

/// What a rate comes down to: calls for so many entries, so many milliseconds apart at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    pub(super) entries: usize,
    pub(super) millis: u64,
}

impl Pace {
    /// Without a rate, one call after the other.
    pub(super) fn of(rate: Option<Rate>) -> Self {
        let Some(Rate { entries, span }) = rate else { return Self { entries: MAX_PER_CALL, millis: 0 } };
        let entries = usize::try_from(entries).unwrap_or(usize::MAX).max(1);
        // Longer spans are shared out, so that the first call does not take most of it at once.
        let calls = entries.div_ceil(MAX_PER_CALL).max(if span > Duration::from_secs(1) { 6 } else { 1 });
        let per_call = (entries / calls).max(1);
        // As many whole calls as fit: more never begin in one span, wherever it begins.
        let calls = u32::try_from(entries / per_call).unwrap_or(u32::MAX);
        Self { entries: per_call, millis: millis_rounded_up(span / calls.max(1)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_span_sees_more_than_the_rate_and_hardly_less() {
        for span in [Duration::from_secs(1), Duration::from_mins(1)] {
            for entries in 1..3000 {
                let pace = Pace::of(Some(Rate { entries, span }));
                assert!((1..=MAX_PER_CALL).contains(&pace.entries), "{entries}: {pace:?}");
                let calls = u64::try_from(span.as_millis()).unwrap().div_ceil(pace.millis);
                let begun = calls * pace.entries as u64;
                assert!(begun <= entries.into(), "{entries}: {pace:?}");
                assert!(begun * 10 >= u64::from(entries) * 8 || entries < 12, "{entries}: {pace:?}");
            }
        }
        assert_eq!(Pace::of(None), Pace { entries: 50, millis: 0 });
    }
}
