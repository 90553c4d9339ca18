//! Which hosts there are: those of the settings, and no spelling of them that another parser reads differently.

use serde_json::json;
use workflow_redrive::client::Endpoint;
use workflow_redrive::dlq::Method;
use workflow_redrive::http_url::HttpUrl;
use workflow_redrive::policy::Policy;
use workflow_redrive::recovery::Outcome;
use workflow_redrive::settings::Token;

use crate::world::{API, Delivery, URL, World, read, settings};

/// Addresses whose host depends on who reads them, or that are none.
const HOSTILE: [&str; 30] = [
    "https://good.example@evil.example/",
    "https://good.example:80@evil.example/",
    "https://user:canary@good.example/",
    "https://@evil.example/",
    "https://good.example\\@evil.example/",
    "https://good.example\\.evil.example/",
    "https:\\\\evil.example/",
    "https:/evil.example/",
    "https:///evil.example/",
    "//evil.example/",
    "https://good.example./",
    "https://127.0.0.1./",
    "https://localhost./",
    "https://127.1/",
    "https://0177.0.0.1/",
    "https://0x7f.0.0.1/",
    "https://2130706433/",
    "https://[::1",
    "https://[::1]evil.example/",
    "https://[fe80::1%25eth0]/",
    "https://[::ffff:7f00:1]:0/",
    "https://good.example:/",
    "https://good.example:99999/",
    "https://good.example:80:81/",
    "https://good.example#@evil.example/",
    "https://good%2eexample/",
    "https://ｇood.example/",
    "https://good。example/",
    "https://good.example/\r\nHost: evil.example",
    "https://good.example\t.evil.example/",
];

#[test]
fn an_address_that_can_be_read_in_two_ways_is_refused_by_every_setting_and_not_repeated() {
    for name in ["QSTASH_URL", "PUBLIC_URL", "NOTIFY_SLACK_URL", "NOTIFY_URL", "ADMIN_CORS_ORIGIN"] {
        for address in HOSTILE {
            let secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXM=";
            let error = read(&[(name, address), ("NOTIFY_SECRET", secret)]).expect_err(address);
            assert_eq!(error.name(), name, "{address}");
            let told = format!("{error} {error:?}");
            assert!(!told.contains("evil") && !told.contains("canary") && !told.contains(secret), "{told}");
        }
    }
}

#[test]
fn nor_is_it_an_address_of_a_policy_or_of_a_client() {
    for address in HOSTILE {
        let policy = json!({"relay_targets": [address]}).to_string();
        let told = Policy::from_json(&policy).expect_err(address).to_string();
        assert!(!told.contains("evil") && !told.contains("canary"), "{told}");
        let policy = json!({"overrides": {"failure_callback": address}}).to_string();
        assert!(Policy::from_json(&policy).is_err(), "{address}");
        assert!(HttpUrl::parse(address).is_err(), "{address}");
    }
}

#[test]
fn what_is_secret_is_sent_where_nobody_listens() {
    let token = || Token::new("t").unwrap();
    let is_refused = |address: &str| {
        let named = |name: &str| read(&[(name, address)]).is_err_and(|error| error.name() == name);
        let relayed = Policy::from_json(&json!({"relay_targets": [address]}).to_string()).is_err();
        let endpoint = HttpUrl::parse(address).is_ok_and(|url| Endpoint::new(url, token()).is_err());
        assert_eq!((named("NOTIFY_SLACK_URL"), relayed, endpoint), (named("QSTASH_URL"), endpoint, relayed));
        endpoint
    };
    for address in [
        "http://qstash.example",
        "HTTP://qstash.example",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://127.0.0.1-evil.example",
        "http://10.0.0.1",
        "http://[::ffff:127.0.0.1]",
        "http://[::2]",
        "http://128.0.0.1",
    ] {
        assert!(is_refused(address), "{address}");
    }
    for address in [
        "https://qstash.example",
        "http://127.0.0.1:8080",
        "http://[::1]:1",
        "http://localhost",
        "http://a.localhost",
    ] {
        assert!(!is_refused(address), "{address}");
    }
}

/// Every text in a callback and in an answer of the API that could pass for an address.
#[test]
fn nothing_in_a_callback_or_an_answer_chooses_where_a_request_goes() {
    let evil = "https://evil.example/v2";
    let body = json!({
        "status": 503, "url": evil, "workflowRunId": evil, "dlqId": evil, "sourceMessageId": evil, "host": evil,
        "sourceHeader": {"Upstash-Label": [evil], "Host": [evil], "Upstash-Workflow-Url": [evil]},
        "header": {"Location": [evil], "Upstash-Error-Step-Name": [evil], "Retry-After": [evil], "Host": [evil]},
        "body": "eyJlcnJvciI6Imh0dHBzOi8vZXZpbC5leGFtcGxlIiwibWVzc2FnZSI6Imh0dHBzOi8vZXZpbC5leGFtcGxlIn0=",
        "failureCallback": evil, "callback": evil, "baseUrl": evil, "QSTASH_URL": evil,
    });
    let answer = json!({
        "workflowRunId": evil, "Location": evil, "url": evil, "cursor": evil,
        "messages": [{"dlqId": evil, "workflowRunId": evil, "workflowUrl": evil, "failureCallback": evil}],
    });
    let policy = json!({
        "relay_targets": "https://shop.example/failed",
        "rules": [
            {"name": "second", "action": "relay", "when": {"attempt": "1-"}, "relay_to": "https://shop.example/failed"},
            {"name": "first", "action": "resume", "target": "{label}{step}{root_run}",
             "overrides": {"label": "{target}-{label}", "flow_control": {"key": "{step}"}}},
        ],
    })
    .to_string();
    let settings = settings(&[("POLICY", &policy)]);
    for query in [
        "",
        "?redrive=1.1792567000000.https%3A%2F%2Fevil.example",
        "?url=https://evil.example/&baseUrl=//evil.example",
    ] {
        for unnamed in [false, true] {
            let world = World::answering(&answer.to_string());
            let mut body = body.clone();
            if unnamed {
                body.as_object_mut().unwrap().remove("dlqId");
            }
            let mut delivery = Delivery::signed(&[URL, query].concat(), &body);
            for name in ["Upstash-Workflow-Url", "Upstash-Label", "Upstash-Region", "Upstash-Message-Id"] {
                delivery.headers.push((name, evil.to_owned()));
            }
            assert!(delivery.arrives(&settings, &world).outcome.is_ok());
            for (url, _, request) in world.sent.borrow().iter() {
                assert!(url.starts_with(&format!("{API}/v2/workflows/dlq")), "{url}");
                let callback = request.headers.iter().find(|(name, _)| *name == "Upstash-Failure-Callback");
                let ours = |(_, to): &(&str, String)| {
                    HttpUrl::parse(to).unwrap().origin() == "https://redrive.example"
                };
                assert!(request.method == Method::Get || callback.is_some_and(ours), "{request:?}");
            }
            let relayed = world.relayed.borrow();
            assert!(relayed.iter().all(|(to, _)| to == "https://shop.example/failed"), "{relayed:?}");
            assert!(world.requests() + relayed.len() > 0);
        }
    }
}

#[test]
fn a_callback_is_not_handed_on_to_ourselves_however_the_address_is_spelled() {
    for spelling in
        ["https://redrive.example", "https://REDRIVE.example:443/", "HTTPS://redrive.example/?x=1"]
    {
        let policy = json!({
            "relay_targets": spelling, "rules": [{"name": "loop", "action": "relay", "relay_to": spelling}],
        });
        let settings = settings(&[("POLICY", &policy.to_string())]);
        let world = World::new();
        let body =
            json!({"status": 503, "url": "https://app.example/", "dlqId": "1-0", "workflowRunId": "wfr_1"});
        let conclusion = Delivery::signed(URL, &body).arrives(&settings, &world);
        assert_eq!(conclusion.outcome, Ok(Outcome::Parked { reason: "relay_to_ourselves" }), "{spelling}");
        assert!(world.relayed.borrow().is_empty());
    }
}

#[test]
fn a_password_in_the_address_of_a_workflow_is_no_part_of_its_target() {
    for (url, target) in [
        ("https://user:canary@shop.example/order?x=1", "https://shop.example/order"),
        ("https://a:canary@b@shop.example", "https://shop.example"),
        ("https://canary@shop.example:8443/o@rder", "https://shop.example:8443/o@rder"),
        ("https://shop.example/order@home", "https://shop.example/order@home"),
        ("order", "order"),
        ("", ""),
    ] {
        let failure = workflow_redrive::callback::Failure::new("wfr_1".parse().unwrap(), url.to_owned(), 503);
        let lineage = workflow_redrive::lineage::Lineage::root("wfr_1".parse().unwrap(), crate::common::NOW);
        let decision = Policy::default().decide(&failure, &lineage, crate::common::NOW, 0);
        assert_eq!(decision.target, target);
    }
}
