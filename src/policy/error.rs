//! What is wrong with a policy.

use crate::text::Say;

/// A policy that cannot be read. The message names the key and what it accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    message: String,
}

impl PolicyError {
    pub(super) const fn new(message: String) -> Self {
        Self { message }
    }
}

impl Say for PolicyError {
    fn say(&self, text: &mut String) {
        text.push_str(&self.message);
    }
}

display!(PolicyError);

impl core::error::Error for PolicyError {}
