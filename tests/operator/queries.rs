//! Which entries a query means.

use super::*;

#[test]
fn every_criterion_is_passed_on_and_lists_may_be_repeated_or_separated_by_commas() {
    let query = "workflowUrl=https%3A%2F%2Fa.example%2Fx&workflowUrl=https://b.example&workflowRunId=wfr_1\
                 &label=a,b&label=c&failureFunctionState=CALLBACK_FAIL&callerIp=192.0.2.1&flowControlKey=k\
                 &workflowCreatedAt=5&fromDate=0&toDate=2026-05-29T14:12:51.000Z&count=7&cursor=a%2Fb%2B";
    let expected = "workflowUrl=https%3A%2F%2Fa.example%2Fx&workflowUrl=https%3A%2F%2Fb.example&workflowRunId=wfr_1\
                    &label=a&label=b&label=c&failureFunctionState=CALLBACK_FAIL&callerIp=192.0.2.1&flowControlKey=k\
                    &workflowCreatedAt=5&fromDate=0&toDate=1780063971000&count=7&cursor=a%2Fb%2B";
    for (method, path) in [
        ("GET", "/v2/workflows/dlq"),
        ("DELETE", "/v2/workflows/dlq"),
        ("POST", "/v2/workflows/dlq/resume"),
        ("POST", "/v2/workflows/dlq/restart"),
    ] {
        assert_eq!(sent(method, &format!("{path}?{query}")), format!("{method} {path}?{expected}"));
    }
}

#[test]
fn a_list_passes_on_what_older_clients_filter_by() {
    assert_eq!(
        sent("GET", "/v2/dlq?cursor=&count=100&url=https%3A%2F%2Fa&responseStatus=500&source=workflow"),
        "GET /v2/dlq?source=workflow&url=https%3A%2F%2Fa&responseStatus=500&count=100"
    );
    assert_eq!(
        sent("GET", "/v2/workflows/dlq?dlqIds=1-0,2-0"),
        "GET /v2/workflows/dlq?dlqIds=1-0&dlqIds=2-0"
    );
}

#[test]
fn unknown_keys_are_refused_with_their_name_and_what_is_accepted() {
    for (method, path, key, part) in [
        ("GET", "/v2/dlq?qstash_token=x", "`qstash_token`", "accepted: dlqIds count"),
        ("GET", "/v2/workflows/dlq?all=true", "`all`", "accepted: dlqIds count"),
        ("GET", "/v2/workflows/dlq?state=RUN_FAILED", "`state`", "failureFunctionState"),
        ("POST", "/v2/workflows/dlq/resume?label=a&Label=b", "`Label`", "accepted: dlqIds all count"),
        ("POST", "/v2/workflows/dlq/resume?url=https://a", "`url`", "workflowUrl"),
        ("DELETE", "/v2/workflows/dlq?source=workflow&all=true", "`source`", "accepted: dlqIds all"),
        ("DELETE", "/v2/workflows/dlq?all=true&dlqId%73%20=1", "`dlqIds `", "accepted: dlqIds all"),
        ("DELETE", "/v2/workflows/dlq/1-0?all=true", "`all`", "none here"),
        ("POST", "/v2/workflows/dlq/resume/1-0?dlqIds=2-0", "`dlqIds`", "none here"),
        ("GET", "/v2/workflows/logs?dlqIds=1", "`dlqIds`", "workflowRuns"),
    ] {
        let error = refused(400, method, path, &[]);
        assert!(error.contains(key) && error.contains(part), "{path}: {error}");
    }
    let long = refused(400, "GET", &format!("/v2/dlq?{}=1", "é".repeat(500)), &[]);
    assert!(long.contains(&format!("`{}`", "é".repeat(64))), "{long}");
}

#[test]
fn bad_values_are_refused_with_their_key_and_what_is_accepted() {
    for (query, part) in [
        ("count=0", "1 to 2000"),
        ("count=2001", "1 to 2000"),
        ("count=", "1 to 2000"),
        ("count=-1", "1 to 2000"),
        ("count=1e2", "1 to 2000"),
        ("count=99999999999999999999", "1 to 2000"),
        ("count=1&count=2", "given twice"),
        ("cursor=1&cursor=2", "given twice"),
        ("fromDate=yesterday", "epoch milliseconds"),
        ("fromDate=", "epoch milliseconds"),
        ("toDate=-1", "epoch milliseconds"),
        ("toDate=1.5", "epoch milliseconds"),
        ("fromDate=2&toDate=1", "up to `toDate`"),
        ("workflowCreatedAt=x", "epoch milliseconds"),
        ("workflowUrl=/order", "https://"),
        ("workflowUrl=https://a.example,", "https://"),
        ("workflowRunId=", "is empty"),
        ("workflowRunId=a%20b", "whitespace"),
        ("workflowRunId=a,b", "comma"),
        ("workflowRunId=a&workflowRunId=b", "given twice"),
        ("label=", "1 to 256 letters"),
        ("label=a%20b", "1 to 256 letters"),
        ("label=a,,b", "1 to 256 letters"),
        ("failureFunctionState=FAILED", "CALLBACK_INPROGRESS, CALLBACK_SUCCESS, CALLBACK_FAIL"),
        ("callerIp=localhost", "IPv4 or IPv6"),
        ("flowControlKey=a/b", "letters"),
        ("dlqIds=", "is empty"),
        ("dlqIds=1-0,", "is empty"),
        ("dlqIds=..", "relative path"),
        ("all=1", "accepted: true"),
        ("all=", "accepted: true"),
        ("label=%ff", "UTF-8"),
        ("label=%2", "UTF-8"),
    ] {
        let key = query.split('=').next().unwrap();
        for (method, path) in [("POST", BULK), ("DELETE", "/v2/workflows/dlq")] {
            let error = refused(400, method, &format!("{path}?{query}"), &[]);
            assert!(error.contains(part), "{query}: {error}");
            assert!(error.starts_with(&format!("`{key}`: ")), "{query}: {error}");
        }
    }
    for (query, part) in [("count=101", "1 to 100"), ("source=qstash", "accepted: workflow")] {
        assert!(refused(400, "GET", &format!("/v2/dlq?{query}"), &[]).contains(part));
    }
}

#[test]
fn nothing_is_done_to_entries_that_nobody_named() {
    for (method, path) in
        [("POST", BULK), ("POST", "/v2/workflows/dlq/restart"), ("DELETE", "/v2/workflows/dlq")]
    {
        for query in ["", "?", "?&", "?cursor=1-0", "?cursor="] {
            let error = refused(400, method, &format!("{path}{query}"), &[]);
            assert!(error.contains("`all=true`"), "{query}: {error}");
        }
        assert_eq!(sent(method, &format!("{path}?all=true")), format!("{method} {path}?count=50"));
        // `{ all: true }` of the official SDK.
        assert_eq!(sent(method, &format!("{path}?count=100")), format!("{method} {path}?count=50"));
    }
}

#[test]
fn entries_are_named_in_one_way() {
    for query in [
        "dlqIds=1-0&label=a",
        "dlqIds=1-0&all=true",
        "label=a&all=true",
        "dlqIds=1-0&count=1",
        "dlqIds=1-0&cursor=1",
    ] {
        assert!(refused(400, "POST", &format!("{BULK}?{query}"), &[]).contains("in two ways"), "{query}");
    }
}
