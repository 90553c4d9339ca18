//! The history, over all shards.

use std::time::Duration;

use serde_json::json;
use workflow_redrive::ids::RunId;
use workflow_redrive::ledger::{ended, shard_of};

use crate::world::{World, get};

/// A run that failed and was resumed.
fn resume(world: &World, n: u32) {
    let run = format!("wfr_{n}");
    let case = json!({
        "dlqId": format!("1-{n}"), "runId": run, "rootRunId": run, "attempt": 0, "firstFailedAt": 1,
        "region": "", "target": "https://shop.example/order", "status": 503, "fingerprint": "f",
        "rule": "transient", "action": "resume", "overrides": {},
    });
    let conclusion = json!({"outcome": "resumed", "newRunId": format!("wfr_{n}_again")});
    let message = json!({"do": "settle", "case": case, "conclusion": conclusion});
    world.tell(&shard_of(&RunId::new(run).unwrap(), 4), &message.to_string()).unwrap();
}

#[test]
fn what_was_done_is_listed_page_by_page_over_all_shards_the_latest_first() {
    let mut world = World::new();
    for n in 0..25 {
        resume(&world, n);
        // Some at the same time.
        world.pass(Duration::from_secs(u64::from(n % 3)));
    }
    let (mut seen, mut times, mut query) = (Vec::new(), Vec::new(), String::new());
    loop {
        let (status, page) = get(&world, &format!("/v1/recoveries?limit=4{query}"));
        assert_eq!(status, 200);
        for recovery in page["recoveries"].as_array().unwrap() {
            seen.push(recovery["runId"].as_str().unwrap().to_owned());
            times.push(recovery["at"].as_u64().unwrap());
        }
        let Some(cursor) = page["cursor"].as_str() else { break };
        query = format!("&cursor={}", cursor.replace(' ', "%20"));
    }
    assert!(times.is_sorted_by(|one, other| one >= other), "{times:?}");
    let mut expected: Vec<String> = (0..25).map(|n| format!("wfr_{n}")).collect();
    expected.sort();
    seen.sort();
    assert_eq!(seen, expected);
}

#[test]
fn a_run_is_found_by_any_member_of_its_lineage() {
    let world = World::new();
    resume(&world, 7);
    let again = RunId::new("wfr_7_again").unwrap();
    let at = workflow_redrive::time::Timestamp::from_millis(1_748_528_000_000);
    world.tell(&shard_of(&RunId::new("wfr_7").unwrap(), 4), &ended(&again, "recovered", at)).unwrap();
    for member in ["wfr_7", "wfr_7_again"] {
        let (status, body) = get(&world, &format!("/v1/recoveries/{member}"));
        assert_eq!(status, 200);
        assert_eq!(
            body["recoveries"],
            json!([{
                "dlqId": "1-7", "runId": "wfr_7", "rootRunId": "wfr_7", "attempt": 0, "firstFailedAt": 1,
                "target": "https://shop.example/order", "failureStatus": 503, "fingerprint": "f",
                "rule": "transient", "at": 1_748_527_971_000_u64,
                "conclusion": {"outcome": "resumed", "newRunId": "wfr_7_again"},
                "end": "recovered", "endedAt": 1_748_528_000_000_u64,
            }])
        );
    }
    let (status, body) = get(&world, "/v1/recoveries/wfr_8");
    assert_eq!((status, body["error"].as_str().unwrap().contains("no such run")), (404, true));
}
