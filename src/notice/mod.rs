//! Notices: what a person is to hear of, without hearing of it a thousand times.
//!
//! Whoever sees something worth a notice tells the actor [`Notices`]. It sends the first of a kind at once, counts those
//! that follow within a window, and tells their number when the window ends. What a webhook does not take is kept and
//! sent again. Which things are worth a notice is the teller's business, and a notice never carries payloads or an
//! application's own words: ids, names, numbers.

mod actor;
mod channel;
mod kind;
mod queue;
mod slack;
mod story;
mod webhook;
mod windows;

pub use actor::Notices;
pub use kind::{Kind, UnknownKindError};

/// The name of the actor.
pub const NOTICES: &str = "notices";
