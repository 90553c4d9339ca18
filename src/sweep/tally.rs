//! What came of one sweep, in numbers.

use super::suspect::Left;
use crate::{
    json::Object,
    recovery::{Conclusion, Outcome},
    settings::Region,
    time::{Timestamp, millis},
};

/// The most decisions that a report lists.
const MAX_LISTED: usize = 100;

/// What came of the sweep of one account.
#[derive(Clone, Debug, Default)]
pub struct Report {
    region: Option<Region>,
    is_dry: bool,
    /// Pages that were listed.
    pub(super) pages: u64,
    /// Entries on them.
    pub(super) listed: u32,
    left: [u32; Left::ALL.len()],
    outcomes: Counts,
    reasons: Counts,
    /// Entries that wait for the next sweep.
    pub(super) untried: u32,
    /// Calls of the API and of the ledger.
    pub(super) calls: u32,
    /// Why it ended before the queue did.
    pub(super) stopped: Option<&'static str>,
    /// That in words, for the operator.
    pub(super) detail: Option<String>,
    /// Whether somebody should look.
    pub(super) is_error: bool,
    /// Where to go on.
    pub(super) cursor: Option<String>,
    /// The decisions, as far as they are listed.
    entries: Vec<String>,
}

/// Names and how often each came.
type Counts = Vec<(&'static str, u32)>;

impl Report {
    pub(super) fn new(region: Option<Region>, is_dry: bool) -> Self {
        Self { region, is_dry, ..Self::default() }
    }

    /// A sweep that was not made, and why.
    pub(super) fn not_made(region: Option<Region>, why: &'static str) -> Self {
        Self { stopped: Some(why), ..Self::new(region, false) }
    }

    /// Whether somebody should look.
    #[must_use]
    pub const fn is_error(&self) -> bool {
        self.is_error
    }

    pub(super) fn leave(&mut self, why: Left) {
        for (left, count) in Left::ALL.iter().zip(&mut self.left) {
            *count += u32::from(*left == why);
        }
    }

    /// Counts what came of an entry.
    pub(super) fn count(&mut self, conclusion: &Conclusion) {
        let (outcome, reason) = match &conclusion.outcome {
            Ok(Outcome::DryRun { action, reason, .. }) => (action.name(), Some(reason.code())),
            Ok(outcome @ (Outcome::Parked { reason } | Outcome::Deferred { reason, .. })) => {
                (outcome.name(), Some(*reason))
            }
            Ok(outcome) => (outcome.name(), None),
            Err(refusal) => ("refused", Some(refusal.code())),
        };
        add(&mut self.outcomes, outcome);
        if let Some(reason) = reason {
            add(&mut self.reasons, reason);
        }
        if self.entries.len() < MAX_LISTED {
            self.entries.push(conclusion.to_json());
        }
    }

    pub(super) fn stop(&mut self, why: &'static str) {
        self.stopped.get_or_insert(why);
    }

    /// The report as a JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut report = Object::new();
        self.write(&mut report);
        report.end()
    }

    /// The same with the decisions, at most 100.
    #[must_use]
    pub fn to_json_with_entries(&self) -> String {
        let mut report = Object::new();
        self.write(&mut report);
        report.raw("entries", &["[", &self.entries.join(","), "]"].concat());
        report.end()
    }

    /// The same as a log line: numbers and names only.
    #[must_use]
    pub fn log_line(&self, started: Timestamp, now: Timestamp) -> String {
        let mut line = Object::new();
        line.text("event", "sweep");
        self.write(&mut line);
        line.number("totalMs", millis(now.since(started)));
        line.end()
    }

    fn write(&self, object: &mut Object) {
        if let Some(region) = self.region {
            object.text("region", region.name());
        }
        if self.is_dry {
            object.flag("dryRun", true);
        }
        object.number("pages", self.pages).number("listed", self.listed.into());
        object.open("left", '{');
        for (left, count) in Left::ALL.iter().zip(self.left) {
            if count > 0 {
                object.number(left.name(), count.into());
            }
        }
        object.close('}');
        for (name, counts) in [("outcomes", &self.outcomes), ("reasons", &self.reasons)] {
            object.open(name, '{');
            for (what, count) in counts {
                object.number(what, (*count).into());
            }
            object.close('}');
        }
        object.number("untried", self.untried.into()).number("calls", self.calls.into());
        if let Some(why) = self.stopped {
            object.text("stopped", why);
        }
        if let Some(detail) = &self.detail {
            object.text("detail", detail);
        }
        if let Some(cursor) = &self.cursor {
            object.text("cursor", cursor);
        }
    }
}

fn add(counts: &mut Counts, name: &'static str) {
    match counts.iter_mut().find(|(known, _)| *known == name) {
        Some((_, count)) => *count += 1,
        None => counts.push((name, 1)),
    }
}
