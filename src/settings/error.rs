//! What is wrong with a setting.

use core::fmt;

/// A setting that is missing or cannot be used. Names the setting and what it accepts; never shows a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError {
    name: String,
    problem: String,
}

impl SettingsError {
    pub(super) fn missing(name: String) -> Self {
        Self { name, problem: "is missing".to_owned() }
    }

    pub(super) fn unacceptable(name: impl Into<String>, problem: &str) -> Self {
        Self { name: name.into(), problem: problem.to_owned() }
    }

    /// `error` must not quote the value where that may be a secret.
    pub(super) fn invalid(name: impl Into<String>, error: &dyn fmt::Display) -> Self {
        Self { name: name.into(), problem: ["is invalid: ", &error.to_string()].concat() }
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
