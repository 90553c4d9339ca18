//! Beside live callbacks: whoever comes first, nothing is resumed twice and nothing is lost.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use serde_json::{Value, json};
use workflow_redrive::callback::{CallbackHeaders, FailureReader};
use workflow_redrive::dlq::{ApiRequest, Transported};
use workflow_redrive::http_url::HttpUrl;
use workflow_redrive::ledger::Claimant;
use workflow_redrive::recovery::{Admission, Arrival, Case, Claim, Conclusion, Host};
use workflow_redrive::settings::Account;
use workflow_redrive::signature::BodyDigest;
use workflow_redrive::sweep::{Orders, sweep};
use workflow_redrive::time::Timestamp;

use crate::common::{CURRENT, claims, sign};
use crate::world::{OWN, World, entry, mins, with};

/// The world as a live callback sees it: its claims are its own.
struct Live<'a>(&'a World);

impl Host for Live<'_> {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
    fn entropy(&self) -> u64 {
        self.0.entropy()
    }
    async fn send(&self, account: &Account, request: ApiRequest) -> Transported {
        self.0.send(account, request).await
    }
    async fn claim(&self, case: &Case) -> Claim {
        self.0.claim_by(case, Claimant::Callback).await
    }
    async fn settle(&self, case: &Case, conclusion: &Conclusion) -> bool {
        self.0.settle(case, conclusion).await
    }
}

/// The callback of an entry arrives; where it is asked to come again, it does so at once.
async fn callback(world: &World, entry: &Value) {
    let body = json!({
        "status": entry["responseStatus"],
        "url": entry["workflowUrl"],
        "workflowRunId": entry["workflowRunId"],
        "dlqId": entry["dlqId"],
    });
    let body = body.to_string();
    for _ in 0..1000 {
        let signature = Some(sign(CURRENT, &claims(OWN, body.as_bytes())));
        let arrival = Arrival { url: OWN.to_owned(), signature, region: None };
        let admission = Admission::check(&world.settings, &arrival, world.now()).unwrap();
        let mut reader = FailureReader::new(CallbackHeaders::default());
        reader.push(body.as_bytes());
        let failure = reader.finish(world.now());
        let digest = BodyDigest::of(body.as_bytes());
        let conclusion = admission.recover(&world.settings.policy, digest, failure, &Live(world)).await;
        if conclusion.outcome.is_ok() {
            return;
        }
    }
    panic!("nobody settles the claim");
}

#[test]
fn five_of_a_hundred_callbacks_never_come_and_every_run_is_resumed_or_parked_once() {
    for seed in 0..20 {
        race(seed);
    }
}

fn race(seed: u64) {
    let mut random = seed;
    let mut next = move |bound: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % bound
    };
    let entries: Vec<Value> = (0..100)
        .map(|n| {
            let entry = with(entry(mins(50), n), "failureFunctionState", json!("CALLBACK_INPROGRESS"));
            if next(5) == 0 { with(entry, "responseStatus", json!(404)) } else { entry }
        })
        .collect();
    let world = World::with(&[("SWEEP_CALLS", "120")], entries.clone());
    let own = HttpUrl::parse(OWN).unwrap();
    let orders = Orders::of_the_clock();
    let mut tasks: Vec<Pin<Box<dyn Future<Output = ()> + '_>>> = Vec::new();
    for entry in &entries {
        if next(20) != 0 {
            let (world, entry) = (&world, entry.clone());
            tasks.push(Box::pin(async move { callback(world, &entry).await }));
        }
    }
    for _ in 0..12 {
        let (world, own, orders) = (&world, &own, &orders);
        tasks.push(Box::pin(async move {
            sweep(&world.settings, Some(own), orders, world).await;
        }));
    }
    // Some at a time, in any order.
    while !tasks.is_empty() {
        let at = usize::try_from(next(tasks.len().min(9) as u64)).unwrap();
        if let Poll::Ready(()) = tasks[at].as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            drop(tasks.swap_remove(at));
        }
    }
    for _ in 0..10 {
        world.sweep();
    }
    let mut resumed = BTreeMap::new();
    for id in world.resumed() {
        *resumed.entry(id).or_insert(0) += 1;
    }
    for (n, entry) in entries.iter().enumerate() {
        let id = entry["dlqId"].as_str().unwrap();
        let known = world.recorded(&format!("wfr_{n}"));
        let conclusion = &known[0]["conclusion"];
        if entry["responseStatus"] == 404 {
            assert_eq!((&conclusion["outcome"], &conclusion["reason"]), (&json!("parked"), &json!("rule")));
            assert_eq!(resumed.get(id), None);
        } else {
            assert_eq!(conclusion["outcome"], "resumed", "seed {seed}, entry {n}");
            assert_eq!(resumed.get(id), Some(&1), "seed {seed}, entry {n}");
        }
    }
}
