//! How the sweep looks for failed runs whose callbacks never came.

use core::time::Duration;

use super::reader::Reader;
use crate::{dlq::GoDuration, time::decimal};

const SCOPE: &str = "SWEEP";
const AFTER: &str = "SWEEP_AFTER";
const CALLS: &str = "SWEEP_CALLS";

/// A callback cannot be on its way for longer than the longest delay between two of its deliveries.
const MAX_AFTER: Duration = Duration::from_hours(7 * 24);

/// Fewer calls than these do not list a page and deal with one entry.
const MIN_CALLS: u64 = 20;
const MAX_CALLS: u64 = 10_000;

/// The sweep's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SweepSettings {
    /// Whose runs it looks after. Default: ours.
    pub scope: SweepScope,
    /// When a failure callback that has not been delivered counts as lost. QStash delivers a callback again as often as
    /// the run's own messages, by default three times, after 12 s, 148 s and 30 min. Default: 45 minutes.
    pub after: Duration,
    /// The most calls, of the API and of the ledger together, that one sweep makes. Default: 40, for the smallest plan
    /// of Cloudflare allows 50 for each request.
    pub calls: u32,
}

/// Whose runs the sweep looks after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SweepScope {
    /// Every run of the account, wherever its failure callback goes.
    All,
    /// Nobody's.
    Off,
    /// Runs whose failure callback goes to us.
    Ours,
}

impl SweepSettings {
    pub(super) const DEFAULT: Self =
        Self { scope: SweepScope::Ours, after: Duration::from_mins(45), calls: 40 };

    pub(super) fn read(&mut self, reader: &mut Reader<'_>) {
        match reader.text(SCOPE).as_deref() {
            None | Some("ours") => {}
            Some("all") => self.scope = SweepScope::All,
            Some("off") => self.scope = SweepScope::Off,
            Some(_) => reader.refuse(SCOPE, "must be ours, all or off"),
        }
        if let Some(text) = reader.text(AFTER)
            && let Some(after) = reader.valid(AFTER, GoDuration::parse(&text))
        {
            self.after = after.as_duration();
            if self.after > MAX_AFTER {
                reader.refuse(AFTER, "must be a duration of at most 168h, such as 45m");
            }
        }
        if let Some(text) = reader.text(CALLS) {
            match decimal(&text).filter(|calls| (MIN_CALLS..=MAX_CALLS).contains(calls)) {
                Some(calls) => self.calls = u32::try_from(calls).unwrap_or_default(),
                None => reader.refuse(CALLS, "must be a whole number from 20 to 10000"),
            }
        }
    }
}
