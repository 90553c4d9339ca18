//! Policies from outside: which rule decides, what the limits allow, how long a run waits, and which policies are
//! refused.

#![expect(clippy::unwrap_used, reason = "a broken test value should fail the test")]

mod default_policy;
mod delays;
mod limits;
mod lineages;
mod rules;

use std::time::Duration;

use proptest::prelude::*;
use workflow_redrive::callback::{Excerpt, Failure, FailureError, RetryHint};
use workflow_redrive::http_url::{HttpUrl, percent_encode};
use workflow_redrive::ids::RunId;
use workflow_redrive::lineage::Lineage;
use workflow_redrive::policy::{Action, Decision, Policy, Reason};
use workflow_redrive::time::Timestamp;

const NOW: Timestamp = Timestamp::from_secs(1_792_567_680);

fn failure(status: u16) -> Failure {
    let mut failure =
        Failure::new(RunId::new("wfr_1").unwrap(), "https://app.example/orders/pay".to_owned(), status);
    failure.labels = vec!["team-a".to_owned(), "priority".to_owned()];
    failure.step_name = Some("charge card".to_owned());
    failed_with(failure, Some("TimeoutError"), "upstream timed out after 30 s")
}

fn failed_with(mut failure: Failure, name: Option<&str>, message: &str) -> Failure {
    let name = name.map(|name| Excerpt::new(name, 256));
    failure.error = Some(FailureError { name, message: Excerpt::new(message, 2048) });
    failure
}

fn lineage(attempt: u32) -> Lineage {
    lineage_since(attempt, NOW)
}

fn lineage_since(attempt: u32, first_failed_at: Timestamp) -> Lineage {
    let query = format!("redrive={attempt}.{}.wfr_root", first_failed_at.as_millis());
    Lineage::from_query(Some(&query)).unwrap().unwrap()
}

fn policy(json: &str) -> Policy {
    Policy::from_json(json).unwrap()
}

fn decide(policy: &Policy, failure: &Failure) -> Decision {
    policy.decide(failure, &lineage(0), NOW, 0)
}
