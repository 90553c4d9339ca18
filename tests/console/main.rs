//! The console from outside: who may ask, what is asked of the ledger, and how its answers become one.

#![expect(clippy::unwrap_used, reason = "a broken test value should fail the test")]

mod decide;
mod jobs;
mod recoveries;
mod targets;
mod world;

use world::{World, get};

#[test]
fn nobody_is_answered_without_the_token() {
    let world = World::new();
    for authorization in ["", "Bearer", "Bearer wrong", "Basic operators-only"] {
        let (status, body) = world.ask_with("GET", "/v1/recoveries", authorization);
        assert_eq!(status, 401, "{authorization}: {body}");
    }
    assert!(World::without_token().is_closed());
}

#[test]
fn what_makes_no_sense_is_refused_with_what_is_accepted() {
    let world = World::new();
    for (method, path, status, words) in [
        ("GET", "/v1/", 404, "/v1/recoveries"),
        ("GET", "/v1/recovery", 404, "/v1/recoveries"),
        ("POST", "/v1/recoveries", 405, "GET"),
        ("GET", "/v1/decide", 405, "POST"),
        ("POST", "/v1/decide?x", 400, "no query"),
        ("POST", "/v1/decide", 400, "the request must be a table"),
        ("DELETE", "/v1/recoveries/wfr_a", 405, "GET"),
        ("GET", "/v1/recoveries?limit=0", 400, "`limit`: accepted: 1 to 100"),
        ("GET", "/v1/recoveries?limit=101", 400, "1 to 100"),
        ("GET", "/v1/recoveries?cursor=%zz", 400, "`cursor`: bad escape"),
        ("GET", "/v1/recoveries?page=2", 400, "`page`: no such key; accepted are cursor and limit"),
        ("GET", "/v1/recoveries/wfr_a?limit=1", 400, "no query"),
        ("GET", "/v1/recoveries/%zz", 400, "bad escape"),
        ("GET", "/v1/recoveries/", 400, "run id"),
    ] {
        let (answered, body) = world.ask(method, path);
        assert_eq!(answered, status, "{method} {path}: {body}");
        assert!(body["error"].as_str().unwrap().contains(words), "{method} {path}: {body}");
    }
}

#[test]
fn a_ledger_that_does_not_answer_is_said_to() {
    let mut world = World::new();
    world.silence("shard-2");
    assert_eq!(get(&world, "/v1/recoveries").0, 503);
    assert_eq!(get(&world, "/v1/recoveries/wfr_unknown").0, 503);
}
