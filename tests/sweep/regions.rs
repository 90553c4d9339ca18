//! Accounts by region.

use serde_json::json;
use workflow_redrive::sweep::Orders;

use crate::world::{TOKEN, World, entry, mins};

const US: [(&str, &str); 3] = [
    ("US_EAST_1_QSTASH_TOKEN", "token-us"),
    ("US_EAST_1_QSTASH_CURRENT_SIGNING_KEY", "sig_c"),
    ("US_EAST_1_QSTASH_NEXT_SIGNING_KEY", "sig_d"),
];

#[test]
fn every_account_is_swept_each_with_its_own_token_and_its_share_of_the_calls() {
    let budget = [("SWEEP_CALLS", "60")];
    let world = World::with(&[&US[..], &budget[..]].concat(), (0..30).map(|n| entry(mins(50), n)).collect());
    world.queues.borrow_mut().insert("token-us".to_owned(), (100..130).map(|n| entry(mins(50), n)).collect());
    let reports = world.sweeps(&Orders::of_the_clock());
    let regions: Vec<_> = reports.iter().map(|report| report["region"].clone()).collect();
    assert_eq!(regions, [json!("US_EAST_1"), json!(null)]);
    for report in &reports {
        assert!(report["calls"].as_u64().unwrap() <= 32, "{report}");
        assert!(report["outcomes"]["resumed"].as_u64().unwrap() >= 3, "{report}");
    }
    for (line, token) in world.sent.borrow().iter() {
        let Some(n) = line.strip_prefix("POST ").and_then(|line| line.rsplit('-').next()) else { continue };
        assert_eq!(token, if n.parse::<u32>().unwrap() < 100 { TOKEN } else { "token-us" }, "{line}");
    }
    for _ in 0..20 {
        world.sweeps(&Orders::of_the_clock());
    }
    assert_eq!(world.queued(), 0);
}

#[test]
fn what_one_account_cannot_do_does_not_keep_the_other() {
    let world = World::with(&US, vec![entry(mins(50), 1)]);
    world.queues.borrow_mut().insert("token-us".to_owned(), vec![entry(mins(50), 101)]);
    world.lists.borrow_mut().push_back(Some(crate::world::answer(401, "no")));
    let reports = world.sweeps(&Orders::of_the_clock());
    assert_eq!(
        (&reports[0]["stopped"], &reports[1]["outcomes"]),
        (&json!("token_refused"), &json!({"resumed": 1}))
    );
    let one = world.sweeps(&Orders::read("region=us-east-1").unwrap());
    assert_eq!((one.len(), &one[0]["outcomes"]), (1, &json!({"resumed": 1})));
    assert_eq!(
        world.sweeps(&Orders::read("region=eu-central-1").unwrap()).len(),
        0,
        "there is no such account"
    );
}

#[test]
fn rules_know_the_region_of_an_entry() {
    let policy = json!({"rules": [{"name": "eu", "when": {"region": "none"}, "action": "park"},
                                  {"name": "us", "when": {"region": "us-east-1"}, "action": "resume"}]});
    let policy = policy.to_string();
    let world = World::with(&[&US[..], &[("POLICY", policy.as_str())]].concat(), vec![entry(mins(50), 1)]);
    world.queues.borrow_mut().insert("token-us".to_owned(), vec![entry(mins(50), 101)]);
    let reports = world.sweeps(&Orders::of_the_clock());
    let outcomes: Vec<_> = reports.iter().map(|report| report["outcomes"].clone()).collect();
    assert_eq!(outcomes, [json!({"resumed": 1}), json!({"parked": 1})]);
}
