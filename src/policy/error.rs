//! What is wrong with a policy.

use core::fmt;

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

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for PolicyError {}
