use serde_json::Value;

use crate::world::{World, header};

/// Fails the run for good and returns the waits between its deliveries in seconds.
fn waits(world: &mut World, headers: &[(&str, &str)], answer: &[(&str, &str)]) -> Vec<u64> {
    world.trigger("wfr_a", headers);
    let mut times = Vec::new();
    while world.kinds().last() != Some(&"dlq_entry") {
        let delivery = world.next();
        assert_eq!(header(&delivery, "Upstash-Retried"), times.len().to_string());
        times.push(world.now.millis());
        world.answer(&delivery, 503, answer, "");
    }
    times.windows(2).map(|pair| (pair[1] - pair[0]) / 1000).collect()
}

#[test]
fn three_retries_follow_the_documented_back_off() {
    assert_eq!(waits(&mut World::new(), &[], &[]), [12, 148, 1808]);
}

#[test]
fn retries_and_delay_of_the_trigger_hold() {
    let headers = [("Upstash-Retries", "4"), ("Upstash-Retry-Delay", "pow(2, retried) * 1000")];
    assert_eq!(waits(&mut World::new(), &headers, &[]), [1, 2, 4, 8]);
}

#[test]
fn retry_after_of_the_endpoint_wins_over_the_expression() {
    let headers = [("Upstash-Retries", "2"), ("Upstash-Retry-Delay", "1000")];
    assert_eq!(waits(&mut World::new(), &headers, &[("Retry-After", "1m30s")]), [90, 90]);
}

#[test]
fn an_answer_of_489_with_its_header_fails_the_run_at_once() {
    let mut world = World::new();
    world.trigger("wfr_a", &[]);
    let delivery = world.next();

    world.answer(&delivery, 489, &[("Upstash-NonRetryable-Error", "true")], "");

    assert_eq!(world.kinds(), ["run_triggered", "delivery", "run_failed", "dlq_entry"]);
    assert_eq!(world.entries()[0]["responseStatus"], 489);
}

#[test]
fn a_2xx_from_something_that_is_no_workflow_fails_the_run_at_once() {
    let mut world = World::new();
    world.trigger("wfr_a", &[]);
    let delivery = world.next();

    let outcome = local_qstash::engine::Outcome::Answered {
        status: 200,
        headers: local_qstash::engine::Headers::new(),
        body: b"<html>".to_vec(),
    };
    world.engine.delivered(delivery.id, outcome, world.now);

    let entry = &world.entries()[0];
    assert!(entry["responseBody"].as_str().unwrap().starts_with("detected a non-workflow destination"));
}

#[test]
fn an_unreachable_destination_has_no_status() {
    let mut world = World::new();
    world.trigger("wfr_a", &[("Upstash-Retries", "0")]);
    let delivery = world.next();

    world.engine.delivered(delivery.id, local_qstash::engine::Outcome::Unreachable, world.now);

    let entry = &world.entries()[0];
    assert_eq!(entry.get("responseStatus"), None);
    assert_eq!(entry["responseBody"], "could not reach the destination");
}

#[test]
fn time_scale_shrinks_waits_and_the_timeline_tells_both() {
    use local_qstash::engine::{Config, Engine, TimeScale};
    let config = Config { time_scale: TimeScale::new(0.001).unwrap(), ..Config::default() };
    let mut world = World { engine: Engine::new(config), ..World::new() };
    world.trigger("wfr_a", &[("Upstash-Retry-Delay", "60000")]);

    world.fail_next();
    let failed_at = world.now;
    world.next();

    assert_eq!(world.now.since(failed_at), 60);
    let scheduled: &Value = &world.engine.timeline(0)[2];
    assert_eq!((scheduled["inMs"].as_u64(), scheduled["scaledMs"].as_u64()), (Some(60_000), Some(60)));
}
