//! What the calls send and what their answers mean.

use crate::*;

#[test]
fn created_runs_and_the_cursor_are_read_in_every_spelling() {
    for (body, runs, cursor) in [
        (
            r#"{"workflowRuns":[{"workflowRunId":"a","workflowCreatedAt":1},{"workflowRunId":"b"}],"cursor":"1-0"}"#,
            2,
            Some("1-0"),
        ),
        (
            r#"{"cursor":"","workflowRuns":[{"workflowRunId":"a","workflowCreatedAt":"2025-05-29T14:12:51Z"}]}"#,
            1,
            None,
        ),
        (r#"{"workflowRuns":[]}"#, 0, None),
        (r#"{"workflowRuns":null,"cursor":null}"#, 0, None),
    ] {
        let page = resume_all().parse(answer(200, body)).unwrap();
        assert_eq!((page.runs.len(), page.cursor.as_deref()), (runs, cursor), "{body}");
    }
    for body in
        ["", "[]", "{}", r#"{"workflowRuns":{}}"#, r#"{"workflowRuns":[{}]}"#, r#"{"workflowRuns":[7]}"#]
    {
        let error = resume_all().parse(answer(200, body)).unwrap_err();
        assert!(error.kind() == ApiErrorKind::Malformed && error.may_have_been_processed(), "{body}");
    }
}

#[test]
fn deletions_are_counted_as_number_or_text() {
    let delete = DeleteMany::new(Selection::All);
    for (body, deleted, cursor) in [
        (r#"{"deleted":50,"cursor":"1-0"}"#, 50, Some("1-0")),
        (r#"{"deleted":"3","cursor":""}"#, 3, None),
        (r#"{"deleted":0}"#, 0, None),
    ] {
        let page = delete.parse(answer(200, body)).unwrap();
        assert_eq!((page.deleted, page.cursor.as_deref()), (deleted, cursor), "{body}");
    }
    for body in ["", "{}", r#"{"deleted":-1}"#, r#"{"deleted":true}"#] {
        assert!(
            matches!(delete.parse(answer(200, body)), Err(error) if error.kind() == ApiErrorKind::Malformed),
            "{body}"
        );
    }
}

#[test]
fn both_list_addresses_state_their_count() {
    let list = List::all().with_count(7).from_cursor("9-9");
    assert_eq!(line(&list), "GET /v2/workflows/dlq?count=7&cursor=9-9");
    assert_eq!(line(&list.at(ListPath::Sdk)), "GET /v2/dlq?source=workflow&count=7&cursor=9-9");
    assert_eq!(line(&List::all().with_count(1000)), "GET /v2/workflows/dlq?count=100");
    assert_eq!(line(&List::all().with_count(0)), "GET /v2/workflows/dlq?count=1");
}

#[test]
fn a_page_of_a_selection_has_the_count_and_the_cursor_that_were_asked_for() {
    let all = DeleteMany::new(Selection::All);
    assert_eq!(line(&all.clone().page(100, None)), "DELETE /v2/workflows/dlq?count=100");
    assert_eq!(line(&all.page(0, Some("9-9".to_owned()))), "DELETE /v2/workflows/dlq?count=1&cursor=9-9");
    let resume = resume_all().page(7, None);
    assert_eq!(line(&resume), "POST /v2/workflows/dlq/resume?count=7");
    assert!(!resume.request().is_safe_to_repeat());
}

#[test]
fn the_list_takes_the_criteria_of_older_sdks() {
    let url = HttpUrl::parse("https://shop.example/a?b").unwrap();
    let list = List::all().with_url(&url).with_response_status(503);
    assert_eq!(
        line(&list),
        "GET /v2/workflows/dlq?responseStatus=503&url=https%3A%2F%2Fshop.example%2Fa%3Fb&count=100"
    );
}

#[test]
fn a_cancelled_callback_answers_302_and_that_is_a_success() {
    let cancel = CancelCallback::new(id(0));
    assert_eq!(line(&cancel), "DELETE /v2/workflows/dlq/callback/1-0");
    for status in [200, 202, 204, 302] {
        assert_eq!(cancel.parse(answer(status, "")), Ok(()), "{status}");
    }
    for status in [301, 303, 307, 400, 404, 500] {
        assert!(cancel.parse(answer(status, "")).is_err(), "{status}");
    }
    // For every other call a redirect is no success.
    assert!(resume_all().parse(answer(302, "")).is_err());
}

#[test]
fn a_retried_callback_names_its_run() {
    let retry = RetryCallback::new(id(0));
    assert_eq!(line(&retry), "POST /v2/workflows/dlq/callback/1-0");
    let run = retry.parse(answer(200, r#"{"workflowRunId":"wfr_1","workflowCreatedAt":"1"}"#)).unwrap();
    assert_eq!(run.run_id.as_str(), "wfr_1");
    assert!(matches!(retry.parse(answer(400, "{}")), Err(error) if error.kind() == ApiErrorKind::BadRequest));
}

#[test]
fn run_states_are_asked_for_by_id_and_time_and_strangers_are_dropped() {
    let run = |id: &str, at| RunRef::new(RunId::new(id).unwrap(), at);
    let call = RunStates::new([run("wfr_1", Some(Timestamp::from_millis(5))), run("wfr_2", None)]).unwrap();
    assert_eq!(line(&call), "GET /v2/workflows/logs?workflowRuns=wfr_1%405%2Cwfr_2&count=10");
    let body = r#"{"cursor":"","runs":[
        {"workflowRunId":"wfr_2","workflowState":"RUN_FAILED","dlqId":"1-0","workflowRunCreatedAt":"7","steps":[{}]},
        {"workflowRunId":"wfr_3","workflowState":"RUN_SUCCESS"},
        {"workflowRunId":"wfr_1","workflowState":"RUN_PAUSED","workflowRunCreatedAt":5,"workflowRunCompletedAt":6}]}"#;
    let runs = call.parse(answer(200, body)).unwrap();
    let seen: Vec<_> = runs.iter().map(|run| (run.run_id.as_str(), run.state, run.dlq_id.clone())).collect();
    assert_eq!(seen, [("wfr_2", RunState::Failed, Some(id(0))), ("wfr_1", RunState::Unknown, None)]);
    assert_eq!(runs[0].created_at, Some(Timestamp::from_millis(7)));
    assert_eq!(runs[1].completed_at, Some(Timestamp::from_millis(6)));
    for (wire, state) in [
        ("RUN_STARTED", RunState::Started),
        ("RUN_SUCCESS", RunState::Success),
        ("RUN_CANCELED", RunState::Canceled),
    ] {
        let body = format!(r#"{{"runs":[{{"workflowRunId":"wfr_1","workflowState":"{wire}"}}]}}"#);
        assert_eq!(call.parse(answer(200, &body)).unwrap()[0].state, state);
    }
    assert_eq!(call.parse(answer(200, r#"{"runs":null}"#)), Ok(Vec::new()));
    assert!(
        matches!(call.parse(answer(200, r#"{"runs":[{}]}"#)), Err(error) if error.kind() == ApiErrorKind::Malformed)
    );
}

#[test]
fn one_to_ten_runs_are_asked_for() {
    let runs = |count: usize| {
        RunStates::new((0..count).map(|n| RunRef::new(RunId::new(format!("w{n}")).unwrap(), None)))
    };
    assert_eq!(runs(0), Err(InvalidRunsError));
    assert!(runs(10).is_ok());
    assert_eq!(runs(11), Err(InvalidRunsError));
    assert_eq!(RunStates::new([RunRef::new(RunId::new("a,b").unwrap(), None)]), Err(InvalidRunsError));
}

#[test]
fn flow_control_keys_are_read_and_changed() {
    let key = || FlowControlKey::new("orders.v2").unwrap();
    let get = GetFlowControl::new(key());
    assert_eq!(line(&get), "GET /v2/flowControl/orders.v2");
    let state = get
        .parse(answer(200, r#"{"flowControlKey":"orders.v2","waitListSize":"4","rateMax":10,"ratePeriod":60,"isPaused":true,"isPinnedRate":false}"#))
        .unwrap();
    assert_eq!((state.waiting, state.rate_max, state.parallelism_max), (Some(4), Some(10), None));
    assert_eq!(state.rate_period, Some(Duration::from_mins(1)));
    assert_eq!((state.is_paused, state.is_pinned_rate), (true, false));
    for body in ["{}", "[]", r#"{"flowControlKey":""}"#] {
        assert!(
            matches!(get.parse(answer(200, body)), Err(error) if error.kind() == ApiErrorKind::Malformed),
            "{body}"
        );
    }
    let limits = FlowControlValue::parse("parallelism=3, rate=10, period=1m").unwrap();
    for (change, path) in [
        (FlowControlChange::Pause, "pause"),
        (FlowControlChange::Resume, "resume"),
        (FlowControlChange::Pin(limits), "pin?parallelism=3&rate=10&period=60"),
        (FlowControlChange::Pin(FlowControlValue::parse("rate=1").unwrap()), "pin?rate=1"),
        (FlowControlChange::Unpin(Unpin::All), "unpin?parallelism=true&rate=true"),
        (FlowControlChange::Unpin(Unpin::Parallelism), "unpin?parallelism=true"),
        (FlowControlChange::Unpin(Unpin::Rate), "unpin?rate=true"),
    ] {
        let call = ChangeFlowControl::new(key(), change);
        assert_eq!(line(&call), format!("POST /v2/flowControl/orders.v2/{path}"));
        assert_eq!(call.parse(answer(200, "")), Ok(()));
        assert!(call.parse(answer(404, "")).is_err());
    }
}

#[test]
fn signing_keys_are_read_and_not_shown() {
    let call = SigningKeys::new();
    assert_eq!(call.request().method, Method::Get);
    assert_eq!(line(&call), "GET /v2/keys");
    let keys = call.parse(answer(200, r#"{"current":"sig_secret1","next":"sig_secret2"}"#)).unwrap();
    assert!(!format!("{keys:?}").contains("secret"));
    for body in
        ["{}", r#"{"current":"sig_1"}"#, r#"{"current":"sig_1","next":"a b"}"#, r#"{"current":1,"next":2}"#]
    {
        assert!(
            matches!(call.parse(answer(200, body)), Err(error) if error.kind() == ApiErrorKind::Malformed),
            "{body}"
        );
    }
}
