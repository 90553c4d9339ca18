//! How targets are spared, as a policy writes it.

use core::time::Duration;

use super::{
    Breaker, Drain, Policy,
    config::{duration, set},
};
use crate::json::Table;

/// Takes over what the policy's table sets.
pub(super) fn read(table: &mut Table<'_>, policy: &mut Policy) {
    table.table("breaker", &mut |table| breaker(table, &mut policy.breaker));
    table.table("drain", &mut |table| drain(table, &mut policy.drain));
    table.table("budget", &mut |table| {
        let mut daily = policy.daily_budget.unwrap_or(u32::MAX);
        count(table, "daily", u32::MAX, &mut daily);
        policy.daily_budget = (daily < u32::MAX).then_some(daily);
    });
}

fn breaker(table: &mut Table<'_>, breaker: &mut Breaker) {
    set(&mut breaker.enabled, table.flag("enabled"));
    count(table, "failure_share", 100, &mut breaker.failure_share);
    count(table, "minimum", 200, &mut breaker.minimum);
    span(table, "window", &mut breaker.window);
    span(table, "open", &mut breaker.open);
    span(table, "open_cap", &mut breaker.open_cap);
    count(table, "probes", 10, &mut breaker.probes);
    if breaker.open > breaker.open_cap {
        table.refuse("open", &[" must not exceed breaker.open_cap"]);
    }
}

fn drain(table: &mut Table<'_>, drain: &mut Drain) {
    count(table, "rate", 100_000, &mut drain.rate);
    span(table, "period", &mut drain.period);
    count(table, "parallelism", 1000, &mut drain.parallelism);
    set(&mut drain.flow_control, table.flag("flow_control"));
    if drain.period.subsec_millis() != 0 {
        table.refuse("period", &[" must be whole seconds"]);
    }
}

/// A whole number from 1 on.
fn count(table: &mut Table<'_>, key: &'static str, max: u32, to: &mut u32) {
    set(to, table.number(key, max));
    if *to == 0 {
        table.refuse(key, &[" must be at least 1"]);
    }
}

/// A duration that is neither nothing nor for ever.
fn span(table: &mut Table<'_>, key: &'static str, to: &mut Duration) {
    duration(table, key, to);
    if !(Duration::from_secs(1)..=Duration::from_hours(24)).contains(to) {
        table.refuse(key, &[" must be a duration from 1s to 24h"]);
    }
}
