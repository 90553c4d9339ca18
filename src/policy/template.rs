//! Texts with placeholders, which are filled in for each failure.

use core::str::FromStr;

use super::{Facts, fingerprint::Hash, key::KEYS};
use crate::text;
use crate::text::Say;

/// Every placeholder that there is.
const PLACEHOLDERS: &[&str] =
    &["target", "label", "class", "fingerprint", "attempt", "root_run", "step", "region"];

/// Bytes of a value in a label or flow control key.
const NAME_LIMIT: usize = 64;
/// A value of that length.
const LONGEST: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
/// Bytes of a template that is no header.
const TEMPLATE_LIMIT: usize = 256;

/// A text with placeholders such as `{target}`. A value that is not known is `none`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(String);

impl Template {
    /// The text with the values that a failure has, as they are.
    #[must_use]
    pub fn fill(&self, facts: &Facts<'_>) -> String {
        filled(&self.0, &mut |name| value(facts, name)).unwrap_or_default()
    }
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        stand_in(text)?;
        if text.is_empty() || text.len() > TEMPLATE_LIMIT || text.chars().any(char::is_control) {
            return Err(TemplateError("accepted are 1 to 256 bytes without control characters".to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

/// The text with values that are as long as any can be in a header: where this is accepted, whatever a failure has is.
pub(super) fn stand_in(text: &str) -> Result<String, TemplateError> {
    filled(text, &mut |name| [name, LONGEST.get(name.len()..).unwrap_or_default()].concat())
}

/// The text with the values that a failure has, fit for labels and flow control keys. `target` is the one that the rule
/// names, if it does.
pub(super) fn fill_name(text: &str, facts: &Facts<'_>, target: &str) -> String {
    let value =
        &mut |name: &str| name_of(&if name == "target" { target.to_owned() } else { value(facts, name) });
    filled(text, value).unwrap_or_default()
}

fn value(facts: &Facts<'_>, name: &str) -> String {
    let value = match name {
        // The first of them.
        "label" => facts.failure.labels.first().cloned().unwrap_or_default(),
        "root_run" => facts.lineage.root_run().as_str().to_owned(),
        "target" => facts.target(),
        _ => KEYS.iter().find(|key| key.name() == name).map_or_else(String::new, |key| facts.told(*key)),
    };
    if value.is_empty() { "none".to_owned() } else { value }
}

/// A value in the letters of labels and keys: other characters become `-`, and what is too long ends in a hash, so that
/// different values stay different.
fn name_of(value: &str) -> String {
    let mut name = String::new();
    for character in text::split_once(value, "://").map_or(value, |(_, rest)| rest).chars() {
        if character.is_ascii_alphanumeric() || matches!(character, '_' | '.') {
            name.push(character);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = text::trim_end(&name, '-');
    if name.len() <= NAME_LIMIT && !name.is_empty() {
        return name.to_owned();
    }
    let mut hash = Hash::new();
    hash.add(value);
    [name.get(..NAME_LIMIT - 17).unwrap_or("x"), "-", &hash.to_hex()].concat()
}

fn filled(text: &str, value: &mut dyn FnMut(&str) -> String) -> Result<String, TemplateError> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = text::cut(rest, b'{') {
        let Some((name, after)) = text::cut(after, b'}') else {
            return Err(TemplateError("a `{` without `}`".to_owned()));
        };
        if !PLACEHOLDERS.contains(&name) {
            return Err(TemplateError::unknown(name));
        }
        filled.push_str(before);
        filled.push_str(&value(name));
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// A template that cannot be filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError(String);

impl TemplateError {
    fn unknown(name: &str) -> Self {
        let mut message = ["there is no {", text::name_to_repeat(name), "}; accepted are"].concat();
        for (index, placeholder) in PLACEHOLDERS.iter().enumerate() {
            message.push_str(if index == 0 { " {" } else { ", {" });
            message.push_str(placeholder);
            message.push('}');
        }
        Self(message)
    }
}

impl Say for TemplateError {
    fn say(&self, text: &mut String) {
        text.push_str(&self.0);
    }
}

display!(TemplateError);

impl core::error::Error for TemplateError {}
