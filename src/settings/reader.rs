//! Settings, looked up one by one.

use super::SettingsError;
use crate::text::{Say, said};

/// The text behind a name, if there is any.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Looks settings up and keeps the first error, which [`Reader::end`] gives: until then a setting that cannot be used
/// counts as absent.
pub(super) struct Reader<'a> {
    lookup: Lookup<'a>,
    /// What stands before each name.
    pub(super) prefix: &'static str,
    error: Option<SettingsError>,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(lookup: Lookup<'a>) -> Self {
        Self { lookup, prefix: "", error: None }
    }

    /// A setting; empty text counts as absent.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        (self.lookup)(&[self.prefix, name].concat()).filter(|text| !text.is_empty())
    }

    /// A setting that must not be absent.
    pub(super) fn required(&mut self, name: &str) -> Option<String> {
        let text = self.text(name);
        if text.is_none() {
            self.refuse(name, "is missing");
        }
        text
    }

    /// What a setting was read as. The error must not quote the value where that may be a secret.
    pub(super) fn valid<T, E: Say>(&mut self, name: &str, read: Result<T, E>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(error) => {
                self.refuse_for(name, &error);
                None
            }
        }
    }

    // Not generic: one piece of code for all types of errors.
    fn refuse_for(&mut self, name: &str, error: &dyn Say) {
        self.refuse(name, &invalid(error));
    }

    /// Keeps an error, if it is the first.
    pub(super) fn refuse(&mut self, name: &str, problem: &str) {
        if self.error.is_none() {
            self.error = Some(SettingsError::new([self.prefix, name].concat(), problem.to_owned()));
        }
    }

    pub(super) fn end(self) -> Result<(), SettingsError> {
        self.error.map_or(Ok(()), Err)
    }
}

/// The problem with a value that `error` is about.
pub(super) fn invalid(error: &dyn Say) -> String {
    ["is invalid: ", &said(error)].concat()
}
