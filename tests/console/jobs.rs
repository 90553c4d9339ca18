//! Bulk jobs, as far as requests and replies go. What a job does is tried against the engine of local-qstash.

use serde_json::json;

use crate::world::{World, get};

const ORDER: &str =
    r#"{"id": "night", "action": "resume", "filter": {"label": "orders"}, "rate": {"per_second": 5}}"#;

#[test]
fn a_job_is_started_once_shown_listed_and_steered() {
    let world = World::new();
    let (status, job) = world.post("/v1/jobs", ORDER);
    assert_eq!((status, &job["id"], &job["state"]), (201, &json!("night"), &json!("listing")), "{job}");
    assert_eq!(job["order"]["rate"], json!({ "per_second": 5 }));
    let none = json!({ "found": 0, "resumed": 0, "gone": 0, "refused": 0, "failed": 0, "left": 0 });
    assert_eq!(job["counts"], none);
    let (status, refused) = world.post("/v1/jobs", ORDER);
    assert_eq!((status, &refused["job"]["id"]), (409, &json!("night")), "{refused}");
    let (status, shown) = get(&world, "/v1/jobs/night");
    assert_eq!((status, &shown["items"]), (200, &json!([])));
    for (deed, state) in
        [("pause", "paused"), ("resume", "listing"), ("cancel", "cancelled"), ("cancel", "cancelled")]
    {
        let (status, job) = world.post(&format!("/v1/jobs/night/{deed}"), "");
        assert_eq!((status, job["state"].as_str()), (200, Some(state)), "{deed}");
    }
    assert_eq!(world.post("/v1/jobs/night/resume", "").0, 409);
    assert_eq!(
        get(&world, "/v1/jobs").1,
        json!({ "jobs": [] }),
        "the index is told by the job, which has not run yet"
    );
}

#[test]
fn a_job_without_an_id_gets_one() {
    let world = World::new();
    let (status, job) = world.post("/v1/jobs", r#"{"action": "restart", "all": true}"#);
    assert_eq!(status, 201, "{job}");
    let (status, shown) = get(&world, &format!("/v1/jobs/{}", job["id"].as_str().unwrap()));
    assert_eq!((status, &shown["id"]), (200, &job["id"]));
}

#[test]
fn requests_about_jobs_that_make_no_sense_are_refused_with_what_is_accepted() {
    let mut world = World::new();
    for (method, path, body, status, words) in [
        ("POST", "/v1/jobs", "", 400, "the order of a job must be a table"),
        ("POST", "/v1/jobs", r#"{"action": "resume"}"#, 400, "either a filter with one or more criteria"),
        (
            "POST",
            "/v1/jobs",
            r#"{"action": "resume", "all": true, "region": "us-east-1"}"#,
            400,
            "no account is set",
        ),
        (
            "POST",
            "/v1/jobs",
            r#"{"action": "resume", "filter": {"fromDate": 9999999999999}}"#,
            400,
            "begins after its end",
        ),
        ("POST", "/v1/jobs?all=true", ORDER, 400, "no query"),
        ("DELETE", "/v1/jobs", "", 405, "GET, POST"),
        ("GET", "/v1/jobs?limit=101", "", 400, "1 to 100"),
        ("GET", "/v1/jobs/", "", 400, "bad job id; accepted are 1 to 64"),
        ("GET", "/v1/jobs/a%20b", "", 400, "bad job id"),
        ("GET", "/v1/jobs/unknown", "", 404, "no job of this id"),
        ("POST", "/v1/jobs/unknown/cancel", "", 404, "no job of this id"),
        ("POST", "/v1/jobs/night", "", 405, "GET"),
        ("GET", "/v1/jobs/night/pause", "", 405, "POST"),
        ("POST", "/v1/jobs/night/stop", "", 404, "/pause, /resume and /cancel"),
    ] {
        let (answered, reply) =
            if method == "POST" { world.post(path, body) } else { world.ask(method, path) };
        assert_eq!(answered, status, "{method} {path} {body}: {reply}");
        assert!(reply["error"].as_str().unwrap().contains(words), "{method} {path} {body}: {reply}");
    }
    let large = format!(r#"{{"action": "resume", "all": true{}}}"#, " ".repeat(256 * 1024));
    assert_eq!(world.post("/v1/jobs", &large).0, 413);
    world.silence("job-night");
    assert_eq!(get(&world, "/v1/jobs/night").0, 503);
}
