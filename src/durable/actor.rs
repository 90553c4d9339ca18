//! Actors: state machines with a store and an alarm.

use core::fmt;

use super::{Records, outbox};
use crate::text::Say;
use crate::{
    dlq::{ApiRequest, Transported},
    http_url::HttpUrl,
    recovery::Moment,
    settings::{Region, Settings},
    time::Timestamp,
};

/// What an actor has at hand while it is told something.
pub struct Office<'a> {
    /// Its own store. All that it knows is there: between two calls it may be gone from memory.
    pub records: &'a mut dyn Records,
    /// What the deployment is told.
    pub settings: &'a Settings,
    /// The present, and a random number.
    pub moment: Moment,
}

impl fmt::Debug for Office<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Office").field("moment", &self.moment).finish_non_exhaustive()
    }
}

/// A state machine that outlives requests. It has no state of its own but what its records hold.
///
/// A shell runs it like this: it passes on what others tell it ([`told`]); then, and whenever the alarm rings, it
/// tells others what is due in the [outbox], runs errands one after the other until there are none ([`Actor::errand`],
/// [`Actor::returned`]), and sets the alarm ([`wakes`]). Between an errand and its return other messages may be heard, and the actor may be restarted, in
/// which case the errand never returns: it is asked for one anew and has to look what became of the last.
pub trait Actor {
    /// Takes in a message, a JSON object, and answers with another.
    fn hear(&self, office: &mut Office<'_>, message: &str) -> Result<String, UnheardError>;

    /// What to do next, if anything is due.
    fn errand(&self, office: &mut Office<'_>) -> Option<Errand>;

    /// Takes in what became of the errand that was given last.
    fn returned(&self, office: &mut Office<'_>, answer: Transported);

    /// When to be asked for an errand again; `None` where nothing is waited for. The outbox has its own time.
    fn wakes(&self, office: &Office<'_>) -> Option<Timestamp>;
}

/// Lets an actor take in messages that came together, in order. The answer to one that makes no sense is empty.
pub fn told(actor: &dyn Actor, office: &mut Office<'_>, messages: &[String]) -> Vec<String> {
    let mut answers = Vec::new();
    for message in messages {
        answers.push(actor.hear(office, message).unwrap_or_default());
    }
    answers
}

/// When an actor has to be woken: for an errand, or for what it owes to others.
#[must_use]
pub fn wakes(actor: &dyn Actor, office: &Office<'_>) -> Option<Timestamp> {
    [actor.wakes(office), outbox::wakes(office.records)].into_iter().flatten().min()
}

/// What an actor wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Errand {
    /// A call of the QStash API: of the region's account, as [`Settings::account`] finds it.
    Api {
        /// The account's region.
        region: Option<Region>,
        /// What to send.
        request: ApiRequest,
    },
    /// A POST to an address of the settings: a webhook.
    Post {
        /// The address, which comes from the settings and from nowhere else.
        url: HttpUrl,
        /// Headers of the request.
        headers: Vec<(&'static str, String)>,
        /// The body.
        body: String,
    },
    /// A message to another actor.
    Tell {
        /// Its name.
        actor: String,
        /// A JSON object.
        message: String,
    },
}

/// A message that its actor cannot make sense of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnheardError;

impl Say for UnheardError {
    fn say(&self, text: &mut String) {
        text.push_str("no message that this actor knows");
    }
}

display!(UnheardError);

impl core::error::Error for UnheardError {}
