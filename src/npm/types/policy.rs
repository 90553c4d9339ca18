//! Policies, as [`Policy::from_json`](crate::policy::Policy::from_json) reads them.

use serde::Serialize;
use ts_rs::TS;

use super::one_or_many::OneOrMany;

/// What to do with failed runs, as `[vars.POLICY]` of the Worker writes it. Durations are texts such as `"30s"`.
#[derive(Serialize, TS)]
#[ts(optional_fields)]
pub(super) struct Policy {
    /// Decide and report, and send nothing. Default: false.
    dry_run: Option<bool>,
    /// How often a run and its descendants are brought back at most. Default: 5.
    max_attempts: Option<u32>,
    /// How long after the first failure. Default: "24h".
    max_elapsed: Option<String>,
    /// The least wait, so that a step that still executes is not run twice. Default: "10s".
    settle: Option<String>,
    /// A random part of it is waited on top of the least wait.
    backoff: Option<PolicyBackoff>,
    /// The longest wait that an endpoint may ask for. Default: "24h".
    retry_after_cap: Option<String>,
    /// For every run that is resumed or restarted.
    overrides: Option<PolicyOverrides>,
    /// Hold every resume and restart back. Default: false.
    paused: Option<bool>,
    /// When targets are spared. Only the Worker does that, where it has a ledger.
    breaker: Option<PolicyBreaker>,
    /// How fast runs are resumed that were held back. Only the Worker does that, where it has a ledger.
    drain: Option<PolicyDrain>,
    /// How much may be resumed. Only the Worker keeps to it, where it has a ledger.
    budget: Option<PolicyBudget>,
    /// The failure functions that rules may hand callbacks on to.
    relay_targets: Option<OneOrMany<String>>,
    /// Before the default rules; the first that matches decides.
    rules: Option<Vec<PolicyRule>>,
}

/// How waits grow.
#[derive(Serialize, TS)]
#[ts(optional_fields)]
pub(super) struct PolicyBackoff {
    /// Of the first attempt; it doubles with each. Default: "30s".
    base: Option<String>,
    /// Default: "1h".
    cap: Option<String>,
}

/// When a target counts as ill, and when it is tried again. The package takes it, and neither checks nor follows it.
#[derive(Serialize, TS)]
#[ts(optional_fields)]
pub(super) struct PolicyBreaker {
    /// Default: true.
    enabled: Option<bool>,
    /// From which share of failures it opens, in percent. Default: 80.
    failure_share: Option<u32>,
    /// The fewest lineages that must have failed. Default: 10.
    minimum: Option<u32>,
    /// How far back failures count. Default: "5m".
    window: Option<String>,
    /// How long it stays open; doubles as long as probes fail. Default: "30s".
    open: Option<String>,
    /// Default: "10m".
    open_cap: Option<String>,
    /// How many runs try the target out. Default: 3.
    probes: Option<u32>,
}

/// How fast runs are resumed that were held back.
#[derive(Serialize, TS)]
#[ts(optional_fields)]
pub(super) struct PolicyDrain {
    /// Resumes within a period, and deliveries of the resumed runs. Default: 60.
    rate: Option<u32>,
    /// Whole seconds. Default: "1m".
    period: Option<String>,
    /// Deliveries at a time. Default: 10.
    parallelism: Option<u32>,
    /// Whether the runs get a flow control key of their target. Default: true.
    flow_control: Option<bool>,
}

/// How much may be resumed.
#[derive(Serialize, TS)]
#[ts(optional_fields)]
pub(super) struct PolicyBudget {
    /// Of one target within a day of UTC. Default: no limit.
    daily: Option<u32>,
}

/// A rule: what to do with the failures that match all of its conditions.
#[derive(Serialize, TS)]
#[ts(optional_fields)]
pub(super) struct PolicyRule {
    /// What decisions and log lines call it.
    name: String,
    /// Default: every failure.
    when: Option<PolicyCondition>,
    #[ts(as = "crate::policy::Action")]
    action: String,
    /// Default: the policy's.
    max_attempts: Option<u32>,
    /// What breaker and budgets count by; may have placeholders, see `label`. Default: the workflow's URL without its query.
    target: Option<String>,
    /// Default of each: the policy's.
    overrides: Option<PolicyOverrides>,
    /// Where callbacks of runs that are given up are handed on to: one of the policy's `relay_targets`. Default: nowhere.
    relay_to: Option<String>,
}

/// Which failures a rule is for. Values of one condition are alternatives.
#[derive(Serialize, TS)]
#[ts(optional_fields)]
pub(super) struct PolicyCondition {
    /// Of the failing delivery.
    status: Option<OneOrMany<StatusPattern>>,
    /// The endpoint that failed; `*` stands for any characters.
    url: Option<OneOrMany<String>>,
    /// `*` stands for any characters.
    label: Option<OneOrMany<String>>,
    /// The class of the error; `*` stands for any characters.
    error: Option<OneOrMany<String>>,
    /// A part of the error's message.
    message: Option<OneOrMany<String>>,
    /// The name of the step that failed; `*` stands for any characters. Only recent SDKs tell.
    step: Option<OneOrMany<String>>,
    /// What kind of failure it is.
    #[ts(as = "Option<OneOrMany<crate::policy::FailureClass>>")]
    class: Option<OneOrMany<String>>,
    /// What failures of the same kind have in common, as decisions and log lines have it.
    fingerprint: Option<OneOrMany<String>>,
    /// A regular expression that is found in the error's message.
    regex: Option<OneOrMany<String>>,
    /// The resumes and restarts that led to the run.
    attempt: Option<OneOrMany<AttemptPattern>>,
    /// The time since the first failure: ">1h", "<10m", "10m-1h".
    age: Option<OneOrMany<String>>,
    /// "eu-central-1", "us-east-1", or "none" for callbacks that name no region.
    region: Option<OneOrMany<String>>,
}

/// A number, or a text for several: "3-", "0-2".
#[derive(Serialize, TS)]
#[serde(untagged)]
pub(super) enum AttemptPattern {
    Exact(u32),
    Pattern(String),
}

/// A status, or a text for several: "5xx", "500-504", "unreachable".
#[derive(Serialize, TS)]
#[serde(untagged)]
pub(super) enum StatusPattern {
    Exact(u16),
    Pattern(String),
}

/// QStash settings of the resumed or restarted run, as a policy writes them. Default of each: as in the original run.
#[derive(Serialize, TS)]
#[ts(optional_fields)]
pub(super) struct PolicyOverrides {
    /// Of each remaining step.
    retries: Option<u32>,
    /// Instead of the back-off.
    delay: Option<String>,
    /// Milliseconds as an expression such as "1000 * pow(2, retried)".
    retry_delay: Option<String>,
    flow_control: Option<PolicyFlowControl>,
    /// May have placeholders: `{target}`, `{label}`, `{class}`, `{fingerprint}`, `{attempt}`, `{root_run}`, `{step}`, `{region}`.
    label: Option<OneOrMany<String>>,
    /// The URL that is told of a further failure.
    failure_callback: Option<String>,
}

/// Limits of all deliveries with the same key.
#[derive(Serialize, TS)]
#[ts(optional_fields)]
pub(super) struct PolicyFlowControl {
    /// May have placeholders, see `label`.
    key: String,
    /// Deliveries at a time.
    parallelism: Option<u32>,
    /// Deliveries a period.
    rate: Option<u32>,
    /// Default: "1s".
    period: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::policy;

    fn one(text: &str) -> OneOrMany<String> {
        OneOrMany::One(text.to_owned())
    }

    fn many(text: &str) -> OneOrMany<String> {
        OneOrMany::Many(vec![text.to_owned(), "b".to_owned()])
    }

    fn overrides() -> PolicyOverrides {
        PolicyOverrides {
            retries: Some(1),
            delay: Some("1m".to_owned()),
            retry_delay: Some("1000".to_owned()),
            flow_control: Some(PolicyFlowControl {
                key: "k".to_owned(),
                parallelism: Some(1),
                rate: Some(1),
                period: Some("1m".to_owned()),
            }),
            label: Some(many("a")),
            failure_callback: Some("https://a.example/".to_owned()),
        }
    }

    fn rule(action: &str, status: OneOrMany<StatusPattern>) -> PolicyRule {
        PolicyRule {
            name: "a".to_owned(),
            when: Some(PolicyCondition {
                status: Some(status),
                url: Some(one("https://a.example/*")),
                label: Some(many("a")),
                error: Some(one("TypeError")),
                message: Some(many("a")),
                step: Some(one("a")),
                class: Some(one("timeout")),
                fingerprint: Some(one("0123456789abcdef")),
                regex: Some(many("a+")),
                attempt: Some(OneOrMany::Many(vec![
                    AttemptPattern::Exact(1),
                    AttemptPattern::Pattern("3-".to_owned()),
                ])),
                age: Some(one(">1h")),
                region: Some(one("none")),
            }),
            action: action.to_owned(),
            max_attempts: Some(1),
            overrides: Some(overrides()),
            target: Some("{label}".to_owned()),
            relay_to: Some("https://a.example/".to_owned()),
        }
    }

    /// A policy that says everything that can be said.
    fn whole() -> Value {
        let statuses = vec![StatusPattern::Exact(503), StatusPattern::Pattern("4xx".to_owned())];
        let mut rules = vec![rule("park", OneOrMany::Many(statuses))];
        let actions = policy::Action::NAMES.iter();
        rules.extend(actions.map(|(name, _)| rule(name, OneOrMany::One(StatusPattern::Exact(503)))));
        let policy = Policy {
            dry_run: Some(true),
            max_attempts: Some(1),
            max_elapsed: Some("1h".to_owned()),
            settle: Some("1s".to_owned()),
            backoff: Some(PolicyBackoff { base: Some("1s".to_owned()), cap: Some("1h".to_owned()) }),
            retry_after_cap: Some("1h".to_owned()),
            overrides: Some(overrides()),
            paused: Some(true),
            breaker: Some(PolicyBreaker {
                enabled: Some(true),
                failure_share: Some(80),
                minimum: Some(1),
                window: Some("1m".to_owned()),
                open: Some("1s".to_owned()),
                open_cap: Some("1m".to_owned()),
                probes: Some(1),
            }),
            drain: Some(PolicyDrain {
                rate: Some(1),
                period: Some("1m".to_owned()),
                parallelism: Some(1),
                flow_control: Some(true),
            }),
            budget: Some(PolicyBudget { daily: Some(1) }),
            relay_targets: Some(one("https://a.example/")),
            rules: Some(rules),
        };
        serde_json::to_value(policy).unwrap()
    }

    #[test]
    fn the_reader_takes_everything_that_the_types_allow() {
        assert!(policy::Policy::from_json(&whole().to_string()).is_ok());
        assert!(policy::Policy::from_json("{}").is_ok());
        let least =
            json!({"rules": [{"name": "a", "action": "park", "when": {}}], "backoff": {}, "overrides": {}});
        assert!(policy::Policy::from_json(&least.to_string()).is_ok());
    }

    #[test]
    fn the_types_have_everything_that_the_reader_takes() {
        for path in [
            "",
            "/backoff",
            "/overrides",
            "/overrides/flow_control",
            "/breaker",
            "/drain",
            "/budget",
            "/rules/0",
            "/rules/0/when",
            "/rules/0/overrides",
            "/rules/0/overrides/flow_control",
        ] {
            let mut policy = whole();
            let table = policy.pointer_mut(path).unwrap().as_object_mut().unwrap();
            let mut declared: Vec<String> = table.keys().cloned().collect();
            table.insert("zzz".to_owned(), 1.into());
            let error = policy::Policy::from_json(&policy.to_string()).unwrap_err().to_string();
            let (_, accepted) = error.split_once("zzz is unknown; accepted are ").expect(&error);
            let mut accepted: Vec<&str> = accepted.split(", ").collect();
            declared.sort_unstable();
            accepted.sort_unstable();
            assert_eq!(declared, accepted, "{path}");
        }
    }
}
