//! How many calls a request takes, and what the operator is told of them.

use std::time::Duration;

use super::*;

const RUN: &str = r#"{"workflowRunId":"wfr_1","workflowCreatedAt":1}"#;

fn begin<'a>(settings: &'a Settings, method: &str, path: &str) -> Exchange<'a> {
    ask(settings, method, path, &[]).unwrap()
}

fn page(runs: usize, cursor: &str) -> String {
    format!(r#"{{"cursor":"{cursor}", "workflowRuns": [{}]}}"#, vec![RUN; runs].join(", "))
}

fn json(reply: &OperatorReply) -> serde_json::Value {
    serde_json::from_slice(&reply.body).unwrap()
}

#[test]
fn a_single_answer_is_passed_on_byte_for_byte() {
    let settings = settings();
    for (method, path, status, body) in [
        ("GET", "/v2/dlq", 200, r#"{ "messages": [], "cursor": "1-0" }"#),
        ("GET", "/v2/dlq", 200, "no JSON"),
        ("POST", "/v2/workflows/dlq/resume?all=true", 200, r#"{ "workflowRuns": [ {"a":1} ] , "more": 1}"#),
        ("POST", "/v2/workflows/dlq/resume?all=true", 200, r#"{"workflowRuns": null, "cursor": ""}"#),
        ("POST", "/v2/workflows/dlq/resume?label=a", 200, "no JSON"),
        ("DELETE", "/v2/workflows/dlq?dlqIds=1-0", 200, r#"{ "deleted": 1 }"#),
        ("DELETE", "/v2/workflows/dlq/callback/1-0", 302, ""),
        ("POST", "/v2/workflows/dlq/resume?dlqIds=1-0", 404, r#"{"error":"some not found"}"#),
        ("POST", "/v2/workflows/dlq/resume/1-0", 429, r#"{"error":"slow down"}"#),
    ] {
        let mut exchange = begin(&settings, method, path);
        let mut answer = answer(status, body);
        answer.headers.push(("burst-ratelimit-reset", "7".to_owned()));
        let reply = exchange.take(Ok(answer)).unwrap();
        assert_eq!((reply.status, text(&reply)), (status, body), "{path}");
        assert_eq!(header(&reply, "burst-ratelimit-reset"), Some("7"));
    }
}

#[test]
fn all_pages_are_followed_and_their_answers_become_one() {
    let settings = settings();
    let mut exchange = begin(&settings, "POST", "/v2/workflows/dlq/restart?label=a");
    assert_eq!(line(&exchange), "POST /v2/workflows/dlq/restart?label=a&count=50");
    assert_eq!(exchange.take(Ok(answer(200, &page(2, "c/1")))), None);
    assert_eq!(line(&exchange), "POST /v2/workflows/dlq/restart?label=a&count=50&cursor=c%2F1");
    assert_eq!(exchange.take(Ok(answer(200, &page(0, "c2")))), None);
    assert_eq!(line(&exchange), "POST /v2/workflows/dlq/restart?label=a&count=50&cursor=c2");
    let reply = exchange.take(Ok(answer(200, &page(1, "")))).unwrap();
    assert_eq!(reply.status, 200);
    let run: serde_json::Value = serde_json::from_str(RUN).unwrap();
    assert_eq!(json(&reply), serde_json::json!({ "workflowRuns": [run, run, run] }));

    let mut exchange = begin(&settings, "DELETE", "/v2/workflows/dlq?all=true");
    assert_eq!(exchange.take(Ok(answer(200, r#"{"deleted":50,"cursor":"a"}"#))), None);
    let reply = exchange.take(Ok(answer(200, r#"{"deleted":3}"#))).unwrap();
    assert_eq!(text(&reply), r#"{"deleted":53}"#);
}

#[test]
fn a_count_bounds_the_entries_and_a_cursor_alone_is_one_page() {
    let settings = settings();
    let mut exchange = begin(&settings, "POST", "/v2/workflows/dlq/resume?count=70&label=a");
    assert_eq!(line(&exchange), "POST /v2/workflows/dlq/resume?label=a&count=50");
    assert_eq!(exchange.take(Ok(answer(200, &page(50, "a")))), None);
    assert_eq!(line(&exchange), "POST /v2/workflows/dlq/resume?label=a&count=20&cursor=a");
    let reply = exchange.take(Ok(answer(200, &page(20, "b")))).unwrap();
    let reply = json(&reply);
    assert_eq!((reply["workflowRuns"].as_array().unwrap().len(), &reply["cursor"]), (70, &"b".into()));

    for query in ["count=3", "count=50", "all=true&cursor=x", "label=a&cursor=x"] {
        let mut exchange = begin(&settings, "POST", &format!("{BULK}?{query}"));
        assert!(exchange.take(Ok(answer(200, &page(1, "more")))).is_some(), "{query}");
    }
}

#[test]
fn many_ids_are_named_in_groups_of_fifty() {
    let settings = settings();
    let ids: Vec<String> = (0..120).map(|n| format!("1-{n}")).collect();
    // Once as a list and once as repeated keys: a repetition counts once.
    let query = format!("dlqIds={}&dlqIds=1-0", ids.join(","));
    let mut exchange = begin(&settings, "DELETE", &format!("/v2/workflows/dlq?{query}"));
    let mut groups: Vec<Vec<String>> = Vec::new();
    let reply = loop {
        let request = exchange.request().path_and_query;
        let named = request.split_once('?').unwrap().1.split('&');
        groups.push(named.map(|pair| pair.replace("dlqIds=", "")).collect());
        let deleted = format!(r#"{{"deleted":{},"cursor":"ignored"}}"#, groups.last().unwrap().len());
        if let Some(reply) = exchange.take(Ok(answer(200, &deleted))) {
            break reply;
        }
    };
    assert_eq!(groups.iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 20]);
    assert_eq!(groups.concat(), ids);
    assert_eq!(text(&reply), r#"{"deleted":120}"#);
    let many: Vec<String> = (0..2001).map(|n| n.to_string()).collect();
    assert!(refused(400, "POST", &format!("{BULK}?dlqIds={}", many.join(",")), &[]).contains("1 to 2000"));
}

#[test]
fn it_stops_at_a_bound_with_the_cursor_and_at_a_cursor_that_leads_nowhere() {
    let settings = settings();
    let mut exchange = begin(&settings, "POST", "/v2/workflows/dlq/resume?all=true");
    let mut calls = 0;
    let reply = loop {
        calls += 1;
        if let Some(reply) = exchange.take(Ok(answer(200, &page(50, &calls.to_string())))) {
            break json(&reply);
        }
    };
    assert_eq!((calls, &reply["cursor"]), (40, &"40".into()));
    assert_eq!(reply["workflowRuns"].as_array().unwrap().len(), 2000);

    let mut exchange = begin(&settings, "POST", "/v2/workflows/dlq/resume?all=true");
    assert_eq!(exchange.take(Ok(answer(200, &page(1, "same")))), None);
    let reply = json(&exchange.take(Ok(answer(200, &page(1, "same")))).unwrap());
    assert!(reply["error"].as_str().unwrap().contains("cursor twice"));
    assert!(reply.get("cursor").is_none());
}

#[test]
fn what_was_done_before_a_failure_is_told_with_the_place_to_go_on() {
    let settings = settings();
    let mut exchange = begin(&settings, "POST", "/v2/workflows/dlq/resume?all=true");
    assert_eq!(exchange.take(Ok(answer(200, &page(2, "next")))), None);
    let reply = exchange.take(Ok(answer(429, r#"{"error":"slow down qstash-secret"}"#))).unwrap();
    assert_eq!(reply.status, 200);
    let reply = json(&reply);
    assert_eq!((reply["workflowRuns"].as_array().unwrap().len(), &reply["cursor"]), (2, &"next".into()));
    assert_eq!(reply["error"], "QStash answered 429: slow down …");

    let ids = (0..60).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let mut exchange = begin(&settings, "POST", &format!("{BULK}?dlqIds={ids}"));
    assert_eq!(exchange.take(Ok(answer(200, &page(50, "")))), None);
    let reply = exchange.take(Ok(answer(404, r#"{"error":"some not found"}"#))).unwrap();
    assert_eq!((reply.status, json(&reply)["workflowRuns"].as_array().unwrap().len()), (404, 50));
    assert!(json(&reply)["error"].as_str().unwrap().contains("404: some not found"));
}

#[test]
fn no_answer_is_a_bad_gateway_and_says_whether_it_may_have_been_done() {
    let settings = settings();
    let timeout = || TransportError::timeout(Duration::from_secs(10));
    for (method, path, error, status, ambiguous) in [
        ("POST", "/v2/workflows/dlq/resume/1-0", timeout(), 504, true),
        ("GET", "/v2/dlq", timeout(), 504, false),
        ("DELETE", "/v2/workflows/dlq?all=true", TransportError::interrupted("reset"), 502, true),
        ("POST", "/v2/workflows/dlq/resume/1-0", TransportError::unreachable("refused"), 502, false),
        ("GET", "/v2/dlq", TransportError::too_large(16), 502, false),
    ] {
        let reply = begin(&settings, method, path).take(Err(error)).unwrap();
        assert_eq!(reply.status, status, "{path}");
        assert_eq!(error_of(&reply).contains("may have acted"), ambiguous, "{path}: {}", text(&reply));
    }
    let mut exchange = begin(&settings, "POST", "/v2/workflows/dlq/resume?all=true");
    assert_eq!(exchange.take(Ok(answer(200, &page(2, "next")))), None);
    let reply = exchange.take(Err(timeout())).unwrap();
    assert_eq!((reply.status, &json(&reply)["cursor"]), (200, &"next".into()));
    assert!(error_of(&reply).contains("may have acted"));
}

#[test]
fn the_token_of_qstash_is_not_handed_on() {
    let settings = settings();
    let mut exchange = begin(&settings, "GET", "/v2/dlq");
    let reply = exchange.take(Ok(answer(403, r#"{"error":"qstash-secret may not read"}"#))).unwrap();
    assert_eq!((reply.status, text(&reply)), (403, r#"{"error":"… may not read"}"#));
    // A 401 would say that the operator's own token is wrong.
    let reply = begin(&settings, "GET", "/v2/dlq").take(Ok(answer(401, "{}"))).unwrap();
    assert_eq!((reply.status, error_of(&reply).contains("QSTASH_TOKEN")), (502, true));
    let reply =
        begin(&settings, "GET", "/v2/dlq").take(Err(TransportError::interrupted("qstash-secret"))).unwrap();
    assert!(!text(&reply).contains("qstash-secret"));
    let exchange = begin(&settings, "POST", "/v2/workflows/dlq/resume?all=true");
    assert!(!format!("{exchange:?} {:?}", exchange.request()).contains("qstash-secret"));
}
