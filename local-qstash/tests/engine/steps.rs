use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::world::{URL, World, body, carried, header, names, plan, result};

#[test]
fn a_delivery_carries_everything_up_to_its_own_entry_and_no_more() {
    let mut world = World::new();
    world.trigger("wfr_a", &[("Upstash-Forward-X-Tenant", "acme"), ("Upstash-Label", "gold")]);
    let first = world.next();
    assert_eq!(carried(&first).len(), 1);
    world.append("wfr_a", &plan(1, "a", 2));
    world.append("wfr_a", &plan(2, "b", 2));

    let branches = world.due();

    assert_eq!(branches.iter().map(names).collect::<Vec<_>>(), [vec!["a"], vec!["a", "b"]]);
    for delivery in &branches {
        assert_eq!(header(delivery, "Upstash-Workflow-Sdk-Version"), "1");
        assert_eq!(header(delivery, "X-Tenant"), "acme");
        assert_eq!(header(delivery, "Upstash-Label"), "gold");
    }
}

#[test]
fn a_run_that_is_over_refuses_steps_with_400() {
    let mut world = World::new();
    world.trigger("wfr_a", &[]);
    world.call("DELETE", "/v2/workflows/runs/wfr_a?cancel=false", &[], b"");

    assert_eq!(world.append("wfr_a", &result(1, "late", 1)).status, 400);
    assert_eq!(world.refused("GET", "/v2/workflows/runs/wfr_a", &[]).0, 404);
    assert_eq!(world.ok("DELETE", "/v2/workflows/runs/wfr_a?cancel=false"), json!({}));
}

#[test]
fn the_same_step_twice_is_recorded_once() {
    let mut world = World::new();
    world.trigger("wfr_a", &[]);
    let first = world.append("wfr_a", &result(1, "once", 1));
    let second = world.append("wfr_a", &result(1, "once", 1));

    let id = |body: &[u8]| serde_json::from_slice::<serde_json::Value>(body).unwrap()["messageId"].clone();
    assert_eq!((second.status, id(&first.body)), (202, id(&second.body)));
    assert_eq!(world.due().len(), 2);
}

#[test]
fn a_live_run_id_is_not_triggered_twice() {
    let mut world = World::new();
    world.trigger("wfr_a", &[]);
    let headers = [("Upstash-Workflow-Init", "true"), ("Upstash-Workflow-RunId", "wfr_a")];

    let again = world.call("POST", &format!("/v2/publish/{URL}"), &headers, b"");

    assert_eq!(again.status, 202);
    assert_eq!(world.due().len(), 1);
}

#[test]
fn what_an_endpoint_passes_on_of_its_connection_is_not_delivered() {
    let mut world = World::new();
    world.trigger(
        "wfr_a",
        &[
            ("Upstash-Forward-Host", "evil.example"),
            ("Upstash-Forward-Content-Length", "3"),
            ("Upstash-Forward-Transfer-Encoding", "chunked"),
            ("Upstash-Forward-Upstash-Signature", "old"),
            ("Upstash-Forward-X-Kept", "1"),
        ],
    );

    let delivery = world.next();

    for name in ["Host", "Content-Length", "Transfer-Encoding"] {
        assert_eq!(header(&delivery, name), "", "{name}");
    }
    assert_ne!(header(&delivery, "Upstash-Signature"), "old");
    assert_eq!(header(&delivery, "X-Kept"), "1");
}

#[test]
fn a_wait_ends_by_notify_or_by_its_timeout() {
    for notified in [true, false] {
        let mut world = World::new();
        world.trigger("wfr_a", &[]);
        let first = world.next();
        let step = json!({ "stepId": 1, "stepName": "wait", "stepType": "Wait", "concurrent": 1 });
        let wait = json!({ "url": URL, "timeout": "2h", "step": step }).to_string();
        world.call("POST", "/v2/wait/paid", &[("Upstash-Workflow-RunId", "wfr_a")], wait.as_bytes());
        world.answer(&first, 200, &[], "");
        let began = world.now;

        if notified {
            assert_eq!(world.call("POST", "/v2/notify/paid", &[], b"{\"sum\":3}").status, 201);
        }
        let woken = world.next();

        let step = &carried(&woken)[1].1;
        assert_eq!(step["waitTimeout"], !notified);
        if notified {
            assert_eq!(step["out"], STANDARD.encode("{\"sum\":3}"));
        } else {
            assert_eq!((step.get("out"), world.now.since(began)), (None, 7_200_000));
        }
    }
}

#[test]
fn an_invoking_run_gets_the_childs_result_as_its_step() {
    for failing in [false, true] {
        let mut world = World::new();
        world.trigger("wfr_parent", &[]);
        let first = world.next();
        let step = json!({ "stepId": 1, "stepName": "child", "stepType": "Invoke", "concurrent": 1 });
        let envelope = json!({ "body": "{\"n\":1}", "headers": {}, "workflowRunId": "wfr_parent",
            "workflowRunCreatedAt": 1, "workflowUrl": URL, "step": step });
        let headers = [
            ("Upstash-Workflow-Invoke", "true"),
            ("Upstash-Workflow-Init", "true"),
            ("Upstash-Workflow-RunId", "wfr_child"),
            ("Upstash-Retries", "0"),
        ];
        let target = "/v2/publish/https://shop.example/child";
        world.call("POST", target, &headers, envelope.to_string().as_bytes());
        world.answer(&first, 200, &[], "");
        let child = world.next();
        let payload = body(&child)[0]["body"].clone();
        assert_eq!(payload, STANDARD.encode("{\"n\":1}"));

        if failing {
            world.answer(&child, 500, &[], "broken");
        } else {
            world.call("DELETE", "/v2/workflows/runs/wfr_child?cancel=false", &[], b"{\"sum\":2}");
        }
        let back = world.next();

        assert_eq!(header(&back, "Upstash-Workflow-RunId"), "wfr_parent");
        let out = carried(&back)[1].1["out"].as_str().unwrap().to_owned();
        let out: serde_json::Value = serde_json::from_str(&out).unwrap();
        let expected = if failing {
            json!({ "body": "broken", "isFailed": true })
        } else {
            json!({ "body": "{\"sum\":2}" })
        };
        assert_eq!(out, expected);
    }
}

#[test]
fn lazy_deliveries_are_empty_and_the_steps_can_be_fetched() {
    let mut world = World::with(&[("lazy-fetch", "on")]);
    world.trigger("wfr_a", &[]);

    let delivery = world.next();

    assert_eq!(delivery.body, b"");
    let steps = world.ok("GET", "/v2/workflows/runs/wfr_a");
    assert_eq!(steps[0]["messageId"], header(&delivery, "Upstash-Message-Id"));
}

#[test]
fn a_trigger_without_an_sdk_asks_the_endpoint_to_publish_it_again() {
    let mut world = World::new();
    let run = world.call(
        "POST",
        &format!("/v2/trigger/{URL}"),
        &[("Upstash-Failure-Callback", "https://b.example/")],
        b"hi",
    );
    let run: serde_json::Value = serde_json::from_slice(&run.body).unwrap();
    let run = run["workflowRunId"].as_str().unwrap().to_owned();
    let asking = world.next();
    assert_eq!(header(&asking, "Upstash-Workflow-Unknown-Sdk"), "true");
    assert_eq!(header(&asking, "Upstash-Workflow-Sdk-Version"), "");

    world.trigger(&run, &[("Upstash-Workflow-Trigger-By-Sdk", "true")]);
    world.answer(&asking, 200, &[], "");
    let delivery = world.next();

    assert_eq!(header(&delivery, "Upstash-Workflow-Unknown-Sdk"), "");
    assert_eq!(header(&delivery, "Upstash-Workflow-Sdk-Version"), "1");
    assert_eq!(body(&delivery)[0]["body"], STANDARD.encode("hi"));
}

#[test]
fn requests_without_the_right_token_are_401() {
    use local_qstash::engine::Request;
    let mut world = World::new();
    for query in ["", "qstash_token=wrong"] {
        let request = Request {
            method: "GET".to_owned(),
            path: "/v2/keys".to_owned(),
            query: query.to_owned(),
            ..Request::default()
        };
        let response = world.engine.handle(&request, world.now);
        assert_eq!(response.status, 401);
        assert!(String::from_utf8(response.body).unwrap().starts_with("{\"error\":"));
    }
}
