//! A policy as `[vars.POLICY]` in `wrangler.toml` writes it, which the runtime hands over as JSON.

use core::time::Duration;

use super::{Backoff, Condition, Policy, PolicyError, Rule};
use crate::{
    dlq::{GoDuration, Overrides},
    json::{Table, TableError},
};

/// More attempts than this are a mistake: at the default back-off they would take weeks.
const MAX_ATTEMPTS: u32 = 1000;

const STATUSES: &str = "503, \"5xx\", \"500-504\", \"unreachable\" or a list of these";
const TEXTS: &str = "a text or a list of texts";
const ACTIONS: &str = "\"resume\", \"restart\", \"park\" or \"delete\"";

impl Policy {
    /// Reads a policy from JSON. Every key is optional and has the default of [`Policy::default`]; unknown keys and
    /// values out of range are refused. The rules stand before the default ones.
    pub fn from_json(json: &str) -> Result<Self, PolicyError> {
        read(json).map_err(|TableError(message)| PolicyError::new(message))
    }
}

fn read(json: &str) -> Result<Policy, TableError> {
    let mut table = Table::parse("the policy", json)?;
    let default = Policy::default();
    let policy = Policy {
        dry_run: table.flag("dry_run")?.unwrap_or(default.dry_run),
        max_attempts: table.number("max_attempts", MAX_ATTEMPTS)?.unwrap_or(default.max_attempts),
        max_elapsed: duration(&mut table, "max_elapsed", default.max_elapsed)?,
        settle: duration(&mut table, "settle", default.settle)?,
        backoff: backoff(table.table("backoff")?, default.backoff)?,
        retry_after_cap: duration(&mut table, "retry_after_cap", default.retry_after_cap)?,
        overrides: Overrides::from_table(table.table("overrides")?)?,
        rules: {
            let own: Result<Vec<Rule>, _> = table.tables("rules")?.into_iter().map(rule).collect();
            own?.into_iter().chain(default.rules).collect()
        },
    };
    table.end()?;
    Ok(policy)
}

fn rule(mut table: Table<'_>) -> Result<Rule, TableError> {
    let rule = Rule {
        name: table.text("name", "a text")?.ok_or_else(|| table.missing("name", "a text"))?,
        when: condition(table.table("when")?)?,
        action: table.text("action", ACTIONS)?.ok_or_else(|| table.missing("action", ACTIONS))?,
        max_attempts: table.number("max_attempts", MAX_ATTEMPTS)?,
        overrides: Overrides::from_table(table.table("overrides")?)?,
    };
    table.end()?;
    Ok(rule)
}

fn condition(mut table: Table<'_>) -> Result<Condition, TableError> {
    let condition = Condition {
        status: table.one_or_many_numbers("status", STATUSES)?,
        url: table.one_or_many("url", TEXTS)?,
        label: table.one_or_many("label", TEXTS)?,
        error: table.one_or_many("error", TEXTS)?,
        message: table.one_or_many("message", TEXTS)?,
        step: table.one_or_many("step", TEXTS)?,
    };
    table.end()?;
    Ok(condition)
}

fn backoff(mut table: Table<'_>, default: Backoff) -> Result<Backoff, TableError> {
    let backoff = Backoff {
        base: duration(&mut table, "base", default.base)?,
        cap: duration(&mut table, "cap", default.cap)?,
    };
    table.end()?;
    if backoff.base > backoff.cap {
        return Err(TableError("backoff.base must not exceed backoff.cap".to_owned()));
    }
    Ok(backoff)
}

fn duration(table: &mut Table<'_>, key: &'static str, default: Duration) -> Result<Duration, TableError> {
    let set: Option<GoDuration> = table.text(key, "a duration such as \"30s\"")?;
    Ok(set.map_or(default, GoDuration::as_duration))
}
