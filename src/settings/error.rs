//! What is wrong with a setting.

use core::fmt;

/// A setting that is missing or cannot be used. Names the setting and what it accepts; never shows a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError {
    name: String,
    problem: String,
}

impl SettingsError {
    pub(super) const fn new(name: String, problem: String) -> Self {
        Self { name, problem }
    }

    /// The name of the setting.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        f.write_str(" ")?;
        f.write_str(&self.problem)
    }
}

impl core::error::Error for SettingsError {}
