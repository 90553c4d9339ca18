use serde_json::{Value, json};

use crate::world::{World, header};

fn resumed(answer: &Value) -> usize {
    answer["workflowRuns"].as_array().unwrap().len()
}

#[test]
fn a_hundred_and_twenty_entries_are_resumed_in_pages_of_50_50_and_20() {
    let mut world = World::new();
    world.plant(json!({ "count": 120 }));
    let mut sizes = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = world.ok("POST", &format!("/v2/workflows/dlq/resume?count=100&cursor={cursor}"));
        sizes.push(resumed(&page));
        match page["cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }

    assert_eq!(sizes, [50, 50, 20]);
    assert_eq!(world.entries(), [] as [Value; 0]);
    assert_eq!(world.due().len(), 120);
}

#[test]
fn lists_page_in_either_order_without_overlap() {
    for (order, first) in [("earliest", "wfr_p-0"), ("latest", "wfr_p-6")] {
        let mut world = World::with(&[("list-order", order)]);
        world.plant(json!({ "count": 7, "workflowRunId": "wfr_p" }));
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = world.ok("GET", &format!("/v2/dlq?source=workflow&count=3&cursor={cursor}"));
            let ids = page["messages"].as_array().unwrap().iter().map(|entry| entry["workflowRunId"].clone());
            seen.extend(ids);
            match page["cursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        assert_eq!((seen.len(), seen[0].as_str()), (7, Some(first)));
        seen.sort_by_key(ToString::to_string);
        seen.dedup();
        assert_eq!(seen.len(), 7);
    }
}

#[test]
fn a_second_resume_finds_nothing_unless_switched() {
    let cases: [(&[(&str, &str)], u16); 3] = [
        (&[], 404),
        (&[("entry-on-resume", "kept")], 404),
        (&[("entry-on-resume", "kept"), ("second-resume", "new-run")], 200),
    ];
    for (switches, status) in cases {
        let mut world = World::with(switches);
        world.plant(json!({}));
        let path = format!("/v2/workflows/dlq/resume/{}", world.entry_id());

        world.ok("POST", &path);

        assert_eq!(world.call("POST", &path, &[], b"").status, status, "{switches:?}");
        assert_eq!(world.entries().len(), usize::from(!switches.is_empty()));
    }
}

#[test]
fn a_bulk_call_with_a_missing_id_does_nothing_unless_switched() {
    let missing = |world: &mut World| {
        let id = world.entry_id();
        world.call("POST", &format!("/v2/workflows/dlq/restart?dlqIds={id}&dlqIds=1-1"), &[], b"")
    };
    let mut strict = World::new();
    strict.plant(json!({}));
    assert_eq!(missing(&mut strict).status, 404);
    assert_eq!(strict.entries().len(), 1);

    let mut lenient = World::with(&[("bulk-missing-id", "act-on-rest")]);
    lenient.plant(json!({}));
    assert_eq!(missing(&mut lenient).status, 200);
    assert_eq!(lenient.entries().len(), 0);
}

#[test]
fn an_id_named_twice_is_resumed_once() {
    let mut world = World::new();
    world.plant(json!({}));
    let id = world.entry_id();

    assert_eq!(resumed(&world.ok("POST", &format!("/v2/workflows/dlq/resume?dlqIds={id},{id}"))), 1);
}

#[test]
fn every_override_is_checked_and_a_refusal_changes_nothing() {
    let mut world = World::new();
    world.plant(json!({}));
    let path = format!("/v2/workflows/dlq/resume/{}", world.entry_id());
    for (header, value) in [
        ("Upstash-Retries", "-1"),
        ("Upstash-Delay", "10"),
        ("Upstash-Retry-Delay", "retried +"),
        ("Upstash-Flow-Control-Key", "a b"),
        ("Upstash-Flow-Control-Value", "rate=0"),
        ("Upstash-Label", "a b"),
        ("Upstash-Failure-Callback", "redrive.example"),
    ] {
        let (status, message) = world.refused("POST", &path, &[(header, value)]);
        assert_eq!(status, 400, "{header}");
        assert!(message.contains(header), "{message}");
    }
    assert_eq!(world.entries().len(), 1);
}

#[test]
fn overrides_apply_to_the_resumed_run() {
    let mut world = World::new();
    world.plant(json!({ "labels": ["gold"] }));
    let path = format!("/v2/workflows/dlq/resume/{}", world.entry_id());
    let overrides = [
        ("Upstash-Retries", "1"),
        ("Upstash-Delay", "1h"),
        ("Upstash-Retry-Delay", "5000"),
        ("Upstash-Flow-Control-Key", "redrive"),
        ("Upstash-Flow-Control-Value", "parallelism=2, rate=5, period=1m"),
        ("Upstash-Label", "silver"),
        ("Upstash-Failure-Callback", "https://redrive.example/?attempt=2"),
    ];
    let before = world.now;

    let run = world.ok_with("POST", &path, &overrides)["workflowRunId"].as_str().unwrap().to_owned();
    let first = world.next();

    assert_eq!(world.now.since(before), 3_600_000);
    assert_eq!(header(&first, "Upstash-Workflow-RunId"), run);
    assert_eq!(header(&first, "Upstash-Retries"), "1");
    assert_eq!(header(&first, "Upstash-Flow-Control-Key"), "redrive");
    assert_eq!(header(&first, "Upstash-Flow-Control-Value"), "parallelism=2,rate=5,period=60");
    assert_eq!(header(&first, "Upstash-Label"), "silver");
    world.answer(&first, 500, &[], "");
    let failed = world.now;
    world.fail_next();
    assert_eq!(world.now.since(failed), 5_000);
    assert_eq!(world.next().url, "https://redrive.example/?attempt=2");
}

#[test]
fn filters_select_and_unknown_ones_are_refused() {
    let mut world = World::new();
    world.plant(json!({ "labels": ["night"], "responseStatus": 503, "workflowUrl": "http://127.0.0.1:9/a" }));
    world.plant(json!({ "failureFunctionState": "CALLBACK_FAIL", "flowControlKey": "k" }));
    for (filter, count) in [
        ("label=night", 1),
        ("responseStatus=503", 1),
        ("workflowUrl=http://127.0.0.1:9/a", 1),
        ("failureFunctionState=CALLBACK_FAIL", 1),
        ("failureFunctionState=CALLBACK_SUCCESS", 0),
        ("flowControlKey=k", 1),
        ("label=night&responseStatus=500", 0),
    ] {
        let list = world.ok("GET", &format!("/v2/workflows/dlq?{filter}"));
        assert_eq!(list["messages"].as_array().unwrap().len(), count, "{filter}");
    }
    let (status, message) = world.refused("DELETE", "/v2/workflows/dlq?lable=night", &[]);
    assert_eq!((status, message.contains("lable")), (400, true));
}

#[test]
fn deleting_one_that_is_gone_is_404_alone_and_nothing_in_bulk() {
    let mut world = World::new();
    world.plant(json!({}));
    let id = world.entry_id();

    assert_eq!(world.ok("DELETE", &format!("/v2/workflows/dlq/{id}"))["deleted"], 1);
    assert_eq!(world.refused("DELETE", &format!("/v2/workflows/dlq/{id}"), &[]).0, 404);
    assert_eq!(world.ok("DELETE", &format!("/v2/workflows/dlq?dlqIds={id}"))["deleted"], 0);
}
