//! `Debug` ends up in panics and logs: none shows a secret.

use core::fmt::Debug;
use std::sync::Arc;

use serde_json::json;
use workflow_redrive::callback::{CallbackHeaders, FailureReader};
use workflow_redrive::client::{Authentication, Endpoint};
use workflow_redrive::console::Console;
use workflow_redrive::dlq::{ApiResponse, Call, Overrides, Resume};
use workflow_redrive::durable::{Actor, Errand, MemoryRecords, Office};
use workflow_redrive::http_url::HttpUrl;
use workflow_redrive::notice::Notices;
use workflow_redrive::operator::{Answer, Asked, Operator};
use workflow_redrive::recovery::{Admission, Arrival, Moment};
use workflow_redrive::settings::{Settings, Token};
use workflow_redrive::signature::SigningKey;

use crate::common::{NOW, claims, sign};
use crate::world::Delivery;

/// Each secret is this mark and its own name.
const SECRETS: [(&str, &str); 9] = [
    ("QSTASH_TOKEN", "canary-token"),
    ("QSTASH_CURRENT_SIGNING_KEY", "sig_canary-current"),
    ("QSTASH_NEXT_SIGNING_KEY", "sig_canary-next"),
    ("QSTASH_URL", "https://qstash.example/canary-base"),
    ("ADMIN_TOKEN", "canary-admin"),
    ("NOTIFY_SLACK_URL", "https://hooks.example/services/canary-slack"),
    ("NOTIFY_URL", "https://hooks.example/canary-hook?key=canary-hook"),
    ("NOTIFY_SECRET", "Y2FuYXJ5LXdlYmhvb2stc2VjcmV0LWNhbmFyeQ"),
    (
        "POLICY",
        r#"{"relay_targets": "https://a.example/canary-relay?k=canary-relay",
        "overrides": {"failure_callback": "https://a.example/canary-callback"},
        "rules": [{"name": "r", "action": "relay", "relay_to": "https://a.example/canary-relay?k=canary-relay"}]}"#,
    ),
];

fn settings() -> Settings {
    Settings::read(|name| {
        SECRETS.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    })
    .unwrap()
}

/// Fails the test where a value shows a secret, as it is, as bytes or in base64.
fn shows_nothing(what: &str, value: &dyn Debug) {
    let shown = format!("{value:?} {value:#?}");
    let bytes = format!("{:?}", "canary".as_bytes());
    for mark in ["canary", "Y2FuYXJ5", bytes.trim_matches(['[', ']'])] {
        assert!(!shown.contains(mark), "{what}: {shown}");
    }
}

#[test]
fn settings_and_what_they_are_made_of() {
    let settings = settings();
    shows_nothing("settings", &settings);
    shows_nothing("a result", &Ok::<_, ()>(settings.clone()));
    let account = Arc::clone(settings.account(None).unwrap());
    shows_nothing("an account", &account);
    shows_nothing("keys", &account.keys);
    shows_nothing("a token", &account.token);
    shows_nothing("an address", &account.base_url);
    shows_nothing("notices", &settings.notify);
    shows_nothing("operators", &settings.admin);
    shows_nothing("the policy", &settings.policy);
    shows_nothing("a key", &SigningKey::new("sig_canary").unwrap());
    shows_nothing("the operator API", &Operator::of(&settings).unwrap());
    shows_nothing("the console", &Console::of(&settings).unwrap());
}

#[test]
fn requests_and_answers() {
    let url = HttpUrl::parse("https://a.example/canary?canary").unwrap();
    shows_nothing("an address", &url);
    let overrides = Overrides::default().with_failure_callback(url.clone()).with_retries(7);
    shows_nothing("overrides", &overrides);
    assert!(format!("{overrides:?}").contains("Upstash-Retries\": \"7"), "{overrides:?}");
    let resume = Resume::new("1-0".parse().unwrap(), overrides);
    shows_nothing("a call", &resume);
    shows_nothing("a request", &resume.request());
    let token = Token::new("canary-token").unwrap();
    for authentication in [Authentication::Bearer, Authentication::Query] {
        let base = HttpUrl::parse("https://qstash.example").unwrap();
        let endpoint = Endpoint::new(base, token.clone()).unwrap().authenticated_by(authentication);
        shows_nothing("an endpoint", &endpoint);
        shows_nothing("a request with its token", &endpoint.address(&resume.request()));
    }
    shows_nothing("an answer", &ApiResponse::new(200, "canary", |_| Some("canary".to_owned())));
    let answer = Answer { status: 200, headers: Vec::new(), body: b"canary".to_vec() };
    shows_nothing("an answer for operators", &answer);
    let settings = settings();
    let headers = [("authorization".to_owned(), "Bearer canary-admin".to_owned())];
    let asked = Asked { method: "GET", url: "https://r.example/v2/dlq", headers: &headers };
    let mut exchange = Operator::of(&settings).unwrap().admit(&asked).unwrap();
    shows_nothing("an exchange", &exchange);
    shows_nothing("a reply", &exchange.take(Ok(answer)).unwrap());
    shows_nothing("an errand", &Errand::Api { region: None, request: resume.request() });
}

#[test]
fn a_callback_on_its_way() {
    let settings = settings();
    let url = "https://redrive.example/";
    let body = json!({
        "status": 503, "url": "https://app.example/?canary", "workflowRunId": "wfr_1", "dlqId": "1-0",
        "sourceBody": "canary", "sourceHeader": {"Authorization": ["canary"]}, "header": {"Set-Cookie": "canary"},
        "body": "eyJlcnJvciI6ImNhbmFyeSIsIm1lc3NhZ2UiOiJjYW5hcnkiLCJzdGFjayI6ImNhbmFyeSJ9",
    });
    let token = sign("sig_canary-current", &claims(url, body.to_string().as_bytes()));
    let arrival = Arrival { url: url.to_owned(), signature: Some(token.clone()), region: None };
    shows_nothing("an arrival", &arrival);
    assert!(!format!("{arrival:?}").contains(&token[..8]), "a token is good for minutes");
    let admission = Admission::check(&settings, &arrival, NOW).unwrap();
    shows_nothing("an admission", &admission);
    let mut reader = FailureReader::new(CallbackHeaders::default());
    reader.push(body.to_string().as_bytes());
    shows_nothing("a reader", &reader);
    let mut failure = reader.finish(NOW).unwrap();
    shows_nothing("an error", &failure.error);
    failure.workflow_url.clear();
    shows_nothing("a failure", &failure);
    let world = crate::world::World::new();
    world.now.set(NOW);
    let conclusion = Delivery { token, ..Delivery::signed(url, &body) }.arrives(&settings, &world);
    shows_nothing("a conclusion", &conclusion);
}

#[test]
fn a_notice_on_its_way() {
    let settings = settings();
    let mut records = MemoryRecords::default();
    let moment = Moment { now: NOW, entropy: 1 };
    let mut office = Office { records: &mut records, settings: &settings, moment };
    shows_nothing("an office", &office);
    let message = r#"{"do":"notice","kind":"breaker_opened","target":"https://app.example/"}"#;
    Notices.hear(&mut office, message).unwrap();
    let mut posted = 0;
    while let Some(errand) = Notices.errand(&mut office) {
        posted += u32::from(matches!(errand, Errand::Post { .. }));
        shows_nothing("an errand", &errand);
        Notices.returned(&mut office, Ok(ApiResponse::new(200, "", |_| None)));
    }
    assert_eq!(posted, 2, "to the chat and to the webhook");
    shows_nothing("the records of notices", &records);
}
