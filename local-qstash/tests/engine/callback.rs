use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use local_qstash::Credentials;
use local_qstash::engine::Delivery;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::world::{HOOK, URL, World, body, header};

const FAILURE: [(&str, &str); 5] = [
    ("Upstash-Retries", "0"),
    ("Upstash-Failure-Callback", HOOK),
    ("Upstash-Failure-Callback-Forward-Upstash-Workflow-Is-Failure", "true"),
    ("Upstash-Failure-Callback-Forward-X-Tenant", "acme"),
    ("Upstash-Forward-X-Tenant", "acme"),
];

/// Fails a run at once; its callback, unanswered.
fn callback(world: &mut World) -> Delivery {
    world.trigger("wfr_a", &FAILURE);
    world.fail_next();
    world.next()
}

/// The claims of a delivery's token, whose signature must be right.
fn claims(delivery: &Delivery, key: &str) -> Value {
    let token = header(delivery, "Upstash-Signature");
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    mac.verify_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    let (protected, payload) = signed.split_once('.').unwrap();
    let protected: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(protected).unwrap()).unwrap();
    assert_eq!(protected, json!({ "alg": "HS256", "typ": "JWT" }));
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[test]
fn the_signature_covers_the_exact_url_and_body_for_five_minutes() {
    let mut world = World::new();
    let callback = callback(&mut world);

    let claims = claims(&callback, &Credentials::default().current_key);

    let secs = world.now.secs();
    assert_eq!(claims["iss"], "Upstash");
    assert_eq!(claims["sub"], HOOK);
    assert_eq!(claims["body"], URL_SAFE.encode(Sha256::digest(&callback.body)));
    assert_eq!(
        [&claims["iat"], &claims["nbf"], &claims["exp"]],
        [&json!(secs), &json!(0), &json!(secs + 300)]
    );
    assert!(claims["jti"].as_str().unwrap().starts_with("jwt_"));
}

#[test]
fn every_attempt_is_signed_anew_with_the_key_that_is_current_then() {
    let mut world = World::new();
    world.trigger("wfr_a", &[]);
    let first = world.fail_next();
    world.ok("POST", "/v2/keys/rotate");

    let second = world.next();

    let keys = Credentials::default();
    let (first, second) = (claims(&first, &keys.current_key), claims(&second, &keys.next_key));
    assert_ne!(first["jti"], second["jti"]);
    assert!(second["iat"].as_u64() > first["iat"].as_u64());
}

#[test]
fn headers_name_the_failed_run_and_forward_what_the_trigger_asked() {
    let mut world = World::new();
    let callback = callback(&mut world);

    assert_eq!((callback.method.as_str(), callback.url.as_str()), ("POST", HOOK));
    for (name, value) in [
        ("Upstash-Workflow-RunId", "wfr_a"),
        ("Upstash-Workflow-Url", URL),
        ("Upstash-Workflow-Init", "false"),
        ("Upstash-Workflow-CallType", "failureCall"),
        ("Upstash-Workflow-Is-Failure", "true"),
        ("X-Tenant", "acme"),
        ("Upstash-Retried", "0"),
        ("Content-Type", "application/json"),
        ("User-Agent", "Upstash-QStash"),
    ] {
        assert_eq!(header(&callback, name), value, "{name}");
    }
    assert!(header(&callback, "Upstash-Message-Id").starts_with("msg_"));
}

#[test]
fn the_body_tells_what_failed_with_the_initial_payload() {
    let mut world = World::new();
    let callback = body(&callback(&mut world));
    let entry = &world.entries()[0];

    for (name, value) in [
        ("status", json!(500)),
        ("body", json!(STANDARD.encode(r#"{"error":"Error","message":"boom"}"#))),
        ("retried", json!(0)),
        ("maxRetries", json!(0)),
        ("url", json!(URL)),
        ("method", json!("POST")),
        ("sourceBody", json!(STANDARD.encode("{\"order\":7}"))),
        ("callerIP", json!("203.0.113.7")),
        ("workflowRunId", json!("wfr_a")),
        ("dlqId", entry["dlqId"].clone()),
        ("sourceMessageId", entry["messageId"].clone()),
        ("workflowCreatedAt", entry["workflowCreatedAt"].clone()),
    ] {
        assert_eq!(callback[name], value, "{name}");
    }
    assert_eq!(callback["sourceHeader"]["X-Tenant"], json!(["acme"]));
}

#[test]
fn switches_change_what_the_body_says() {
    let told =
        |switch: (&str, &str), field: &str| body(&callback(&mut World::with(&[switch])))[field].clone();

    assert_eq!(told(("callback-dlq-id", "absent"), "dlqId"), Value::Null);
    assert!(told(("created-at", "string"), "workflowCreatedAt").is_string());
    assert_eq!(told(("source-header", "string"), "sourceHeader")["X-Tenant"], "acme");
}

#[test]
fn a_callback_has_retries_of_its_own_and_its_state_shows_in_the_entry() {
    let mut world = World::new();
    let headers = [FAILURE.as_slice(), &[("Upstash-Failure-Callback-Retries", "1")]].concat();
    world.trigger("wfr_a", &headers);
    world.fail_next();
    let id = world.entry_id();
    let state = |world: &mut World| world.entries()[0]["failureFunctionState"].clone();

    world.fail_next();
    assert_eq!(state(&mut world), "CALLBACK_INPROGRESS");
    let retry = format!("/v2/workflows/dlq/callback/{id}");
    assert_eq!(world.refused("POST", &retry, &[]).0, 400);
    world.fail_next();
    assert_eq!(state(&mut world), "CALLBACK_FAIL");

    assert_eq!(world.ok("POST", &retry)["workflowRunId"], "wfr_a");
    let again = world.next();
    world.answer(&again, 200, &[], "");
    assert_eq!(state(&mut world), "CALLBACK_SUCCESS");
    assert_eq!(world.refused("POST", &retry, &[]).0, 400);
}

#[test]
fn a_cancelled_callback_is_not_tried_again() {
    let mut world = World::new();
    let callback = callback(&mut world);
    let id = world.entry_id();

    let cancelled = world.call("DELETE", &format!("/v2/workflows/dlq/callback/{id}"), &[], b"");
    world.answer(&callback, 200, &[], "");

    assert_eq!(cancelled.status, 302);
    assert_eq!(world.entries()[0]["failureCallbackInfo"]["state"], "CALLBACK_CANCELED");
    assert!(world.due().is_empty());
}
