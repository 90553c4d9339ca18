//! What rules can ask of a failure.

use super::{FailureClass, fingerprint};
use core::time::Duration;

use crate::{
    callback::{Excerpt, Failure},
    dlq::GoDuration,
    lineage::Lineage,
    settings::Region,
    text,
    time::{Timestamp, millis},
};

/// Bytes of a fact where it is told.
const TOLD_LIMIT: usize = 256;

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

    /// What breaker and budgets count by where no rule says otherwise: the workflow's URL without its query.
    #[must_use]
    pub fn target(&self) -> &'a str {
        text::parts(&self.failure.workflow_url, b'?').next().unwrap_or_default()
    }

    /// The value of a condition's key or of a template's placeholder; empty for what is not known.
    pub(super) fn value(&self, key: &str) -> String {
        let failure = self.failure;
        let of = |text: Option<&str>| text.unwrap_or_default().to_owned();
        match key {
            "status" => failure.status.to_string(),
            "url" => failure.workflow_url.clone(),
            "label" => listed(&failure.labels),
            "error" => of(self.error_name()),
            "message" | "regex" => of(self.message()),
            "step" => of(failure.step_name.as_deref()),
            "class" => self.class.name().to_owned(),
            "fingerprint" => self.fingerprint.clone(),
            "attempt" => self.lineage.attempt().to_string(),
            "age" => text::said(&GoDuration::from_millis(millis(self.age))),
            "region" => of(failure.region.map(Region::name)),
            "root_run" => self.lineage.root_run().as_str().to_owned(),
            "target" => self.target().to_owned(),
            _ => String::new(),
        }
    }

    /// The same, as much of it as a person wants to read.
    pub(super) fn told(&self, key: &str) -> String {
        Excerpt::new(&self.value(key), TOLD_LIMIT).into_text()
    }

    pub(super) fn error_name(&self) -> Option<&'a str> {
        self.failure.error.as_ref()?.name.as_ref().map(Excerpt::as_str)
    }

    pub(super) fn message(&self) -> Option<&'a str> {
        self.failure.error.as_ref().map(|error| error.message.as_str())
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
