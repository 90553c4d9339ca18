//! Rules from outside: what they can ask of a failure, the templates of what they set, and how a decision is explained.

#![expect(clippy::unwrap_used, reason = "a broken test value should fail the test")]

mod conditions;
mod explain;
mod many;
mod templates;
mod trial;

use workflow_redrive::callback::{CallbackHeaders, Failure, FailureReader};
use workflow_redrive::lineage::Lineage;
use workflow_redrive::policy::{Decision, Policy};
use workflow_redrive::time::Timestamp;

const NOW: Timestamp = Timestamp::from_secs(1_792_567_680);

/// A failure as a callback reports it: `{"error":"TimeoutError","message":"order 17 timed out after 30.5s"}` from step
/// `charge card`.
fn failure() -> Failure {
    read("https://shop.example/order?x=1", 500, Some("US-EAST-1"))
}

fn read(url: &str, status: u16, region: Option<&str>) -> Failure {
    let headers =
        CallbackHeaders::read(|name| (name == "Upstash-Region").then(|| region.map(str::to_owned))?);
    let mut reader = FailureReader::new(headers);
    let body = "eyJlcnJvciI6IlRpbWVvdXRFcnJvciIsIm1lc3NhZ2UiOiJvcmRlciAxNyB0aW1lZCBvdXQgYWZ0ZXIgMzAuNXMifQ==";
    reader.push(
        format!(
            r#"{{"status":{status},"url":"{url}","workflowRunId":"wfr_1","body":"{body}","header":
                {{"Upstash-Error-Step-Name":["charge card"],"Upstash-Label":["team-a","priority"]}}}}"#
        )
        .as_bytes(),
    );
    reader.finish(NOW).unwrap()
}

/// A lineage with attempts behind it, whose first failure was so many seconds ago.
fn lineage(attempt: u32, age: u64) -> Lineage {
    let first = NOW.as_millis() - age * 1000;
    Lineage::from_query(Some(&format!("redrive={attempt}.{first}.wfr_root"))).unwrap().unwrap()
}

fn policy(json: &str) -> Policy {
    Policy::from_json(json).unwrap()
}

/// A policy with one rule, whose keys these are besides its name.
fn rule(keys: &str) -> Policy {
    policy(&format!(r#"{{"max_elapsed": "99d", "rules": [{{"name": "r", {keys}}}]}}"#))
}

fn decide(policy: &Policy, failure: &Failure, lineage: &Lineage) -> Decision {
    policy.decide(failure, lineage, NOW, 0)
}
