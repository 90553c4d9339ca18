//! A policy as `[vars.POLICY]` in `wrangler.toml` writes it, which the runtime hands over as JSON.

use core::time::Duration;

use super::{
    Action, Age, Attempts, Backoff, Condition, FailureClass, Policy, PolicyError, Regex, Rule, StatusRange,
    Wildcard, fingerprint::is_fingerprint, template::stand_in,
};
use crate::{
    dlq::GoDuration,
    http_url::HttpUrl,
    json::{Table, TableError},
    settings::Region,
    text::said,
};

/// More attempts than this are a mistake: at the default back-off they would take weeks.
const MAX_ATTEMPTS: u32 = 1000;

const STATUSES: &str = "503, \"5xx\", \"500-504\", \"unreachable\" or a list of these";
const URLS: &str = "an absolute http or https URL or a list of these";
const TEXTS: &str = "a text or a list of texts";
const ACTIONS: &str = "\"resume\", \"restart\", \"defer\", \"park\", \"relay\" or \"delete\"";
const CLASSES: &str = "\"incompatible_step\", \"non_retryable\", \"unreachable\", \"timeout\", \"rate_limited\", \
                       \"unauthorized\", \"client_error\", \"server_error\", \"other\" or a list of these";
const REGIONS: &str = "\"eu-central-1\", \"us-east-1\", \"none\" or a list of these";
const ATTEMPTS: &str = "3, \"3-\", \"0-2\" or a list of these";
const AGES: &str = "\">1h\", \"<10m\", \"10m-1h\" or a list of these";
const FINGERPRINTS: &str = "16 digits of 0 to 9 and a to f or a list of these";
const REGEXES: &str = "a regular expression or a list of these";
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

fn read(table: &mut Table<'_>, policy: &mut Policy) {
    set(&mut policy.dry_run, table.flag("dry_run"));
    set(&mut policy.max_attempts, table.number("max_attempts", MAX_ATTEMPTS));
    duration(table, "max_elapsed", &mut policy.max_elapsed);
    duration(table, "settle", &mut policy.settle);
    table.table("backoff", &mut |table| backoff(table, &mut policy.backoff));
    duration(table, "retry_after_cap", &mut policy.retry_after_cap);
    table.table("overrides", &mut |table| policy.overrides.read(table, Some(checkable)));
    for text in table.texts("relay_targets", URLS) {
        policy.relay.extend(table.parse::<HttpUrl>("relay_targets", URLS, &text));
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
    for text in table.texts_and_numbers("status", STATUSES) {
        condition.status.extend(table.parse::<StatusRange>("status", STATUSES, &text));
    }
    wildcards(table, "url", &mut condition.url);
    wildcards(table, "label", &mut condition.label);
    wildcards(table, "error", &mut condition.error);
    condition.message.append(&mut table.texts("message", TEXTS));
    wildcards(table, "step", &mut condition.step);
    for text in table.texts("class", CLASSES) {
        condition.class.extend(table.parse::<FailureClass>("class", CLASSES, &text));
    }
    for text in table.texts("fingerprint", FINGERPRINTS) {
        if is_fingerprint(&text) {
            condition.fingerprint.push(text);
        } else {
            table.refuse("fingerprint", &[" must be ", FINGERPRINTS]);
        }
    }
    for text in table.texts("regex", REGEXES) {
        condition.regex.extend(table.parse::<Regex>("regex", REGEXES, &text));
    }
    for text in table.texts_and_numbers("attempt", ATTEMPTS) {
        condition.attempt.extend(table.parse::<Attempts>("attempt", ATTEMPTS, &text));
    }
    for text in table.texts("age", AGES) {
        condition.age.extend(table.parse::<Age>("age", AGES, &text));
    }
    for text in table.texts("region", REGIONS) {
        let region = Region::from_header(&text);
        if region.is_some() || text == "none" {
            condition.region.push(region);
        } else {
            table.refuse("region", &[" must be ", REGIONS]);
        }
    }
}

/// What is checked in the place of a template.
fn checkable(text: &str) -> Result<String, String> {
    stand_in(text).map_err(|error| said(&error))
}

fn wildcards(table: &mut Table<'_>, key: &'static str, to: &mut Vec<Wildcard>) {
    for text in table.texts(key, TEXTS) {
        to.push(Wildcard::new(text));
    }
}

fn backoff(table: &mut Table<'_>, backoff: &mut Backoff) {
    duration(table, "base", &mut backoff.base);
    duration(table, "cap", &mut backoff.cap);
    if backoff.base > backoff.cap {
        table.refuse("base", &[" must not exceed backoff.cap"]);
    }
}

/// A duration, if the table sets it.
fn duration(table: &mut Table<'_>, key: &'static str, to: &mut Duration) {
    let set: Option<GoDuration> = table.text(key, "a duration such as \"30s\"");
    if let Some(set) = set {
        *to = set.as_duration();
    }
}

fn set<T>(to: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *to = value;
    }
}
