//! Filters out of tables.

use super::*;
use crate::json::TableError;

fn read(json: &str) -> Result<Filter, String> {
    let mut builder = Filter::builder();
    Table::read("the filter", json, &mut |table| builder.read_table(table))
        .map_err(|TableError(message)| message)?;
    builder.build().map_err(|error| said(&error))
}

#[test]
fn a_table_sets_every_criterion() {
    let filter = read(
        r#"{"workflowUrl": ["https://a.example/", "https://b.example/"], "workflowRunId": "wfr_1", "label": "a",
            "workflowCreatedAt": 5, "failureFunctionState": "CALLBACK_FAIL", "callerIp": "127.0.0.1",
            "flowControlKey": ["k"], "fromDate": "1970-01-01T00:00:01Z", "toDate": 2000}"#,
    )
    .unwrap();
    let url = |url| HttpUrl::parse(url).unwrap();
    let same = Filter::builder()
        .callback_state(CallbackState::Failed)
        .caller_ip("127.0.0.1")
        .workflow_created_at(Timestamp::from_millis(5))
        .flow_control_key(FlowControlKey::new("k").unwrap())
        .from(Timestamp::from_millis(1000))
        .label(Label::new("a").unwrap())
        .run_id(RunId::new("wfr_1").unwrap())
        .to(Timestamp::from_millis(2000))
        .workflow_url(url("https://a.example/"))
        .workflow_url(url("https://b.example/"))
        .build();
    assert_eq!(Ok(filter), same);
}

#[test]
fn a_filter_has_up_to_1000_values() {
    let labels = |count: usize| {
        let list: Vec<String> = (0..count).map(|n| format!("\"l{n}\"")).collect();
        read(&format!(r#"{{"label": [{}]}}"#, list.join(",")))
    };
    assert!(labels(1000).is_ok());
    assert!(labels(1001).unwrap_err().contains("more than 1000 values"));
    let mut builder = Filter::builder();
    for n in 0..1001 {
        builder = builder.label(Label::new(format!("l{n}")).unwrap());
    }
    assert_eq!(builder.build(), Err(InvalidFilterError::TooMany));
}

#[test]
fn a_table_that_is_wrong_is_refused_by_the_name_of_the_criterion() {
    for (json, expected) in [
        (r#"{"labels": "a"}"#, "labels is unknown; accepted are failureFunctionState, callerIp"),
        (r#"{"label": "a b"}"#, "label: bad label; accepted are 1 to 256"),
        (r#"{"label": 1}"#, "label must be a text or a list of texts: not this number"),
        (r#"{"label": []}"#, "label must be a text or a list of texts: an empty list"),
        (r#"{"workflowUrl": "/x"}"#, "workflowUrl: "),
        (r#"{"workflowRunId": ["wfr_1", "wfr_2"]}"#, "workflowRunId must be one value, not a list"),
        (r#"{"fromDate": "soon"}"#, "fromDate: accepted are epoch milliseconds, and times such as"),
        (r#"{"fromDate": 2, "toDate": 1}"#, "begins after its end"),
        (r#"{"failureFunctionState": "LOST"}"#, "failureFunctionState: accepted are CALLBACK_INPROGRESS"),
        (r#"{"callerIp": "here"}"#, "bad caller IP"),
        ("{}", "an empty DLQ filter"),
    ] {
        let message = read(json).unwrap_err();
        assert!(message.contains(expected), "{json}: {message}");
    }
}
