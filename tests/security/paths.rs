//! Ids that would be paths, and texts that would be addresses: wherever one is put into a URL, it stays what it was.

use proptest::prelude::*;
use serde_json::json;
use workflow_redrive::client::Endpoint;
use workflow_redrive::dlq::{
    ApiRequest, Call, CancelCallback, ChangeFlowControl, DeleteEntry, DeleteMany, Filter, FindByRun,
    FlowControlChange, FlowControlKey, GetEntry, GetFlowControl, Ids, List, Overrides, Restart, RestartMany,
    Resume, ResumeMany, RetryCallback, RunRef, RunStates, Selection,
};
use workflow_redrive::http_url::{HttpUrl, percent_decode, query_pairs};
use workflow_redrive::ids::{DlqId, RunId};
use workflow_redrive::job::{JobId, actor_of};
use workflow_redrive::operator::{Asked, Operator};
use workflow_redrive::settings::Token;

use crate::world::{ADMIN, API, Delivery, TOKEN, URL, World, settings};

/// What climbs, breaks out or is read in two ways.
const HOSTILE: [&str; 24] = [
    "..",
    ".",
    "../../v2/keys",
    "1/../../keys",
    "%2e%2e",
    "%2E%2E%2Fkeys",
    "..%2f..%2fkeys",
    "..;",
    "...",
    "a/b",
    "//evil.example/",
    "\\\\evil.example\\",
    "a\\..\\..\\keys",
    "@evil.example",
    "a?all=true",
    "a#top",
    "a&all=true",
    "a=b;c",
    "a%00b",
    "a%0d%0aHost:evil.example",
    "\u{ff0e}\u{ff0e}\u{2215}keys",
    "\u{2024}\u{2024}",
    "é\u{feff}",
    "ﬀ℀",
];

/// The segments of a request's path, and the names and values of its query; fails the test where another parser could
/// read anything else.
fn parts(request: &ApiRequest) -> (Vec<String>, Vec<(String, String)>) {
    let whole = &request.path_and_query;
    assert!(whole.starts_with("/v2/") && HttpUrl::parse(&[API, whole].concat()).is_ok(), "{whole}");
    assert!(!whole.contains(['#', '\\', '@', ';']), "{whole}");
    let (path, query) = whole.split_once('?').unwrap_or((whole, ""));
    let decoded = |text: &str| percent_decode(text).unwrap();
    let segments: Vec<String> = path.split('/').skip(1).map(decoded).collect();
    // A parser of URLs takes both spellings for a step up.
    assert!(segments.iter().all(|segment| !matches!(segment.as_str(), "" | "." | "..")), "{whole}");
    (segments, query_pairs(query).map(|(name, value)| (decoded(name), decoded(value))).collect())
}

fn path(request: &ApiRequest) -> Vec<String> {
    parts(request).0
}

fn values(request: &ApiRequest, name: &str) -> Vec<String> {
    parts(request).1.into_iter().filter(|(known, _)| known == name).map(|(_, value)| value).collect()
}

/// Checks every request that names an entry.
fn entry_stays_itself(text: &str) {
    let Ok(id) = DlqId::new(text) else { return };
    let overrides = Overrides::default;
    for (request, before) in [
        (GetEntry::new(id.clone()).request(), "v2/workflows/dlq"),
        (DeleteEntry::new(id.clone()).request(), "v2/workflows/dlq"),
        (Resume::new(id.clone(), overrides()).request(), "v2/workflows/dlq/resume"),
        (Restart::new(id.clone(), overrides()).request(), "v2/workflows/dlq/restart"),
        (RetryCallback::new(id.clone()).request(), "v2/workflows/dlq/callback"),
        (CancelCallback::new(id.clone()).request(), "v2/workflows/dlq/callback"),
    ] {
        let expected: Vec<&str> = before.split('/').chain([text]).collect();
        assert_eq!(path(&request), expected, "{request:?}");
    }
    let Ok(ids) = Ids::new([id]) else { return };
    for request in [
        ResumeMany::new(ids.clone(), overrides()).request(),
        RestartMany::new(ids.clone(), overrides()).request(),
        DeleteMany::new(ids).request(),
    ] {
        assert_eq!(values(&request, "dlqIds"), [text], "{request:?}");
    }
}

/// Checks every request that names a run.
fn run_stays_itself(text: &str) {
    let Ok(run) = RunId::new(text) else { return };
    assert_eq!(values(&FindByRun::new(run.clone()).request(), "workflowRunId"), [text]);
    if let Ok(states) = RunStates::new([RunRef::new(run.clone(), None)]) {
        assert_eq!(values(&states.request(), "workflowRuns"), [text]);
    }
    if let Ok(filter) = Filter::builder().run_id(run).build() {
        assert_eq!(values(&List::matching(filter.clone()).request(), "workflowRunId"), [text]);
        let delete = DeleteMany::new(Selection::Filter(filter)).request();
        assert_eq!(values(&delete, "workflowRunId"), [text]);
    }
}

#[test]
fn a_hostile_id_is_refused_or_stays_one_segment_and_one_value() {
    for text in HOSTILE {
        entry_stays_itself(text);
        run_stays_itself(text);
    }
    for text in ["..", ".", "", "a b", "a\r\nHost: evil.example", "a\0", &"x".repeat(513)] {
        assert!(DlqId::new(text).is_err() && RunId::new(text).is_err(), "{text:?}");
    }
}

#[test]
fn a_cursor_of_the_service_stays_one_value() {
    for text in HOSTILE {
        let list = List::all().from_cursor(text).request();
        assert_eq!(
            (path(&list).join("/").as_str(), values(&list, "cursor")),
            ("v2/workflows/dlq", vec![text.to_owned()])
        );
    }
}

#[test]
fn a_flow_control_key_stays_one_segment() {
    for text in HOSTILE.into_iter().chain(["...", "a.b", "..a"]) {
        let Ok(key) = FlowControlKey::new(text) else { continue };
        assert_eq!(path(&GetFlowControl::new(key.clone()).request()), ["v2", "flowControl", text]);
        let pause = ChangeFlowControl::new(key, FlowControlChange::Pause).request();
        assert_eq!(path(&pause), ["v2", "flowControl", text, "pause"]);
    }
    assert!(FlowControlKey::new(".").is_err() && FlowControlKey::new("..").is_err());
}

#[test]
fn an_actor_of_the_ledger_is_named_by_one_segment() {
    for text in HOSTILE {
        if let Ok(id) = JobId::new(text) {
            assert!(actor_of(&id).starts_with("job-"));
        }
        let target = workflow_redrive::ledger::target(text);
        assert!(target.starts_with("target-") && target.len() > "target-".len());
    }
}

#[test]
fn what_a_callback_says_stays_in_its_place_on_the_way_to_the_api() {
    for text in HOSTILE {
        let world = World::new();
        let body = json!({
            "status": 503, "url": format!("https://app.example/{text}"), "dlqId": text, "workflowRunId": "wfr_1",
        });
        Delivery::signed(URL, &body).arrives(&settings(&[]), &world).outcome.ok();
        let unnamed = json!({"status": 503, "url": "https://app.example/", "workflowRunId": text});
        Delivery::signed(URL, &unnamed).arrives(&settings(&[]), &world).outcome.ok();
        for (url, _, request) in world.sent.borrow().iter() {
            assert!(url.starts_with("https://qstash.example/eu/v2/workflows/dlq"), "{url}");
            let (segments, query) = parts(request);
            let named = segments.get(4).into_iter().chain(query.iter().map(|(_, value)| value));
            assert!(named.into_iter().any(|value| value == text), "{text:?} in {request:?}");
        }
    }
}

#[test]
fn what_an_operator_names_stays_in_its_place_too() {
    let settings = settings(&[]);
    let operator = Operator::of(&settings).unwrap();
    let headers = [("authorization".to_owned(), format!("Bearer {ADMIN}"))];
    let ask = |method: &str, url: &str| operator.admit(&Asked { method, url, headers: &headers });
    for text in HOSTILE {
        let encoded = workflow_redrive::http_url::percent_encode(text);
        for (method, at) in [
            ("GET", "/v2/dlq"),
            ("GET", "/v2/workflows/dlq"),
            ("DELETE", "/v2/workflows/dlq"),
            ("POST", "/v2/workflows/dlq/resume"),
            ("POST", "/v2/workflows/dlq/restart"),
            ("POST", "/v2/workflows/dlq/callback"),
        ] {
            for spelling in [text, &encoded] {
                let Ok(exchange) = ask(method, &format!("https://redrive.example{at}/{spelling}")) else {
                    continue;
                };
                assert_eq!(exchange.account().base_url.as_str(), API);
                let expected: Vec<_> = at.split('/').skip(1).map(str::to_owned).collect();
                let request = exchange.request();
                let segments = path(&request);
                assert_eq!(segments[..expected.len()], expected, "{method} {at}/{spelling}");
                assert_eq!(segments.len(), expected.len() + 1, "{method} {at}/{spelling}");
            }
        }
        for name in ["workflowRunId", "cursor", "label", "workflowUrl", "state", "messageId"] {
            let url = format!("https://redrive.example/v2/workflows/logs?{name}={encoded}");
            let Ok(exchange) = ask("GET", &url) else { continue };
            // A list is as many values as it has commas.
            assert_eq!(values(&exchange.request(), name).join(","), text, "{name}");
        }
    }
}

#[test]
fn a_token_in_the_query_stays_one_value() {
    let token = Token::new("a&b=c#d/../e?f%2e").unwrap();
    let endpoint = Endpoint::new(HttpUrl::parse(API).unwrap(), token)
        .unwrap()
        .authenticated_by(workflow_redrive::client::Authentication::Query);
    let url = endpoint.address(&List::all().request()).url;
    let url = HttpUrl::parse(&url).unwrap();
    assert_eq!(url.path(), "/eu/v2/workflows/dlq");
    let last = query_pairs(url.query().unwrap()).last().unwrap();
    assert_eq!((last.0, percent_decode(last.1).unwrap().as_str()), ("qstash_token", "a&b=c#d/../e?f%2e"));
    assert!(!TOKEN.is_empty());
}

proptest! {
    #[test]
    fn whatever_is_accepted_as_an_id_stays_itself(text in "\\PC{1,40}|[./%\\\\?#@:;a2eEfF]{1,16}") {
        entry_stays_itself(&text);
        run_stays_itself(&text);
    }
}
