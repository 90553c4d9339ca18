//! Where notices go, and how patient each of these places makes us.

use core::time::Duration;

use crate::text::said;
use crate::{
    durable::Records,
    settings::Notify,
    text,
    time::{Timestamp, decimal, doubled},
};

/// `channel/` and its name: failures in a row, and when to try again.
const CHANNEL: &str = "channel/";

/// Pauses after failures: the first, and the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_mins(10);

/// A place that notices go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    Slack,
    Webhook,
}

impl Channel {
    pub(super) const ALL: [Self; 2] = [Self::Slack, Self::Webhook];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Webhook => "webhook",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }

    pub(super) const fn is_set(self, notify: &Notify) -> bool {
        match self {
            Self::Slack => notify.slack.is_some(),
            Self::Webhook => notify.webhook.is_some(),
        }
    }

    /// How often in a row it has failed, and when it may be tried again.
    pub(super) fn state(self, records: &dyn Records) -> (u32, Timestamp) {
        let state = records.get(&self.key()).unwrap_or_default();
        let (failures, again) = text::cut(&state, b' ').unwrap_or_default();
        let failures = decimal(failures).and_then(|failures| u32::try_from(failures).ok());
        (failures.unwrap_or_default(), Timestamp::from_millis(decimal(again).unwrap_or_default()))
    }

    /// Whether it may be tried at `now`.
    pub(super) fn is_ready(self, records: &dyn Records, now: Timestamp) -> bool {
        let (_, again) = self.state(records);
        // A clock that stepped back must not make the pause longer.
        again <= now || again.since(now) > LONGEST_PAUSE
    }

    pub(super) fn worked(self, records: &mut dyn Records) {
        records.delete(&self.key());
    }

    /// Tries again after what it `asked` for, or a pause that grows.
    pub(super) fn failed(self, records: &mut dyn Records, now: Timestamp, asked: Option<Duration>) {
        let (failures, _) = self.state(records);
        let pause = doubled(FIRST_PAUSE, failures.into(), LONGEST_PAUSE).max(asked.unwrap_or_default());
        let again = now.after(pause.min(LONGEST_PAUSE)).as_millis();
        let failures = failures.saturating_add(1);
        records.put(&self.key(), &[&said(&failures), " ", &said(&again)].concat());
    }

    fn key(self) -> String {
        [CHANNEL, self.name()].concat()
    }
}
