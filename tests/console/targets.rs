//! The targets of a deployment, and holding one back.

use serde_json::{Value, json};
use workflow_redrive::ids::RunId;
use workflow_redrive::ledger::shard_of;

use crate::world::{World, get};

/// A shard hears of a failed run of this target.
fn fail(world: &World, n: u32, target: &str) {
    let run = format!("wfr_{n}");
    let case = json!({
        "dlqId": format!("1-{n}"), "runId": run, "rootRunId": run, "attempt": 0, "firstFailedAt": 1,
        "region": "", "target": target, "status": 503, "fingerprint": "f", "rule": "transient",
        "action": "resume", "overrides": {},
    });
    let message = json!({"do": "settle", "case": case, "conclusion": {"outcome": "resumed"}});
    world.tell(&shard_of(&RunId::new(run).unwrap(), 4), &message.to_string()).unwrap();
}

fn names(page: &Value) -> Vec<&str> {
    let targets = page["targets"].as_array().unwrap().iter();
    targets.map(|target| target["target"].as_str().unwrap()).collect()
}

#[test]
fn all_targets_are_listed_once_page_by_page() {
    let world = World::new();
    assert_eq!(get(&world, "/v1/targets"), (200, json!({"targets": []})));
    for n in 0..30 {
        fail(&world, n, &format!("https://shop.example/{}", n % 3));
    }
    let (status, first) = get(&world, "/v1/targets?limit=2");
    assert_eq!(status, 200);
    assert_eq!(names(&first), ["https://shop.example/0", "https://shop.example/1"]);
    let cursor = first["cursor"].as_str().unwrap().replace('/', "%2F").replace(':', "%3A");
    let (_, rest) = get(&world, &format!("/v1/targets?limit=2&cursor={cursor}"));
    assert_eq!(names(&rest), ["https://shop.example/2"]);
    assert_eq!((&rest["cursor"], &rest["targets"][0]["breaker"]), (&Value::Null, &"closed".into()));
}

#[test]
fn one_target_is_held_back_until_it_is_let_go() {
    let mut world = World::new();
    let path = "/v1/targets/https%3A%2F%2Fshop.example%2Forder";
    let paused = |(status, body): (u16, Value)| (status, body["paused"].clone(), body["target"].clone());
    let target = json!("https://shop.example/order");
    assert_eq!(paused(world.post(&format!("{path}/pause"), "")), (200, true.into(), target.clone()));
    assert_eq!(paused(get(&world, path)), (200, true.into(), target.clone()));
    assert_eq!(paused(get(&world, "/v1/targets/bank")), (200, false.into(), json!("bank")));
    assert_eq!(paused(world.post(&format!("{path}/resume"), "")), (200, false.into(), target));
    world.silence("target-https://shop.example/order");
    assert_eq!(get(&world, path).0, 503);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let world = World::new();
    for (method, path, status, words) in [
        ("POST", "/v1/targets", 405, "GET"),
        ("GET", "/v1/targets?limit=41", 400, "1 to 40"),
        ("GET", "/v1/targets/", 400, "bad target"),
        ("GET", "/v1/targets/%zz", 400, "bad target"),
        ("POST", "/v1/targets/bank", 405, "GET"),
        ("GET", "/v1/targets/bank/pause", 405, "POST"),
        ("POST", "/v1/targets/bank/stop", 404, "/pause and /resume"),
        ("POST", "/v1/targets/https://shop.example/pause", 404, "%2F"),
        ("POST", "/v1/targets/bank/pause?x=1", 400, "no query"),
    ] {
        let (answered, body) = world.ask(method, path);
        assert_eq!(answered, status, "{method} {path}: {body}");
        assert!(body["error"].as_str().unwrap().contains(words), "{method} {path}: {body}");
    }
}
