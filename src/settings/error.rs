//! What is wrong with a setting.

use crate::text::Say;

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

impl Say for SettingsError {
    fn say(&self, text: &mut String) {
        text.push_str(&self.name);
        text.push(' ');
        text.push_str(&self.problem);
    }
}

display!(SettingsError);

impl core::error::Error for SettingsError {}
