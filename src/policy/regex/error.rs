//! What is wrong with a pattern.

use core::fmt;

use crate::text::write_number;

/// A pattern that is not understood. The message names what was met, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegexError {
    /// What was met.
    pub(super) what: &'static str,
    /// How many characters of the pattern were read then.
    pub(super) at: usize,
}

impl fmt::Display for RegexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)?;
        f.write_str(" at character ")?;
        write_number(f, self.at as u64)
    }
}

impl core::error::Error for RegexError {}
