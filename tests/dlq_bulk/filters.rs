//! Which criteria become which parameters, and which entries meet them.

use crate::*;

#[test]
fn every_criterion_has_its_parameter_and_lists_repeat_it() {
    let filter = Filter::builder()
        .workflow_url(url("https://a.example/x?y=1"))
        .workflow_url(url("https://b.example/"))
        .run_id(RunId::new("wfr_0").unwrap())
        .run_id(RunId::new("wfr_1").unwrap())
        .label(label("l1"))
        .label(label("l2"))
        .callback_state(CallbackState::Failed)
        .callback_state(CallbackState::Canceled)
        .caller_ip("203.0.113.7")
        .caller_ip("2001:db8::1")
        .flow_control_key(FlowControlKey::new("k").unwrap())
        .workflow_created_at(Timestamp::from_millis(5))
        .from(Timestamp::from_millis(6))
        .to(Timestamp::from_millis(7))
        .build()
        .unwrap();
    assert_eq!(
        line(&List::matching(filter.clone())),
        "GET /v2/workflows/dlq?callerIp=203.0.113.7&callerIp=2001%3Adb8%3A%3A1&\
         failureFunctionState=CALLBACK_FAIL&failureFunctionState=CALLBACK_CANCELED&flowControlKey=k&fromDate=6&\
         label=l1&label=l2&toDate=7&workflowCreatedAt=5&workflowRunId=wfr_1&\
         workflowUrl=https%3A%2F%2Fa.example%2Fx%3Fy%3D1&workflowUrl=https%3A%2F%2Fb.example%2F&count=100"
    );
    let listed = line(&List::matching(filter.clone()));
    let (_, criteria) = listed.split_once('?').unwrap();
    let criteria = criteria.replace("count=100", "count=50");
    let resume = ResumeMany::new(filter.clone(), Overrides::default());
    assert_eq!(line(&resume), format!("POST /v2/workflows/dlq/resume?{criteria}"));
    let restart = RestartMany::new(filter.clone(), Overrides::default());
    assert_eq!(line(&restart), format!("POST /v2/workflows/dlq/restart?{criteria}"));
    assert_eq!(line(&DeleteMany::new(filter)), format!("DELETE /v2/workflows/dlq?{criteria}"));
}

#[test]
fn what_the_service_could_read_as_more_than_was_meant_is_refused() {
    let from_7_to_6 = Filter::builder().from(Timestamp::from_millis(7)).to(Timestamp::from_millis(6));
    for (builder, error) in [
        (Filter::builder(), InvalidFilterError::Empty),
        (Filter::builder().workflow_url(url("https://a.example/x,y")), InvalidFilterError::Comma),
        (Filter::builder().run_id(RunId::new("a,b").unwrap()), InvalidFilterError::Comma),
        (Filter::builder().callback_state(CallbackState::Unknown), InvalidFilterError::CallbackState),
        (Filter::builder().caller_ip(""), InvalidFilterError::CallerIp),
        (Filter::builder().caller_ip("1.2.3.4,5.6.7.8"), InvalidFilterError::CallerIp),
        (from_7_to_6, InvalidFilterError::Dates),
    ] {
        assert_eq!(builder.build(), Err(error));
        assert!(error.to_string().contains("accepted"), "{error}");
    }
}

/// Whether an entry of this JSON meets the criteria.
fn matches(filter: &Filter, entry: &str) -> bool {
    let page = List::all().parse(answer(200, &format!(r#"{{"messages":[{entry}]}}"#))).unwrap();
    filter.matches(&page.entries[0])
}

#[test]
fn an_entry_that_a_prefix_brought_along_does_not_match() {
    let filter = Filter::builder().run_id(RunId::new("wfr_1").unwrap()).build().unwrap();
    assert!(matches(&filter, r#"{"dlqId":"1-0","workflowRunId":"wfr_1"}"#));
    assert!(!matches(&filter, r#"{"dlqId":"1-1","workflowRunId":"wfr_10"}"#));
    assert!(!matches(&filter, r#"{"dlqId":"1-2"}"#));
}

#[test]
fn values_are_alternatives_and_criteria_are_not() {
    let filter = Filter::builder()
        .workflow_url(url("https://a.example/"))
        .workflow_url(url("https://b.example/"))
        .callback_state(CallbackState::Failed)
        .build()
        .unwrap();
    for (workflow, state, expected) in [
        ("https://a.example/", "CALLBACK_FAIL", true),
        ("https://b.example/", "CALLBACK_FAIL", true),
        ("https://c.example/", "CALLBACK_FAIL", false),
        ("https://a.example/", "CALLBACK_SUCCESS", false),
    ] {
        for field in [
            format!(r#""failureFunctionState":"{state}""#),
            format!(r#""failureCallbackState":"{state}""#),
            format!(r#""failureCallbackInfo":{{"state":"{state}"}}"#),
        ] {
            let entry = format!(r#"{{"dlqId":"1-0","workflowUrl":"{workflow}",{field}}}"#);
            assert_eq!(matches(&filter, &entry), expected, "{entry}");
        }
    }
}

#[test]
fn labels_and_times_are_compared_in_every_spelling() {
    let labelled = Filter::builder().label(label("b")).build().unwrap();
    assert!(matches(&labelled, r#"{"dlqId":"1-0","labels":["a","b"]}"#));
    assert!(!matches(&labelled, r#"{"dlqId":"1-0","labels":["a","c"]}"#));
    // The only label of an answer may be the first of several.
    assert!(matches(&labelled, r#"{"dlqId":"1-0","label":"a"}"#));
    let timed =
        Filter::builder().workflow_created_at(Timestamp::from_millis(1_748_527_971_000)).build().unwrap();
    for time in ["1748527971000", "\"1748527971000\"", "\"2025-05-29T14:12:51.000Z\""] {
        assert!(matches(&timed, &format!(r#"{{"dlqId":"1-0","workflowCreatedAt":{time}}}"#)), "{time}");
    }
    assert!(!matches(&timed, r#"{"dlqId":"1-0","workflowCreatedAt":1748527971001}"#));
}
