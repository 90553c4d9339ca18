use serde_json::json;

use crate::world::{HOOK, World, body, carried, header, names, plan, result};

/// Resumes or restarts the only entry; the new run's id.
fn revive(world: &mut World, action: &str) -> String {
    let id = world.entry_id();
    let run = world.ok("POST", &format!("/v2/workflows/dlq/{action}/{id}"));
    run["workflowRunId"].as_str().unwrap().to_owned()
}

/// A run that recorded step 1 and failed in step 2.
fn failed_after_one_step(world: &mut World) {
    world.trigger("wfr_a", &[("Upstash-Retries", "0"), ("Upstash-Failure-Callback", HOOK)]);
    let first = world.next();
    world.append("wfr_a", &result(1, "reserve", 1));
    world.answer(&first, 200, &[], "");
    world.fail_next();
    let callback = world.next();
    world.answer(&callback, 200, &[], "");
}

#[test]
fn a_resume_delivers_the_failed_message_again_under_a_new_run_and_message_id() {
    let mut world = World::new();
    failed_after_one_step(&mut world);
    let failed_message = world.entries()[0]["messageId"].clone();

    let run = revive(&mut world, "resume");
    let delivery = world.next();

    assert_ne!(run, "wfr_a");
    assert_eq!(header(&delivery, "Upstash-Workflow-RunId"), run);
    assert_eq!(names(&delivery), ["reserve"]);
    let message = header(&delivery, "Upstash-Message-Id");
    assert_ne!(failed_message, message);
    // An endpoint that fetches its steps looks for its own message id in the list.
    assert_eq!(carried(&delivery)[1].0, message);
    let fetched = world.ok("GET", &format!("/v2/workflows/runs/{run}"));
    assert_eq!(fetched[1]["messageId"], message);
}

#[test]
fn a_restart_delivers_only_the_payload() {
    let mut world = World::new();
    failed_after_one_step(&mut world);

    let run = revive(&mut world, "restart");
    let delivery = world.next();

    assert_eq!(carried(&delivery).len(), 1);
    assert_eq!(header(&delivery, "Upstash-Workflow-RunId"), run);
    assert_eq!(world.state("wfr_a"), "RUN_FAILED");
    assert_eq!(world.state(&run), "RUN_STARTED");
}

#[test]
fn of_a_failed_parallel_group_only_plans_without_a_result_are_delivered_again() {
    let mut world = World::new();
    world.trigger("wfr_a", &[("Upstash-Retries", "0")]);
    let first = world.next();
    for (target, name) in [(1, "a"), (2, "b"), (3, "c")] {
        world.append("wfr_a", &plan(target, name, 3));
    }
    world.answer(&first, 200, &[], "");
    let branches = world.due();
    // Branch a succeeds, its result is discarded; c fails the run while b is still at work.
    world.append("wfr_a", &result(1, "a", 3));
    world.answer(&branches[0], 200, &[], "");
    let discarded = world.next();
    world.answer(&discarded, 200, &[], "");
    world.answer(&branches[2], 500, &[], "");
    assert_eq!(world.append("wfr_a", &result(2, "b", 3)).status, 400);

    let run = revive(&mut world, "resume");
    let again = world.due();

    let carried: Vec<Vec<String>> = again.iter().map(names).collect();
    assert_eq!(carried, [vec!["a", "b"], vec!["a", "b", "c"]]);
    for (delivery, target) in again.iter().zip([2, 3]) {
        assert_eq!(crate::world::carried(delivery).last().unwrap().1["targetStep"], target);
    }
    // Both results complete the group: the last one carries all six entries.
    world.append(&run, &result(2, "b", 3));
    world.append(&run, &result(3, "c", 3));
    assert_eq!(names(world.due().last().unwrap()).len(), 6);
}

#[test]
fn a_failed_result_of_a_third_party_call_is_delivered_again_without_calling_again() {
    let mut world = World::new();
    world.trigger("wfr_a", &[("Upstash-Retries", "1")]);
    let first = world.next();
    let headers = [
        ("Upstash-Workflow-RunId", "wfr_a"),
        ("Upstash-Workflow-CallType", "toCallback"),
        ("Upstash-Retries", "0"),
        ("Upstash-Callback", "https://shop.example/order"),
        ("Upstash-Callback-Forward-Upstash-Workflow-Callback", "true"),
        ("Upstash-Callback-Forward-Upstash-Workflow-StepId", "1"),
    ];
    world.call("POST", "/v2/publish/https://bank.example/pay", &headers, b"pay");
    world.answer(&first, 200, &[], "");
    let call = world.next();
    assert_eq!((call.url.as_str(), call.body.as_slice()), ("https://bank.example/pay", b"pay".as_slice()));
    world.answer(&call, 202, &[], "paid");
    world.fail_next();
    let lost = world.fail_next();
    assert_eq!(header(&lost, "Upstash-Retried"), "1");
    assert_eq!(header(&lost, "Upstash-Workflow-Sdk-Version"), "");

    let run = revive(&mut world, "resume");
    let again = world.next();

    assert_eq!((&again.url, &again.body), (&lost.url, &lost.body));
    assert_eq!(header(&again, "Upstash-Workflow-RunId"), run);
    assert_eq!(header(&again, "Upstash-Retried"), "0");
    assert_eq!(body(&again)["status"], 202);
    assert!(world.due().is_empty());
}

#[test]
fn a_resumed_run_that_fails_makes_a_new_entry_and_calls_back_about_itself() {
    let mut world = World::new();
    failed_after_one_step(&mut world);
    let first_entry = world.entry_id();

    let run = revive(&mut world, "resume");
    world.fail_next();
    let callback = world.next();

    assert_ne!(world.entry_id(), first_entry);
    assert_eq!(callback.url, HOOK);
    assert_eq!(header(&callback, "Upstash-Workflow-RunId"), run);
    assert_eq!(body(&callback)["workflowRunId"], json!(run));
}

#[test]
fn switches_decide_about_run_id_label_and_callback_url_of_a_resumed_run() {
    let mut world = World::with(&[
        ("callback-run-id-header", "original"),
        ("label-override", "append"),
        ("failure-callback-override", "dropped"),
    ]);
    world.trigger(
        "wfr_a",
        &[("Upstash-Retries", "0"), ("Upstash-Failure-Callback", HOOK), ("Upstash-Label", "gold")],
    );
    world.fail_next();
    let callback = world.next();
    world.answer(&callback, 200, &[], "");
    let path = format!("/v2/workflows/dlq/resume/{}", world.entry_id());

    world.ok_with(
        "POST",
        &path,
        &[("Upstash-Label", "silver"), ("Upstash-Failure-Callback", "https://b.example/")],
    );
    let failed = world.fail_next();
    let callback = world.next();

    assert_eq!(header(&failed, "Upstash-Label"), "gold,silver");
    assert_eq!(callback.url, HOOK);
    assert_eq!(header(&callback, "Upstash-Workflow-RunId"), "wfr_a");
}

#[test]
fn a_wait_that_was_pending_begins_anew() {
    let mut world = World::new();
    world.trigger("wfr_a", &[("Upstash-Retries", "0")]);
    let first = world.next();
    for (target, name) in [(1, "wait"), (2, "work")] {
        world.append("wfr_a", &plan(target, name, 2));
    }
    world.answer(&first, 200, &[], "");
    let branches = world.due();
    let step = json!({ "stepId": 1, "stepName": "wait", "stepType": "Wait", "concurrent": 2 });
    let wait = json!({ "url": "https://shop.example/order", "timeout": "1d", "step": step }).to_string();
    let waiting =
        world.call("POST", "/v2/wait/paid", &[("Upstash-Workflow-RunId", "wfr_a")], wait.as_bytes());
    assert_eq!(waiting.status, 201);
    world.answer(&branches[0], 200, &[], "");
    world.answer(&branches[1], 500, &[], "");
    assert_eq!(world.ok("GET", "/v2/waiters/paid"), json!([]));

    revive(&mut world, "resume");

    let again: Vec<Vec<String>> = world.due().iter().map(names).collect();
    assert_eq!(again, [vec!["wait"], vec!["wait", "work"]]);
}
