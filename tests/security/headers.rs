//! Header injection: whatever comes from callbacks, lineages, policies and operators, a header stays one header.

use proptest::prelude::*;
use serde_json::json;
use workflow_redrive::dlq::{MAX_LABEL_BYTES, MAX_LABELS};
use workflow_redrive::http_url::{HttpUrl, percent_encode};
use workflow_redrive::operator::{Answer, Asked, Operator};

use crate::world::{ADMIN, Delivery, URL, World, settings};

/// Fails the test where a header could be taken for two, or for another.
fn are_sound(headers: &[(&'static str, String)]) {
    for (name, value) in headers {
        let is_one = value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
        assert!(is_one && !value.trim().is_empty(), "{name}: {value:?}");
        match *name {
            "Upstash-Label" => {
                let labels: Vec<&str> = value.split(',').collect();
                assert!(labels.len() <= MAX_LABELS, "{value}");
                for label in labels {
                    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
                    assert!(
                        (1..=MAX_LABEL_BYTES).contains(&label.len()) && label.chars().all(is_name),
                        "{value}"
                    );
                }
            }
            "Upstash-Flow-Control-Key" => {
                assert!(value.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)), "{value}");
            }
            "Upstash-Failure-Callback" => assert!(HttpUrl::parse(value).is_ok(), "{value}"),
            _ => {}
        }
    }
    let mut names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), headers.len(), "a header twice: {headers:?}");
}

/// A policy that puts into headers what it can of a failure.
fn generous() -> String {
    json!({
        "rules": [{"name": "all", "action": "resume", "target": "{label}{step}{root_run}", "overrides": {
            "label": ["{label}", "{step}-{root_run}", "{target}", "{region}.{class}.{attempt}"],
            "flow_control": {"key": "{target}{label}{step}"},
        }}],
    })
    .to_string()
}

fn sent_for(hostile: &str) -> World {
    let world = World::new();
    let body = json!({
        "status": 503, "url": format!("https://app.example/{hostile}"), "dlqId": "1-0", "workflowRunId": "wfr_1",
        "sourceHeader": {"Upstash-Label": hostile, hostile: [hostile]},
        "header": {"Upstash-Error-Step-Name": [hostile], "Retry-After": hostile, hostile: hostile},
    });
    let root = percent_encode(hostile);
    let url = format!("{URL}?team={root}&redrive=1.1792567000000.{root}");
    let mut delivery = Delivery::signed(&url, &body);
    delivery.headers = ["Upstash-Label", "Upstash-Workflow-RunId", "Upstash-Message-Id", "Upstash-Region"]
        .map(|name| (name, hostile.to_owned()))
        .to_vec();
    let settings = settings(&[("POLICY", &generous())]);
    delivery.arrives(&settings, &world).outcome.ok();
    for (_, _, request) in world.sent.borrow().iter() {
        are_sound(&request.headers);
    }
    world
}

#[test]
fn line_breaks_and_commas_of_a_callback_make_no_header_of_their_own() {
    let mut requests = 0;
    for hostile in [
        "a\r\nAuthorization: Bearer evil",
        "a\nUpstash-Delay: 1s",
        "a, b, c",
        "a;b=c",
        "\u{85}\u{2028}\u{2029}",
        "a\0b",
        "Grüße 🎉",
        "\u{202e}evil",
        "{target}{label}",
        &"x".repeat(5000),
        &"a,".repeat(500),
        "wfr_a",
    ] {
        requests += sent_for(hostile).requests();
    }
    assert!(requests > 0, "some of these are lineages, which lead to a request");
}

#[test]
fn blanks_and_line_breaks_around_a_template_are_left_out() {
    for label in ["{label}\n", "\r\n{label}", " {label} , x\t"] {
        let policy = json!({"rules": [{"name": "r", "action": "resume", "overrides": {"label": label}}]});
        let body =
            json!({"status": 503, "url": "https://a.example/", "dlqId": "1-0", "workflowRunId": "wfr_1"});
        let world = World::new();
        Delivery::signed(URL, &body)
            .arrives(&settings(&[("POLICY", &policy.to_string())]), &world)
            .outcome
            .unwrap();
        are_sound(&world.sent.borrow()[0].2.headers);
    }
}

#[test]
fn a_policy_cannot_be_written_so_that_a_header_breaks() {
    for overrides in [
        json!({"label": "a\r\nX: y"}),
        json!({"label": ["ok", "a b"]}),
        json!({"flow_control": {"key": "a\r\nX: y"}}),
        json!({"flow_control": {"key": "{step}: x"}}),
        json!({"retry_delay": "1000\r\n"}),
        json!({"delay": "1s\r\n"}),
        json!({"failure_callback": "https://a.example/\r\nX: y"}),
    ] {
        let policy = json!({ "overrides": overrides }).to_string();
        assert!(workflow_redrive::policy::Policy::from_json(&policy).is_err(), "{policy}");
    }
}

/// What an operator's request leads to, and `None` where it is refused.
fn operated(header: (&str, &str)) -> Option<Vec<(&'static str, String)>> {
    let settings = settings(&[]);
    let headers = [("authorization", &*format!("Bearer {ADMIN}")), header]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let url = "https://redrive.example/v2/workflows/dlq/resume?all=true";
    let asked = Asked { method: "POST", url, headers: &headers };
    let exchange = Operator::of(&settings).unwrap().admit(&asked).ok()?;
    Some(exchange.request().headers)
}

#[test]
fn no_header_of_an_operator_reaches_the_api_but_the_seven_settings() {
    for name in [
        "authorization",
        "host",
        "cookie",
        "x-forwarded-host",
        "content-type",
        "forwarded",
        "x-http-method-override",
    ] {
        assert_eq!(operated((name, "evil")).unwrap_or_default(), [], "{name}");
    }
    for name in [
        "upstash-callback",
        "upstash-forward-host",
        "upstash-method",
        "upstash-url",
        "upstash-failure-callback-forward-x",
    ] {
        assert_eq!(operated((name, "evil")), None, "{name}");
    }
}

#[test]
fn an_operator_sees_no_header_of_the_api_but_its_limits_and_its_type() {
    let settings = settings(&[]);
    let headers = [("authorization".to_owned(), format!("Bearer {ADMIN}"))];
    let asked = Asked { method: "GET", url: "https://redrive.example/v2/dlq", headers: &headers };
    let mut exchange = Operator::of(&settings).unwrap().admit(&asked).unwrap();
    let answer =
        Answer { status: 302, headers: vec![("content-type", "text/html".to_owned())], body: Vec::new() };
    let reply = exchange.take(Ok(answer)).unwrap();
    assert_eq!((reply.status, reply.headers.len()), (302, 1), "a redirect is shown, and leads nowhere");
}

proptest! {
    #[test]
    fn whatever_a_callback_says_a_header_stays_one(hostile in "\\PC{0,60}|[\\x00-\\x7f]{0,40}|[a-z,{}]{0,300}") {
        sent_for(&hostile);
    }

    #[test]
    fn whatever_an_operator_says_a_header_stays_one(
        name in prop::sample::select(vec![
            "retries", "delay", "retry-delay", "flow-control-value", "label", "failure-callback", "flow-control-key",
        ]),
        value in "\\PC{0,40}|[\\x00-\\x7f]{0,20}|[0-9a-z=,. *()-]{0,30}",
    ) {
        if let Some(headers) = operated((&format!("upstash-{name}"), &value)) {
            are_sound(&headers);
        }
    }
}
