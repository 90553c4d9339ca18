//! What a policy would do, over HTTP.

use serde_json::json;

use crate::world::World;

#[test]
fn a_decision_is_explained_and_what_is_wrong_with_the_request_is_said() {
    let world = World::new();
    let callback = json!({"status": 503, "workflowRunId": "wfr_1", "url": "https://shop.example/order"});
    let (status, decision) = world.post("/v1/decide", &json!({"callback": callback}).to_string());
    assert_eq!(
        (status, &decision["rule"], &decision["class"]),
        (200, &json!("transient"), &json!("server_error"))
    );
    let first = &decision["rules"].as_array().unwrap()[0];
    assert_eq!(
        first,
        &json!({"rule": "incompatible-step", "matched": false, "failed": "message", "value": ""})
    );
    let (status, refusal) = world.post("/v1/decide", r#"{"callback": {}, "policies": []}"#);
    assert_eq!(status, 400);
    assert_eq!(
        refusal["error"],
        json!("policies is unknown; accepted are policy, callback, headers, url, now")
    );
}
