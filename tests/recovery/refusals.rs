//! Callbacks that come to nothing: no request is sent and nothing is claimed for them.

use serde_json::{Value, json};
use workflow_redrive::recovery::{Admission, Arrival, Conclusion, Refusal, Reply};
use workflow_redrive::settings::Settings;
use workflow_redrive::signature::SignatureError;

use crate::common::{NOW, claims, sign};
use crate::world::{Delivery, URL, World, answered, created};

fn refused(status: u16, code: &str, message: &str) -> (u16, Option<u64>, bool, Value) {
    (status, None, status == 489, json!({"error": {"code": code, "message": message}}))
}

fn unverified(error: SignatureError) -> (u16, Option<u64>, bool, Value) {
    refused(401, error.code(), error.message())
}

#[test]
fn a_request_without_signature_is_turned_away_before_its_body() {
    let settings = Delivery::new().settings();
    let check = |arrival: &Arrival| Admission::check(&settings, arrival, NOW).map(|_| ()).unwrap_err();
    let missing = check(&Arrival { url: URL.to_owned(), ..Arrival::default() });
    assert_eq!(missing, Refusal::Signature(SignatureError::Missing));
    assert_eq!(answered(&Conclusion::refused(missing)), unverified(SignatureError::Missing));

    let garbage = Arrival { url: URL.to_owned(), signature: Some("garbage".to_owned()), region: None };
    assert_eq!(check(&garbage), Refusal::Signature(SignatureError::Malformed));
}

#[test]
fn a_url_that_two_parsers_could_read_differently_is_not_the_signed_one() {
    let settings = Delivery::new().settings();
    for url in ["", "/", "redrive.example", "https://a@redrive.example/?team=a", "https://redrive.example/\\"]
    {
        let signature = Some(sign(crate::common::CURRENT, &claims(URL, b"")));
        let arrival = Arrival { url: url.to_owned(), signature, region: None };
        let refusal = Admission::check(&settings, &arrival, NOW).unwrap_err();
        assert_eq!(refusal, Refusal::Signature(SignatureError::Url), "{url}");
    }
}

#[test]
fn forged_replayed_and_misdirected_callbacks_touch_nothing() {
    let world = World::silent();
    let mut forged = Delivery::new();
    forged.key = "sig_forged";
    assert_eq!(forged.reply(&world), unverified(SignatureError::Key));

    let mut misdirected = Delivery::new();
    misdirected.signed = Some("https://redrive.example/?team=b".to_owned());
    assert_eq!(misdirected.reply(&world), unverified(SignatureError::Url));

    // A count of attempts cannot be taken off or set back: the signature covers the query.
    let mut reset = Delivery::new();
    reset.signed = Some("https://redrive.example/?team=a&redrive=5.1.wfr_0".to_owned());
    assert_eq!(reset.reply(&world), unverified(SignatureError::Url));
    assert!(world.is_untouched());
}

#[test]
fn a_body_that_was_not_signed_is_refused_for_that_even_where_it_makes_no_sense() {
    let world = World::silent();
    for body in
        ["", "{", "no json", "{}", r#"{"status":503,"url":"https://x.example/","workflowRunId":"wfr_9"}"#]
    {
        let mut delivery = Delivery::new();
        delivery.tampered = Some(body);
        assert_eq!(delivery.reply(&world), unverified(SignatureError::BodyHash), "{body}");
    }
    // Nor does a lineage that makes no sense come first.
    let mut delivery = Delivery::new().query("redrive=x");
    delivery.tampered = Some("{");
    assert_eq!(delivery.reply(&world), unverified(SignatureError::BodyHash));
    assert!(world.is_untouched());
}

#[test]
fn a_verified_body_that_is_no_failure_of_a_run_ends_the_deliveries() {
    let world = World::silent();
    let body = |body: Value| {
        let mut delivery = Delivery::new();
        delivery.body = body;
        delivery.reply(&world)
    };
    assert_eq!(
        body(json!({"status": 500, "url": "https://app.example/"})),
        refused(
            489,
            "not_a_workflow",
            "callback is not about a workflow run; accepted is body field `workflowRunId` or header \
             `Upstash-Workflow-RunId`"
        )
    );
    assert_eq!(
        body(json!([])),
        refused(489, "not_an_object", "callback body is not an object; one JSON object is accepted")
    );
    assert_eq!(
        body(json!({"workflowRunId": "wfr_1", "status": 500})),
        refused(
            489,
            "no_workflow_url",
            "callback names no endpoint; accepted is body field `url` or header `Upstash-Workflow-Url`"
        )
    );
    let (status, _, stop, reply) =
        Delivery::new().with("dlqId", json!("../../keys")).with("status", json!("x")).reply(&world);
    assert_eq!((status, stop, &reply["error"]["code"]), (489, true, &json!("invalid_field")));
    assert!(world.is_untouched());
}

#[test]
fn each_region_has_its_own_keys_token_and_api() {
    let regional = |region, key| {
        let mut delivery = Delivery::new()
            .set("US_EAST_1_QSTASH_TOKEN", "us-token")
            .set("US_EAST_1_QSTASH_CURRENT_SIGNING_KEY", "sig_us_1")
            .set("US_EAST_1_QSTASH_NEXT_SIGNING_KEY", "sig_us_2");
        delivery.region = region;
        delivery.key = key;
        delivery
    };
    let world = World::answering([created()]);
    assert_eq!(regional(Some("US-EAST-1"), "sig_us_2").reply(&world).0, 200);
    let [sent] = world.sent().try_into().unwrap();
    assert_eq!(sent.line, "POST https://qstash-us-east-1.upstash.io/v2/workflows/dlq/resume/1725323658779-0");
    assert_eq!(sent.token, "us-token");

    for region in [None, Some("EU-CENTRAL-1"), Some("MOON-1"), Some("")] {
        let world = World::answering([created()]);
        assert_eq!(regional(region, crate::common::CURRENT).reply(&world).0, 200);
        assert_eq!(world.sent()[0].token, crate::world::TOKEN);
        // One region's key is none of another's.
        let world = World::silent();
        assert_eq!(regional(region, "sig_us_1").reply(&world), unverified(SignatureError::Key));
        let global = regional(Some("us-east-1"), crate::common::CURRENT);
        assert_eq!(global.reply(&world), unverified(SignatureError::Key));
        assert!(world.is_untouched());
    }
}

#[test]
fn nothing_in_a_callback_chooses_where_the_token_goes() {
    let world = World::answering([created()]);
    let delivery = Delivery::new()
        .with("url", json!("https://evil.example/"))
        .with("dlqId", json!("1-0?x=https://evil.example/#"))
        .set("QSTASH_URL", "https://eu.qstash.example/base/");
    assert_eq!(delivery.reply(&world).0, 200);
    let line = world.sent()[0].line.clone();
    assert_eq!(
        line,
        "POST https://eu.qstash.example/base/v2/workflows/dlq/resume/1-0%3Fx%3Dhttps%3A%2F%2Fevil.example%2F%23"
    );
}

#[test]
fn every_other_refusal_has_its_reply() {
    for (refusal, expected) in [
        (
            Refusal::TooLarge { limit: 1024 },
            (
                413,
                None,
                false,
                json!({"error": {
                    "code": "body_too_large", "message": "the body exceeds MAX_BODY_BYTES, 1024",
                }}),
            ),
        ),
        (Refusal::body_unreadable(), crate::world::come_again("body_unreadable", 10)),
    ] {
        assert_eq!(answered(&Conclusion::refused(refusal)), expected);
    }
}

#[test]
fn a_deployment_that_cannot_work_answers_with_the_setting() {
    let reply = Reply::misconfigured(&Settings::read(|_| None).unwrap_err());
    assert_eq!((reply.status, reply.retry_after, reply.non_retryable), (500, None, false));
    assert_eq!(reply.body, r#"{"error":{"code":"misconfigured","message":"QSTASH_TOKEN is missing"}}"#);
}

#[test]
fn the_admission_tells_how_much_of_the_body_may_be_read() {
    let settings = Delivery::new().set("MAX_BODY_BYTES", "4096").settings();
    let signature = Some(sign(crate::common::CURRENT, &claims(URL, b"")));
    let arrival = Arrival { url: URL.to_owned(), signature, region: None };
    assert_eq!(Admission::check(&settings, &arrival, NOW).unwrap().max_body_bytes(), 4096);
}

#[test]
fn replies_of_the_routes_in_front_say_what_is_accepted() {
    let not_allowed = Reply::method_not_allowed("POST");
    assert_eq!((not_allowed.status, not_allowed.allow), (405, Some("POST")));
    let expected = json!({"error": {"code": "method_not_allowed", "message": "accepted is POST"}});
    assert_eq!(serde_json::from_str::<Value>(&not_allowed.body).unwrap(), expected);
    let healthy = Reply::healthy();
    assert_eq!((healthy.status, healthy.retry_after, healthy.allow), (200, None, None));
    assert_eq!(healthy.body, r#"{"status":"ok"}"#);
}
