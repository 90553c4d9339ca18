//! What rules can ask of a failure.

use core::time::Duration;

use super::{FailureClass, fingerprint, key::Key, value::Fact};
use crate::{
    callback::{Excerpt, Failure},
    dlq::GoDuration,
    lineage::Lineage,
    settings::Region,
    text::{self, said},
    time::{Timestamp, millis},
};

/// A failure with all that follows from it and its lineage at one moment.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The failure.
    pub failure: &'a Failure,
    /// Its lineage.
    pub lineage: &'a Lineage,
    /// The time since the lineage's first failure.
    pub age: Duration,
    /// The failure's class.
    pub class: FailureClass,
    /// The failure's [fingerprint].
    pub fingerprint: String,
}

impl<'a> Facts<'a> {
    /// What is known of a failure at a moment.
    #[must_use]
    pub fn new(failure: &'a Failure, lineage: &'a Lineage, now: Timestamp) -> Self {
        Self {
            failure,
            lineage,
            age: lineage.elapsed(now),
            class: FailureClass::of(failure),
            fingerprint: fingerprint(failure),
        }
    }

    /// What breaker and budgets count by where no rule says otherwise: the workflow's URL without its query, and without
    /// a user name and password, because targets are shown to people.
    #[must_use]
    pub fn target(&self) -> String {
        let url = text::parts(&self.failure.workflow_url, b'?').next().unwrap_or_default();
        let Some((scheme, rest)) = text::split_once(url, "://") else { return url.to_owned() };
        let authority = text::parts(rest, b'/').next().unwrap_or_default();
        let user = text::cut(authority, b'@')
            .map_or(0, |_| authority.len() - text::parts(authority, b'@').last().map_or(0, str::len));
        [scheme, "://", rest.get(user..).unwrap_or_default()].concat()
    }

    /// What the failure has under a condition's key.
    pub(super) fn of(&self, key: Key) -> Fact<'_> {
        let failure = self.failure;
        let error = failure.error.as_ref();
        Fact::Text(match key {
            Key::Status => return Fact::Number(failure.status.into()),
            Key::Attempt => return Fact::Number(self.lineage.attempt().into()),
            Key::Age => return Fact::Number(millis(self.age)),
            Key::Label => return Fact::Texts(&failure.labels),
            Key::Class => Some(self.class.name()),
            Key::Region => Some(failure.region.map_or("none", Region::name)),
            Key::Url => Some(&failure.workflow_url),
            Key::Error => error.and_then(|error| error.name.as_ref()).map(Excerpt::as_str),
            Key::Step => failure.step_name.as_deref(),
            Key::Fingerprint => Some(&self.fingerprint),
            Key::Message | Key::Regex => error.map(|error| error.message.as_str()),
        })
    }

    /// The same for people; empty for what is not known.
    pub(super) fn told(&self, key: Key) -> String {
        match self.of(key) {
            Fact::Number(number) if key == Key::Age => said(&GoDuration::from_millis(number)),
            Fact::Number(number) => said(&number),
            Fact::Text(text) => text.unwrap_or_default().to_owned(),
            Fact::Texts(texts) => listed(texts),
        }
    }
}

/// Texts with commas between them.
fn listed(texts: &[String]) -> String {
    let mut list = String::new();
    for text in texts {
        list.push_str(if list.is_empty() { "" } else { "," });
        list.push_str(text);
    }
    list
}
