//! A policy as `[vars.POLICY]` in `wrangler.toml` writes it, which the runtime hands over as JSON.

use core::time::Duration;

use super::{Action, Backoff, Condition, Policy, PolicyError, Rule};
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
    let mut policy = Policy::default();
    set(&mut policy.dry_run, table.flag("dry_run")?);
    set(&mut policy.max_attempts, table.number("max_attempts", MAX_ATTEMPTS)?);
    duration(&mut table, "max_elapsed", &mut policy.max_elapsed)?;
    duration(&mut table, "settle", &mut policy.settle)?;
    backoff(table.table("backoff")?, &mut policy.backoff)?;
    duration(&mut table, "retry_after_cap", &mut policy.retry_after_cap)?;
    policy.overrides = Overrides::from_table(table.table("overrides")?)?;
    let mut rules = Vec::new();
    for table in table.tables("rules")? {
        rules.push(rule(table)?);
    }
    rules.append(&mut policy.rules);
    policy.rules = rules;
    table.end()?;
    Ok(policy)
}

fn rule(mut table: Table<'_>) -> Result<Rule, TableError> {
    let mut rule = Rule::named("", Action::Park, Condition::default());
    rule.name = table.text("name", "a text")?.ok_or_else(|| table.missing("name", "a text"))?;
    condition(table.table("when")?, &mut rule.when)?;
    rule.action = table.text("action", ACTIONS)?.ok_or_else(|| table.missing("action", ACTIONS))?;
    rule.max_attempts = table.number("max_attempts", MAX_ATTEMPTS)?;
    rule.overrides = Overrides::from_table(table.table("overrides")?)?;
    table.end()?;
    Ok(rule)
}

fn condition(mut table: Table<'_>, condition: &mut Condition) -> Result<(), TableError> {
    condition.status = table.one_or_many_numbers("status", STATUSES)?;
    condition.url = table.one_or_many("url", TEXTS)?;
    condition.label = table.one_or_many("label", TEXTS)?;
    condition.error = table.one_or_many("error", TEXTS)?;
    condition.message = table.one_or_many("message", TEXTS)?;
    condition.step = table.one_or_many("step", TEXTS)?;
    table.end()
}

fn backoff(mut table: Table<'_>, backoff: &mut Backoff) -> Result<(), TableError> {
    duration(&mut table, "base", &mut backoff.base)?;
    duration(&mut table, "cap", &mut backoff.cap)?;
    table.end()?;
    if backoff.base > backoff.cap {
        return Err(TableError("backoff.base must not exceed backoff.cap".to_owned()));
    }
    Ok(())
}

/// A duration, if the table sets it.
fn duration(table: &mut Table<'_>, key: &'static str, to: &mut Duration) -> Result<(), TableError> {
    let set: Option<GoDuration> = table.text(key, "a duration such as \"30s\"")?;
    if let Some(set) = set {
        *to = set.as_duration();
    }
    Ok(())
}

fn set<T>(to: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *to = value;
    }
}
