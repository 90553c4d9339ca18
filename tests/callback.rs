//! Failure callbacks through the public interface: every field in every form that QStash is known or documented to
//! send, hostile bodies, and bodies too large to be held.

use std::fmt::Write as _;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use proptest::prelude::*;
use serde_json::{Value, json};
use workflow_redrive::callback::{CallbackError, CallbackHeaders, Excerpt, Failure, FailureReader};
use workflow_redrive::ids::{DlqId, RunId};
use workflow_redrive::time::Timestamp;

const NOW: Timestamp = Timestamp::from_secs(1_792_567_680);

fn read(headers: CallbackHeaders, body: &[u8]) -> Result<Failure, CallbackError> {
    let mut reader = FailureReader::new(headers);
    reader.push(body);
    reader.finish(NOW)
}

fn headers(pairs: &[(&str, &str)]) -> CallbackHeaders {
    CallbackHeaders::read(|name| {
        let (_, value) = pairs.iter().find(|(other, _)| other.eq_ignore_ascii_case(name))?;
        Some((*value).to_owned())
    })
}

/// The smallest callback that can be acted upon, with `fields` in addition or instead.
fn callback(fields: &Value) -> Value {
    let mut body = json!({"status": 500, "url": "https://app.example/flow", "workflowRunId": "wfr_1"});
    if let (Value::Object(body), Value::Object(fields)) = (&mut body, fields) {
        body.extend(fields.clone());
    }
    body
}

fn with(fields: &Value) -> Result<Failure, CallbackError> {
    read(CallbackHeaders::default(), callback(fields).to_string().as_bytes())
}

#[test]
fn a_complete_callback_is_read() {
    let error = json!({"error": "TypeError", "message": "x is not a function", "stack": "TypeError: …"});
    let body = json!({
        "status": 503,
        "header": {"Content-Type": ["application/json"], "Retry-After": ["90"], "Upstash-Error-Step-Name": ["charge card"]},
        "body": BASE64_STANDARD.encode(error.to_string()),
        "retried": 3,
        "maxRetries": 5,
        "dlqId": "1725323658779-0",
        "sourceMessageId": "msg_source",
        "topicName": "t", "endpointName": "e",
        "url": "https://app.example/flow?tenant=7",
        "method": "POST",
        "sourceHeader": {"Authorization": ["Bearer secret"], "Upstash-Label": ["billing,eu"]},
        "sourceBody": BASE64_STANDARD.encode("payload"),
        "notBefore": "1701198458025",
        "createdAt": "1701198447054",
        "scheduleId": "scd_1",
        "callerIP": "192.0.2.1",
        "workflowRunId": "wfr_resumed",
        "workflowCreatedAt": 1_701_198_440_000_u64,
    });
    let headers = headers(&[
        ("upstash-workflow-runid", "wfr_original"),
        ("Upstash-Workflow-Url", "https://app.example/header"),
        ("Upstash-Message-Id", "msg_callback"),
        ("Upstash-Label", "urgent, billing"),
        ("Upstash-Retried", "2"),
    ]);
    let failure = read(headers, body.to_string().as_bytes()).unwrap();

    assert_eq!(failure.dlq_id, Some(DlqId::new("1725323658779-0").unwrap()));
    assert_eq!(failure.run_id, RunId::new("wfr_resumed").unwrap());
    assert_eq!(failure.workflow_url, "https://app.example/flow?tenant=7");
    assert_eq!(failure.status, 503);
    let error = failure.error.clone().unwrap();
    assert_eq!(error.name.as_ref().map(Excerpt::as_str), Some("TypeError"));
    assert_eq!(error.message.as_str(), "x is not a function");
    assert_eq!(failure.step_name.as_deref(), Some("charge card"));
    assert_eq!(failure.labels, ["urgent", "billing", "eu"]);
    assert_eq!(failure.retry_hint.map(|hint| hint.delay(NOW)), Some(Duration::from_secs(90)));
    assert_eq!((failure.retried, failure.max_retries), (Some(3), Some(5)));
    assert_eq!(failure.source_message_id.as_deref(), Some("msg_source"));
    assert_eq!(failure.created_at, Some(Timestamp::from_millis(1_701_198_447_054)));
    assert_eq!(failure.workflow_created_at, Some(Timestamp::from_millis(1_701_198_440_000)));
    assert_eq!(failure.callback_message_id.as_deref(), Some("msg_callback"));
    assert_eq!(failure.callback_retried, Some(2));

    let debug = format!("{failure:?}");
    assert!(debug.contains("wfr_resumed") && debug.contains("503"));
    for secret in ["not a function", "secret", "payload", "cGF5bG9hZA"] {
        assert!(!debug.contains(secret), "{debug}");
    }
}

#[test]
fn the_smallest_callback_leaves_everything_else_open() {
    let failure = with(&json!({})).unwrap();
    let expected = Failure::new(RunId::new("wfr_1").unwrap(), "https://app.example/flow".into(), 500);
    assert_eq!(failure, expected);
}

#[test]
fn headers_stand_in_for_what_the_body_lacks() {
    let sent =
        headers(&[("Upstash-Workflow-RunId", "wfr_h"), ("Upstash-Workflow-Url", "https://h.example/")]);
    for body in [
        "{}",
        r#"{"workflowRunId":null,"url":null,"dlqId":null}"#,
        r#"{"workflowRunId":"","url":"","dlqId":""}"#,
    ] {
        let failure = read(sent.clone(), body.as_bytes()).unwrap();
        assert_eq!(
            (failure.run_id.as_ref(), failure.workflow_url.as_str()),
            ("wfr_h", "https://h.example/"),
            "{body}"
        );
        assert_eq!(failure.dlq_id, None);
    }
    let empty = headers(&[("Upstash-Workflow-RunId", ""), ("Upstash-Workflow-Url", "")]);
    assert_eq!(read(empty.clone(), b"{}"), Err(CallbackError::NotAWorkflow));
    assert_eq!(read(empty, br#"{"workflowRunId":"wfr_1"}"#), Err(CallbackError::NoWorkflowUrl));
    let error = read(headers(&[("Upstash-Workflow-RunId", "two words")]), b"{}").unwrap_err();
    assert!(matches!(error, CallbackError::Invalid { field: "Upstash-Workflow-RunId", .. }), "{error}");
}

#[test]
fn status_is_a_number_or_digits_and_zero_where_no_response_came() {
    for (status, expected) in [
        (json!(500), 500),
        (json!("429"), 429),
        (json!(0), 0),
        (json!(-1), 0),
        (json!("0"), 0),
        (json!(null), 0),
        (json!(100), 100),
        (json!(999), 999),
    ] {
        assert_eq!(with(&json!({"status": status})).unwrap().status, expected, "{status}");
    }
    let absent = br#"{"url":"https://app.example/","workflowRunId":"wfr_1"}"#;
    assert_eq!(read(CallbackHeaders::default(), absent).unwrap().status, 0);
    for status in [
        json!(1),
        json!(99),
        json!(1000),
        json!(65_536),
        json!("many"),
        json!(5.5),
        json!([500]),
        json!(true),
    ] {
        let error = with(&json!({"status": status})).unwrap_err();
        assert!(matches!(error, CallbackError::Invalid { field: "status", .. }), "{status}: {error}");
    }
    assert!(with(&json!({"status": "5".repeat(100)})).is_err());
}

#[test]
fn times_and_counts_are_read_in_every_form_and_garbage_is_none() {
    let at = Some(Timestamp::from_millis(1_701_198_447_054));
    for (sent, expected) in [
        (json!(1_701_198_447_054_u64), at),
        (json!("1701198447054"), at),
        (json!("2023-11-28T19:07:27.054Z"), at),
        (json!("2023-11-28T20:07:27.054+01:00"), at),
        (json!(-5), None),
        (json!("yesterday"), None),
        (json!("1".repeat(100)), None),
        (json!(null), None),
        (json!([1]), None),
    ] {
        let failure = with(&json!({"createdAt": sent, "workflowCreatedAt": sent})).unwrap();
        assert_eq!((failure.created_at, failure.workflow_created_at), (expected, expected), "{sent}");
    }
    for (sent, expected) in [
        (json!(3), Some(3)),
        (json!("3"), Some(3)),
        (json!(-1), None),
        (json!("x"), None),
        (json!(1.5), None),
    ] {
        let failure = with(&json!({"retried": sent, "maxRetries": sent})).unwrap();
        assert_eq!((failure.retried, failure.max_retries), (expected, expected), "{sent}");
    }
}

#[test]
fn ids_that_cannot_be_ids_are_refused() {
    for (field, value) in [
        ("dlqId", json!(5)),
        ("dlqId", json!("a b")),
        ("dlqId", json!("x".repeat(513))),
        ("workflowRunId", json!(["wfr_1"])),
        ("workflowRunId", json!("..")),
        ("url", json!({})),
    ] {
        let error = with(&json!({field: value})).unwrap_err();
        assert!(matches!(error, CallbackError::Invalid { field: named, .. } if named == field), "{error}");
        assert!(error.to_string().contains(field) && error.to_string().contains("accepted"), "{error}");
    }
    let surrogate = br#"{"url":"https://app.example/","workflowRunId":"wfr_\ud800"}"#;
    assert!(matches!(read(CallbackHeaders::default(), surrogate), Err(CallbackError::Invalid { .. })));
    for (field, len) in [("dlqId", 4000), ("workflowRunId", 4000), ("url", 8193), ("url", 40_000)] {
        let error = with(&json!({field: "x".repeat(len)})).unwrap_err();
        assert!(matches!(error, CallbackError::TooLong { field: named, .. } if named == field), "{error}");
    }
    assert_eq!(with(&json!({"url": "u".repeat(8192)})).unwrap().workflow_url.len(), 8192);
    assert_eq!(with(&json!({"sourceMessageId": "m".repeat(600)})).unwrap().source_message_id, None);
}

#[test]
fn header_maps_hold_lists_or_strings_under_names_of_any_case() {
    for values in [json!("30"), json!(["30"]), json!(["5", "30", "junk"]), json!(30)] {
        for name in
            ["Retry-After", "retry-after", "RETRY-AFTER", "X-RateLimit-Reset", "x-ratelimit-reset-tokens"]
        {
            let failure = with(&json!({"header": {"Content-Type": ["text/html"], name: values}})).unwrap();
            assert_eq!(
                failure.retry_hint.map(|hint| hint.delay(NOW)),
                Some(Duration::from_secs(30)),
                "{name} {values}"
            );
        }
    }
    let several = json!({"Retry-After": "10", "X-RateLimit-Reset-Requests": ["6m5s"], "X-RateLimit-Reset": "1792567700"});
    let failure = with(&json!({"header": several})).unwrap();
    assert_eq!(failure.retry_hint.map(|hint| hint.delay(NOW)), Some(Duration::from_secs(365)));

    for header in
        [json!(null), json!([]), json!("x"), json!({"Retry-After": null}), json!({"Retry-After": {"a": "9"}})]
    {
        assert_eq!(with(&json!({"header": header})).unwrap().retry_hint, None, "{header}");
    }
}

#[test]
fn step_names_come_trimmed_and_bounded() {
    let step = |value: Value| with(&json!({"header": {"upstash-error-step-name": value}})).unwrap().step_name;
    assert_eq!(step(json!([" charge "])).as_deref(), Some("charge"));
    assert_eq!(step(json!("charge")).as_deref(), Some("charge"));
    assert_eq!(step(json!([" "])), None);
    assert_eq!(step(json!(["é".repeat(200)])), Some("é".repeat(128)));
}

#[test]
fn labels_are_collected_from_all_sources() {
    let body = callback(&json!({
        "sourceHeader": {"upstash-label": ["b, c", "d"]},
        "header": {"Upstash-Label": "e,a"},
    }));
    let failure = read(headers(&[("Upstash-Label", "a,,a , b")]), body.to_string().as_bytes()).unwrap();
    assert_eq!(failure.labels, ["a", "b", "c", "d", "e"]);

    let many: Vec<_> = (0..1000).map(|n| n.to_string()).collect();
    assert_eq!(with(&json!({"sourceHeader": {"Upstash-Label": many.join(",")}})).unwrap().labels, many[..32]);
    assert!(with(&json!({"sourceHeader": {"Upstash-Label": "x".repeat(257)}})).unwrap().labels.is_empty());
}

#[test]
fn header_maps_count_as_far_as_they_are_kept() {
    let long = "v".repeat(70_000);
    let body = |header: &str| {
        let text =
            format!(r#"{{"status":500,"url":"https://a.example/","workflowRunId":"w","header":{header}}}"#);
        read(CallbackHeaders::default(), text.as_bytes()).unwrap().retry_hint.is_some()
    };
    assert!(body(&format!(r#"{{"Retry-After":["30"],"X-Long":["{long}"]}}"#)));
    assert!(!body(&format!(r#"{{"X-Long":["{long}"],"Retry-After":["30"]}}"#)));
}

#[test]
fn a_response_that_was_cut_still_names_its_error() {
    let error = json!({"error": "HugeError", "message": "at fault", "stack": "s".repeat(40_000)}).to_string();
    for kept in [error.len(), 20_000, 12_000, 60] {
        let mut base64 = BASE64_STANDARD.encode(&error[..kept]);
        base64.truncate(base64.len() - base64.len() % 3);
        let found = with(&json!({"body": base64})).unwrap().error.unwrap();
        assert_eq!(found.name.unwrap().as_str(), "HugeError");
        assert_eq!((found.message.as_str(), found.message.is_cut()), ("at fault", false));
    }
}

#[test]
fn bodies_that_are_no_callback_are_told_apart() {
    let refused =
        |body: &str| read(headers(&[("Upstash-Workflow-RunId", "wfr_1")]), body.as_bytes()).unwrap_err();
    assert_eq!(refused(""), CallbackError::Incomplete);
    assert_eq!(refused(r#"{"status":500"#), CallbackError::Incomplete);
    assert_eq!(refused("[1]"), CallbackError::NotAnObject);
    assert_eq!(refused("<html>"), CallbackError::Syntax { at: 0 });
    assert_eq!(refused(r#"{"status":500}}"#), CallbackError::Syntax { at: 14 });
    assert_eq!(refused(r#"{"status":0500}"#), CallbackError::Syntax { at: 11 });
    assert_eq!(refused(r#"{"status":500,"status":200}"#), CallbackError::Duplicate { field: "status" });
    assert_eq!(refused(r#"{"dlqId":"a","dlq\u0049d":"b"}"#), CallbackError::Duplicate { field: "dlqId" });
    assert_eq!(refused(&format!("{{\"x\":{}", "[".repeat(100_000))), CallbackError::TooDeep);
    assert!(with(&json!({"x": 1})).is_ok());

    let codes = ["", "[1]", "<", r#"{"status":1,"status":1}"#].map(|body| refused(body).code());
    assert_eq!(codes, ["incomplete_body", "not_an_object", "invalid_json", "duplicate_field"]);
}

#[test]
fn unwanted_fields_may_repeat_and_nest() {
    let body = r#"{"x":1,"x":{"status":[{"status":1}]},"status":502,"sourceBody":"{\"status\":1}","url":"u","workflowRunId":"w"}"#;
    assert_eq!(read(CallbackHeaders::default(), body.as_bytes()).unwrap().status, 502);
}

#[test]
fn memory_does_not_grow_with_the_body() {
    let head = r#"{"workflowRunId":"wfr_1","url":"https://app.example/flow","body":""#;
    let megabytes = |mut len: usize, reader: &mut FailureReader, peak: &mut usize| {
        let chunk = vec![b'Q'; 64 * 1024];
        while len > 0 {
            reader.push(&chunk[..len.min(chunk.len())]);
            len -= len.min(chunk.len());
            *peak = reader.captured_bytes().max(*peak);
        }
    };
    let mut reader = FailureReader::new(CallbackHeaders::default());
    let mut peak = 0;
    for (field, len) in [
        ("", 4),
        ("\",\"sourceBody\":\"", 12),
        ("\",\"header\":{\"X\":\"", 2),
        ("\"},\"sourceHeader\":{\"X\":\"", 2),
    ] {
        reader.push(if field.is_empty() { head } else { field }.as_bytes());
        megabytes(len << 20, &mut reader, &mut peak);
    }
    reader.push(br#""},"createdAt":"1","status":504}"#);
    assert!((100_000..200_000).contains(&peak), "{peak}");
    let failure = reader.finish(NOW).unwrap();
    assert_eq!((failure.status, failure.created_at), (504, Some(Timestamp::from_millis(1))));
}

#[test]
fn an_unusable_body_may_be_fed_to_its_end() {
    let mut reader = FailureReader::new(CallbackHeaders::default());
    reader.push(b"{\"status\":500,}");
    let held = reader.captured_bytes();
    for _ in 0..100 {
        reader.push(br#"{"workflowRunId":"wfr_1","url":"u"}"#);
    }
    assert_eq!(reader.captured_bytes(), held);
    assert_eq!(reader.finish(NOW), Err(CallbackError::Syntax { at: 14 }));
}

#[test]
fn debug_output_of_a_reader_shows_no_content() {
    let mut reader = FailureReader::new(headers(&[("Upstash-Label", "private")]));
    reader.push(br#"{"sourceHeader":{"Authorization":"secret"}"#);
    let debug = format!("{reader:?}");
    assert!(!debug.contains("secret") && !debug.contains("private"), "{debug}");
}

/// Callbacks whose fields hold anything from sound to absurd.
fn any_callback() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        any::<u64>().prop_map(|n| n.to_string()),
        "[ -~é😀]{0,60}".prop_map(|text| Value::from(text).to_string()),
        prop::collection::vec(any::<u8>(), 0..90)
            .prop_map(|bytes| format!("\"{}\"", BASE64_STANDARD.encode(bytes))),
        Just(r#"{"Retry-After":["7"],"upstash-label":"a,b","X":[1,{"y":null}]}"#.to_owned()),
        Just(format!("\"{}\"", BASE64_STANDARD.encode(r#"{"error":"E","message":"m \u00e9"}"#))),
        Just("\"\\ud83d\\ude00\\ud800\"".to_owned()),
        Just("[true,false,null,-1.5e-3]".to_owned()),
    ];
    let name = prop::sample::select(vec![
        "status",
        "header",
        "body",
        "retried",
        "maxRetries",
        "dlqId",
        "sourceMessageId",
        "sourceHeader",
        "sourceBody",
        "createdAt",
        "workflowCreatedAt",
        "callerIP",
        "st\\u0061tus",
    ]);
    prop::collection::vec((name, value), 0..8).prop_map(|fields| {
        let mut body = r#"{"workflowRunId":"wfr_1","url":"https://app.example/flow""#.to_owned();
        for (name, value) in fields {
            let _ = write!(body, ",\r\n\"{name}\" : {value}");
        }
        body + "}"
    })
}

proptest! {
    #[test]
    fn chunks_do_not_matter(
        body in any_callback(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
        end in any::<prop::sample::Index>(),
        keep_all in any::<bool>(),
    ) {
        let body = body.as_bytes();
        let body = if keep_all { body } else { &body[..end.index(body.len())] };
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
        cuts.extend([0, body.len()]);
        cuts.sort_unstable();

        let mut reader = FailureReader::new(CallbackHeaders::default());
        for pair in cuts.windows(2) {
            reader.push(&body[pair[0]..pair[1]]);
        }
        let mut bytewise = FailureReader::new(CallbackHeaders::default());
        body.chunks(1).for_each(|byte| bytewise.push(byte));

        let whole = read(CallbackHeaders::default(), body);
        prop_assert_eq!(&reader.finish(NOW), &whole);
        prop_assert_eq!(&bytewise.finish(NOW), &whole);
    }
}
