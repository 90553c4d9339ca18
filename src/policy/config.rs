//! A policy as `[vars.POLICY]` in `wrangler.toml` writes it, which the runtime hands over as JSON.

use core::time::Duration;

use super::{Backoff, Condition, Policy, PolicyError, Rule, one_or_many::OneOrMany, table::Table};
use crate::dlq::GoDuration;

/// More attempts than this are a mistake: at the default back-off they would take weeks.
const MAX_ATTEMPTS: u32 = 1000;

const STATUSES: &str = "503, \"5xx\", \"500-504\", \"unreachable\" or a list of these";
const TEXTS: &str = "a text or a list of texts";
const OVERRIDES: &str = "a table of overrides";

impl Policy {
    /// Reads a policy from JSON. Every key is optional and has the default of [`Policy::default`]; unknown keys and
    /// values out of range are refused. The rules stand before the default ones.
    pub fn from_json(json: &str) -> Result<Self, PolicyError> {
        let mut table = Table::parse(json)?;
        let default = Self::default();
        let policy = Self {
            dry_run: table.take("dry_run", "true or false")?.unwrap_or(default.dry_run),
            max_attempts: attempts(&mut table)?.unwrap_or(default.max_attempts),
            max_elapsed: duration(&mut table, "max_elapsed", default.max_elapsed)?,
            settle: duration(&mut table, "settle", default.settle)?,
            backoff: backoff(table.table("backoff")?, default.backoff)?,
            retry_after_cap: duration(&mut table, "retry_after_cap", default.retry_after_cap)?,
            overrides: table.take("overrides", OVERRIDES)?.unwrap_or_default(),
            rules: {
                let own: Result<Vec<Rule>, _> = table.tables("rules")?.into_iter().map(rule).collect();
                own?.into_iter().chain(default.rules).collect()
            },
        };
        table.end()?;
        Ok(policy)
    }
}

fn rule(mut table: Table<'_>) -> Result<Rule, PolicyError> {
    let rule = Rule {
        name: table.require("name", "a text")?,
        when: condition(table.table("when")?)?,
        action: table.require("action", "\"resume\", \"restart\", \"park\" or \"delete\"")?,
        max_attempts: attempts(&mut table)?,
        overrides: table.take("overrides", OVERRIDES)?.unwrap_or_default(),
    };
    table.end()?;
    Ok(rule)
}

fn condition(mut table: Table<'_>) -> Result<Condition, PolicyError> {
    let condition = Condition {
        status: table.take("status", STATUSES)?.map(OneOrMany::into_vec).unwrap_or_default(),
        url: table.take("url", TEXTS)?.map(OneOrMany::into_vec).unwrap_or_default(),
        label: table.take("label", TEXTS)?.map(OneOrMany::into_vec).unwrap_or_default(),
        error: table.take("error", TEXTS)?.map(OneOrMany::into_vec).unwrap_or_default(),
        message: table.take("message", TEXTS)?.map(OneOrMany::into_vec).unwrap_or_default(),
        step: table.take("step", TEXTS)?.map(OneOrMany::into_vec).unwrap_or_default(),
    };
    table.end()?;
    Ok(condition)
}

fn backoff(mut table: Table<'_>, default: Backoff) -> Result<Backoff, PolicyError> {
    let backoff = Backoff {
        base: duration(&mut table, "base", default.base)?,
        cap: duration(&mut table, "cap", default.cap)?,
    };
    table.end()?;
    if backoff.base > backoff.cap {
        return Err(PolicyError::new("backoff.base must not exceed backoff.cap".to_owned()));
    }
    Ok(backoff)
}

fn attempts(table: &mut Table<'_>) -> Result<Option<u32>, PolicyError> {
    const KEY: &str = "max_attempts";
    const ACCEPTED: &str = "a number from 0 to 1000";
    match table.take(KEY, ACCEPTED)? {
        Some(attempts) if attempts > MAX_ATTEMPTS => {
            Err(PolicyError::new([&table.path_of(KEY), " must be ", ACCEPTED].concat()))
        }
        attempts => Ok(attempts),
    }
}

fn duration(table: &mut Table<'_>, key: &'static str, default: Duration) -> Result<Duration, PolicyError> {
    let set: Option<GoDuration> = table.take(key, "a duration such as \"30s\"")?;
    Ok(set.map_or(default, GoDuration::as_duration))
}
