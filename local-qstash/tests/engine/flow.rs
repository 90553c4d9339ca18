use crate::world::World;

fn trigger_many(world: &mut World, count: usize, value: &str) {
    for index in 0..count {
        let flow = [("Upstash-Flow-Control-Key", "k"), ("Upstash-Flow-Control-Value", value)];
        world.trigger(&format!("wfr_{index}"), &flow);
    }
}

#[test]
fn parallelism_bounds_what_is_under_way() {
    let mut world = World::new();
    trigger_many(&mut world, 5, "parallelism=2");

    let first = world.due();
    assert_eq!(first.len(), 2);
    assert!(world.due().is_empty());
    assert_eq!(world.ok("GET", "/v2/flowControl/k")["waitListSize"], 3);
    assert_eq!(world.engine.next_wakeup(), None);
    world.answer(&first[0], 200, &[], "");

    assert!(world.engine.next_wakeup().is_some_and(|at| at <= world.now));
    assert_eq!(world.due().len(), 1);
}

#[test]
fn rate_bounds_starts_per_period_and_the_engine_knows_when_to_go_on() {
    let mut world = World::new();
    trigger_many(&mut world, 5, "rate=2, period=1m");
    let start = world.now;
    let mut starts = Vec::new();
    while starts.len() < 5 {
        for _ in world.due() {
            starts.push(world.now.since(start) / 1000);
        }
        world.now = world.engine.next_wakeup().unwrap_or(world.now).max(world.now);
    }
    assert_eq!(starts, [0, 0, 60, 60, 120]);
}

#[test]
fn a_paused_key_waits_for_its_resume_alone() {
    let mut world = World::new();
    world.ok("POST", "/v2/flowControl/k/pause");
    trigger_many(&mut world, 2, "parallelism=5");
    world.trigger("wfr_other", &[]);

    assert_eq!(world.due().len(), 1);
    assert_eq!(world.engine.next_wakeup(), None);
    world.ok("POST", "/v2/flowControl/k/resume");

    assert_eq!(world.due().len(), 2);
}

#[test]
fn a_cancelled_run_leaves_its_place_in_the_waiting_line() {
    let mut world = World::new();
    trigger_many(&mut world, 3, "parallelism=1");
    let first = world.due();
    world.ok("DELETE", "/v2/workflows/runs?workflowRunIds=wfr_1");

    world.answer(&first[0], 200, &[], "");

    let next = world.next();
    assert_eq!(next.headers.value("Upstash-Workflow-RunId"), Some("wfr_2"));
}
