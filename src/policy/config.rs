//! A policy as `[vars.POLICY]` in `wrangler.toml` writes it, which the runtime hands over as JSON.

use core::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Backoff, Policy, Rule};
use crate::dlq::{GoDuration, Overrides};

/// More attempts than this are a mistake: at the default back-off they would take weeks.
const MAX_ATTEMPTS: u32 = 1000;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Table<'a> {
    dry_run: Option<bool>,
    max_attempts: Option<u32>,
    max_elapsed: Option<GoDuration>,
    settle: Option<GoDuration>,
    backoff: BackoffTable,
    retry_after_cap: Option<GoDuration>,
    overrides: Overrides,
    /// Read one by one, so that an error can say which.
    #[serde(borrow)]
    rules: Vec<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct BackoffTable {
    base: Option<GoDuration>,
    cap: Option<GoDuration>,
}

impl Policy {
    /// Reads a policy from JSON. Every key is optional and has the default of [`Policy::default`]; unknown keys and
    /// values out of range are refused. The rules stand before the default ones.
    pub fn from_json(json: &str) -> Result<Self, PolicyError> {
        let table: Table<'_> = serde_json::from_str(json).map_err(|error| PolicyError::json(None, &error))?;
        let default = Self::default();
        let mut rules = Vec::with_capacity(table.rules.len() + default.rules.len());
        for (index, rule) in table.rules.iter().enumerate() {
            let rule: Rule =
                serde_json::from_str(rule.get()).map_err(|error| PolicyError::json(Some(index), &error))?;
            check_attempts(rule.max_attempts).map_err(|error| error.in_rule(index))?;
            rules.push(rule);
        }
        rules.extend(default.rules);
        check_attempts(table.max_attempts)?;
        let duration = |set: Option<GoDuration>, default| set.map_or(default, GoDuration::as_duration);
        let backoff = Backoff {
            base: duration(table.backoff.base, default.backoff.base),
            cap: duration(table.backoff.cap, default.backoff.cap),
        };
        if backoff.base > backoff.cap {
            return Err(PolicyError::new("backoff.base must not exceed backoff.cap"));
        }
        Ok(Self {
            dry_run: table.dry_run.unwrap_or(default.dry_run),
            max_attempts: table.max_attempts.unwrap_or(default.max_attempts),
            max_elapsed: duration(table.max_elapsed, default.max_elapsed),
            settle: duration(table.settle, default.settle),
            backoff,
            retry_after_cap: duration(table.retry_after_cap, default.retry_after_cap),
            overrides: table.overrides,
            rules,
        })
    }
}

fn check_attempts(attempts: Option<u32>) -> Result<(), PolicyError> {
    match attempts {
        Some(attempts) if attempts > MAX_ATTEMPTS => {
            Err(PolicyError::new("max_attempts must be a number from 0 to 1000"))
        }
        _ => Ok(()),
    }
}

/// A policy that cannot be read. The message names the key and what it accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    message: String,
}

impl PolicyError {
    fn new(message: &str) -> Self {
        Self { message: message.to_owned() }
    }

    fn json(rule: Option<usize>, error: &serde_json::Error) -> Self {
        let text = error.to_string();
        // A position in the runtime's JSON means nothing to the author of a TOML table.
        let error = Self::new(text.split(" at line ").next().unwrap_or_default());
        match rule {
            None => error,
            Some(index) => error.in_rule(index),
        }
    }

    fn in_rule(self, index: usize) -> Self {
        Self { message: format!("rules[{index}]: {}", self.message) }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for PolicyError {}
