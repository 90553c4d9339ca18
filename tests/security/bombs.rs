//! What is small to send and large to deal with: time stays linear, memory and answers stay bounded.

#![expect(clippy::disallowed_methods, reason = "these tests run natively, where there is a clock")]

use core::time::Duration;
use std::time::Instant;

use serde_json::json;
use workflow_redrive::callback::{CallbackHeaders, FailureReader};
use workflow_redrive::http_url::percent_encode;
use workflow_redrive::lineage::Lineage;
use workflow_redrive::operator::{Asked, Operator};
use workflow_redrive::policy::Policy;
use workflow_redrive::recovery::{LogLine, Reply, Timings};
use workflow_redrive::sweep::Orders;

use crate::common::NOW;
use crate::world::{ADMIN, Delivery, URL, World, settings};

/// Fails the test where eight times as much takes far more than eight times as long, however often it is tried: what is
/// quadratic takes 64 times.
fn is_linear(what: &str, bomb: &dyn Fn(usize) -> String, work: &dyn Fn(&str)) {
    /// So few that even the large one is over before the scheduler gives the processor to another test.
    const SIZE: usize = 120;
    let bombs = [SIZE, 8 * SIZE].map(bomb);
    let mut least = [Duration::MAX; 2];
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(20) {
        for (bomb, least) in bombs.iter().zip(&mut least) {
            let begun = Instant::now();
            work(bomb);
            *least = begun.elapsed().min(*least);
        }
        if least[1] < least[0] * 32 {
            return;
        }
    }
    panic!("{what}: {least:?}");
}

/// A callback with more fields.
fn with(fields: &str) -> String {
    format!(r#"{{"status":503,"url":"https://a.example/","workflowRunId":"wfr_1","dlqId":"1-0",{fields}}}"#)
}

fn read(body: &str) {
    let mut reader = FailureReader::new(CallbackHeaders::default());
    reader.push(body.as_bytes());
    assert!(reader.captured_bytes() < 512 * 1024);
    reader.finish(NOW).ok();
}

/// So many of them, with commas between.
fn many(size: usize, one: &dyn Fn(usize) -> String) -> String {
    (0..size).map(one).collect::<Vec<_>>().join(",")
}

#[test]
fn json_of_any_shape_is_read_in_linear_time_and_little_memory() {
    type Bomb = fn(usize) -> String;
    let bombs: [(&str, Bomb); 12] = [
        ("keys", |size| with(&many(size, &|n| format!(r#""k{n}":{n}"#)))),
        ("one key over and over", |size| with(&many(size, &|_| r#""k":1"#.to_owned()))),
        ("a wanted key over and over", |size| with(&many(size, &|_| r#""header":{}"#.to_owned()))),
        ("a long number", |size| with(&format!(r#""status":{}"#, "9".repeat(10 * size)))),
        ("a long exponent", |size| with(&format!(r#""x":1e{}"#, "9".repeat(10 * size)))),
        ("a long text", |size| with(&format!(r#""dlqId":"{}""#, "x".repeat(20 * size)))),
        ("escapes", |size| with(&format!(r#""url":"{}""#, r"\u0061".repeat(4 * size)))),
        ("arrays in arrays", |size| with(&format!(r#""x":{}"#, "[".repeat(10 * size)))),
        ("headers", |size| with(&format!(r#""header":{{{}}}"#, many(size, &|n| format!(r#""h{n}":["v"]"#))))),
        ("labels", |size| {
            with(&format!(r#""sourceHeader":{{"Upstash-Label":"{}"}}"#, many(size, &|n| n.to_string())))
        }),
        ("values", |size| {
            with(&format!(r#""header":{{"Retry-After":[{}]}}"#, many(size, &|_| r#""1""#.to_owned())))
        }),
        ("blanks", |size| with(&format!(r#""x":{}1"#, " \n\t\r".repeat(5 * size)))),
    ];
    for (what, bomb) in bombs {
        is_linear(what, &bomb, &read);
    }
}

#[test]
fn queries_are_read_in_linear_time() {
    let lineage = |query: &str| drop(Lineage::from_query(Some(query)));
    is_linear("pairs", &|size| "a=b&".repeat(size), &lineage);
    is_linear("separators", &|size| "&".repeat(10 * size), &lineage);
    is_linear("lineages", &|size| "redrive=1.2.wfr_a&".repeat(size), &lineage);
    is_linear("escapes", &|size| format!("redrive=1.2.{}", "%41".repeat(10 * size)), &lineage);
    is_linear("a long number", &|size| format!("redrive={}.2.wfr_a", "1".repeat(10 * size)), &lineage);
    let orders = |query: &str| drop(Orders::read(query));
    is_linear("one criterion over and over", &|size| "cursor=a&".repeat(size), &orders);
    is_linear("percent signs", &|size| format!("label={}", "%25".repeat(10 * size)), &orders);
}

#[test]
fn an_operators_query_is_bounded_in_time_and_its_refusal_in_size() {
    let settings = settings(&[]);
    let ask = |query: &str| {
        let url = format!("https://redrive.example/v2/workflows/dlq/resume?{query}");
        let headers = [("authorization".to_owned(), format!("Bearer {ADMIN}"))];
        let asked = Asked { method: "POST", url: &url, headers: &headers };
        Operator::of(&settings).unwrap().admit(&asked).map(drop)
    };
    let refused = |query: &str| {
        let reply = ask(query).expect_err("more than is accepted");
        assert!(reply.status == 400 && reply.body.len() < 1024, "{} bytes", reply.body.len());
    };
    is_linear("ids", &|size| many(24 * size, &|n| format!("dlqIds={n}-0")).replace(',', "&"), &refused);
    is_linear(
        "ids in one list",
        &|size| format!("dlqIds={}", many(24 * size, &|n| format!("{n}-0"))),
        &refused,
    );
    is_linear("an unknown key", &|size| format!("{}=1", "k".repeat(20 * size)), &refused);
    is_linear("a key given twice", &|size| "count=1&".repeat(size), &refused);
    is_linear("bad escapes", &|size| "label=%zz&".repeat(size), &refused);
}

#[test]
fn a_policy_and_a_recorded_callback_are_read_in_linear_time() {
    let policy = |json: &str| drop(Policy::from_json(json));
    is_linear("unknown keys", &|size| format!("{{{}}}", many(size, &|n| format!(r#""k{n}":1"#))), &policy);
    is_linear(
        "one key over and over",
        &|size| format!("{{{}}}", many(size, &|_| r#""paused":true"#.to_owned())),
        &policy,
    );
    let trial = |json: &str| drop(Policy::default().try_on(json, NOW));
    is_linear(
        "a callback as a text",
        &|size| json!({"callback": with(&format!(r#""x":"{}""#, "y".repeat(10 * size)))}).to_string(),
        &trial,
    );
}

#[test]
fn what_a_stranger_sends_costs_little_and_is_answered_in_few_words() {
    let settings = settings(&[]);
    let body = json!({"status": 503});
    for (what, change) in [
        (
            "a token of a megabyte",
            (&|delivery: &mut Delivery| delivery.token = "a".repeat(1 << 20)) as &dyn Fn(&mut Delivery),
        ),
        ("a token of dots", &|delivery| delivery.token = ".".repeat(1 << 20)),
        ("a URL of a megabyte", &|delivery| delivery.url = format!("{URL}?{}", "a=b&".repeat(1 << 18))),
        ("a region of a megabyte", &|delivery| {
            delivery.region = Some("x".repeat(1 << 20));
        }),
        ("another key", &|delivery| delivery.token.push('A')),
    ] {
        let mut delivery = Delivery::signed(URL, &body);
        change(&mut delivery);
        let begun = Instant::now();
        let conclusion = delivery.arrives(&settings, &World::new());
        assert!(begun.elapsed() < Duration::from_secs(2), "{what}: {:?}", begun.elapsed());
        let (reply, line) = (Reply::from(&conclusion), LogLine::new(&conclusion, Timings::default()));
        assert!(reply.body.len() < 256 && line.json.len() < 256, "{what}");
        assert!(what == "a region of a megabyte" || reply.status == 401, "{what}: {}", reply.status);
    }
}

#[test]
fn whatever_a_callback_says_its_reply_and_its_line_stay_short() {
    let long = "é".repeat(4000);
    let id = "ü".repeat(256);
    let body = json!({
        "status": 503, "url": format!("https://a.example/{long}"), "workflowRunId": id, "dlqId": id,
        "sourceHeader": {"Upstash-Label": vec![long.clone(); 100]},
        "header": {"Upstash-Error-Step-Name": [long]}, "body": "eHh4".repeat(5000),
    });
    let root = percent_encode(&id);
    let conclusion = Delivery::signed(&format!("{URL}?redrive=1.1792567000000.{root}"), &body)
        .arrives(&settings(&[]), &World::new());
    assert!(conclusion.outcome.is_ok());
    let (reply, line) = (Reply::from(&conclusion), LogLine::new(&conclusion, Timings::default()));
    assert!(reply.body.len() < 4096 && line.json.len() < 4096, "{} {}", reply.body.len(), line.json.len());
}
