//! What is wrong with a pattern.

use crate::text::Say;

/// A pattern that is not understood. The message names what was met, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegexError {
    /// What was met.
    pub(super) what: &'static str,
    /// How many characters of the pattern were read then.
    pub(super) at: usize,
}

impl Say for RegexError {
    fn say(&self, text: &mut String) {
        text.push_str(self.what);
        text.push_str(" at character ");
        self.at.say(text);
    }
}

display!(RegexError);

impl core::error::Error for RegexError {}
