use local_qstash::engine::{Config, Engine};
use serde_json::json;

use crate::world::{HOOK, World, result};

/// A run that is retried, fails, is called back about, is resumed and completes.
fn story(mut world: World) -> Vec<String> {
    world.trigger("wfr_a", &[("Upstash-Retries", "1"), ("Upstash-Failure-Callback", HOOK)]);
    world.fail_next();
    world.fail_next();
    let callback = world.next();
    world.answer(&callback, 200, &[], "");
    let id = world.entry_id();
    let run = world.ok("POST", &format!("/v2/workflows/dlq/resume/{id}"))["workflowRunId"].clone();
    let run = run.as_str().unwrap().to_owned();
    let first = world.next();
    world.append(&run, &result(1, "charge", 1));
    world.answer(&first, 200, &[], "");
    let second = world.next();
    world.call("DELETE", &format!("/v2/workflows/runs/{run}?cancel=false"), &[], b"null");
    world.answer(&second, 200, &[], "");
    assert_eq!(world.state(&run), "RUN_SUCCESS");
    world.engine.timeline(0).iter().map(ToString::to_string).collect()
}

fn seeded(seed: u64) -> World {
    let config = Config { seed, ..Config::default() };
    World { engine: Engine::new(config), ..World::new() }
}

#[test]
fn the_same_seed_and_inputs_give_the_same_history() {
    assert_eq!(story(seeded(42)), story(seeded(42)));
}

#[test]
fn another_seed_gives_other_ids() {
    assert_ne!(story(seeded(1)), story(seeded(2)));
}

#[test]
fn a_reset_begins_the_same_history_anew_and_forgets_late_deliveries() {
    let mut world = seeded(42);
    world.trigger("wfr_a", &[]);
    let late = world.next();

    world.engine.reset();

    assert_eq!(world.engine.timeline(0), [] as [serde_json::Value; 0]);
    world.trigger("wfr_b", &[]);
    world.answer(&late, 500, &[], "");
    assert_eq!(world.kinds(), ["run_triggered"]);
    assert_eq!(world.plant(json!({ "count": 2 })).len(), 2);
}
