//! A policy as `[vars.POLICY]` in `wrangler.toml` writes it, which the runtime hands over as JSON.

use core::time::Duration;

use super::{Action, Backoff, Condition, Policy, PolicyError, Rule, key::KEYS, template::stand_in};
use crate::{
    dlq::GoDuration,
    http_url::HttpUrl,
    json::{Table, TableError},
    text::said,
};

/// More attempts than this are a mistake: at the default back-off they would take weeks.
const MAX_ATTEMPTS: u32 = 1000;

const URLS: &str = "an absolute https URL, or http on this machine, or a list of these";
const ACTIONS: &str = "\"resume\", \"restart\", \"defer\", \"park\", \"relay\" or \"delete\"";
const TARGET: &str = "a text with placeholders such as {target}";
const RELAY_TO: &str = "one of the URLs in relay_targets";

impl Policy {
    /// Reads a policy from JSON. Every key is optional and has the default of [`Policy::default`]; unknown keys and
    /// values out of range are refused. The rules stand before the default ones.
    pub fn from_json(json: &str) -> Result<Self, PolicyError> {
        let mut policy = Self::default();
        policy.set_from_json(json).map(|()| policy)
    }

    /// Takes over what JSON sets.
    pub(crate) fn set_from_json(&mut self, json: &str) -> Result<(), PolicyError> {
        Table::read("the policy", json, &mut |table| read(table, self))
            .map_err(|TableError(message)| PolicyError::new(message))
    }
}

pub(super) fn read(table: &mut Table<'_>, policy: &mut Policy) {
    set(&mut policy.dry_run, table.flag("dry_run"));
    set(&mut policy.max_attempts, table.number("max_attempts", MAX_ATTEMPTS));
    duration(table, "max_elapsed", &mut policy.max_elapsed);
    duration(table, "settle", &mut policy.settle);
    table.table("backoff", &mut |table| backoff(table, &mut policy.backoff));
    duration(table, "retry_after_cap", &mut policy.retry_after_cap);
    table.table("overrides", &mut |table| policy.overrides.read(table, Some(checkable)));
    set(&mut policy.paused, table.flag("paused"));
    spared(table, policy);
    for text in &table.texts("relay_targets", URLS) {
        let Some(target) = table.parse::<HttpUrl>("relay_targets", URLS, text) else { continue };
        if !target.is_https() && !target.is_loopback() {
            table.refuse("relay_targets", &[" must be https, or http on this machine: it gets payloads"]);
        }
        policy.relay.push(target);
    }
    let mut count = 0;
    table.tables("rules", &mut |table| {
        let mut new = Rule::named("", Action::Park);
        rule(table, &mut new, &policy.relay);
        policy.rules.insert(count, new);
        count += 1;
    });
}

fn rule(table: &mut Table<'_>, rule: &mut Rule, relay: &[HttpUrl]) {
    set(&mut rule.name, table.required("name", "a text"));
    table.table("when", &mut |table| condition(table, &mut rule.when));
    set(&mut rule.action, table.required("action", ACTIONS));
    rule.max_attempts = table.number("max_attempts", MAX_ATTEMPTS);
    table.table("overrides", &mut |table| rule.overrides.read(table, Some(checkable)));
    rule.target = table.text("target", TARGET);
    rule.relay_to = table.text("relay_to", RELAY_TO);
    match &rule.relay_to {
        Some(url) if !relay.contains(url) => table.refuse("relay_to", &[" must be ", RELAY_TO]),
        None if rule.action == Action::Relay => {
            table.refuse("relay_to", &[" is missing; it must be ", RELAY_TO]);
        }
        _ => {}
    }
}

fn condition(table: &mut Table<'_>, condition: &mut Condition) {
    for key in KEYS {
        let (name, accepted) = (key.name(), key.accepted());
        let texts = if key.is_numeric() {
            table.texts_and_numbers(name, accepted)
        } else {
            table.texts(name, accepted)
        };
        for text in &texts {
            if let Some(value) = table.checked(name, accepted, key.read(text)) {
                condition.add(key, value);
            }
        }
    }
}

/// What is checked in the place of a template.
fn checkable(text: &str) -> Result<String, String> {
    stand_in(text).map_err(|error| said(&error))
}

fn backoff(table: &mut Table<'_>, backoff: &mut Backoff) {
    duration(table, "base", &mut backoff.base);
    duration(table, "cap", &mut backoff.cap);
    if backoff.base > backoff.cap {
        table.refuse("base", &[" must not exceed backoff.cap"]);
    }
}

/// How targets are spared.
#[cfg(not(all(target_family = "wasm", feature = "npm")))]
fn spared(table: &mut Table<'_>, policy: &mut Policy) {
    super::guard_config::read(table, policy);
}

/// The npm package watches no target. It takes the policy of a Worker that does, and spares itself the code.
#[cfg(all(target_family = "wasm", feature = "npm"))]
fn spared(table: &mut Table<'_>, _: &mut Policy) {
    for key in ["breaker", "drain", "budget"] {
        table.skip(key);
    }
}

/// A duration, if the table sets it.
pub(super) fn duration(table: &mut Table<'_>, key: &'static str, to: &mut Duration) {
    let set: Option<GoDuration> = table.text(key, "a duration such as \"30s\"");
    if let Some(set) = set {
        *to = set.as_duration();
    }
}

pub(super) fn set<T>(to: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *to = value;
    }
}
