//! Regular expressions on error messages, in linear time whatever the pattern.
//!
//! A small dialect of its own, because the smallest crate for it is 25 KB of compressed WebAssembly. All ways through a
//! pattern are walked side by side ([Thompson's construction](https://swtch.com/~rsc/regexp/regexp1.html)), so that no
//! pattern makes a message cost more than its length times the pattern's size, and both are bounded. What may live here:
//! patterns and texts. What may not: what a policy makes of a match.

mod error;
mod parser;
mod program;

use core::str::FromStr;

pub use error::RegexError;

use parser::Parser;
use program::Program;

/// The longest accepted pattern, in bytes.
pub const MAX_PATTERN_BYTES: usize = 512;

/// A pattern that is looked for anywhere in a text.
///
/// It knows literals, `.` (any character but a line feed), sets such as `[a-z]` and `[^"\s]`, `\d \w \s` and their
/// opposites `\D \W \S` (of ASCII), the anchors `^` and `$` (of the whole text), the word boundaries `\b` and `\B`, groups,
/// `|`, and the repeats `* + ? {2} {2,} {2,5}`. Behind `(?i)` at the beginning the case of ASCII letters does not matter.
/// Everything else, such as look-around and back-references, is refused by name.
///
/// ```
/// use workflow_redrive::policy::Regex;
///
/// let deadlock: Regex = r"(?i)deadlock|lock timeout after \d+ ?ms".parse()?;
/// assert!(deadlock.is_match("Lock timeout after 500ms on orders"));
/// assert!(!deadlock.is_match("lock timeout"));
/// # Ok::<(), workflow_redrive::policy::RegexError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Regex {
    pattern: String,
    program: Program,
}

impl Regex {
    /// Whether the pattern is found in the text.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.program.is_match(text)
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.pattern
    }
}

impl FromStr for Regex {
    type Err = RegexError;

    fn from_str(pattern: &str) -> Result<Self, Self::Err> {
        Ok(Self { program: Parser::compile(pattern)?, pattern: pattern.to_owned() })
    }
}

impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.pattern == other.pattern
    }
}

impl Eq for Regex {}

#[cfg(test)]
mod tests;
