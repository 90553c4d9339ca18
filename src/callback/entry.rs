//! The same failure, as its entry in the dead letter queue tells of it.
//!
//! An entry has other names than a callback (source: samples of `DlqMessage` in the Upstash documentation, and the types
//! of `@upstash/workflow`), and its response is plain text where it is text.

use super::{
    CallbackHeaders, Failure,
    fields::{HEADERS_LIMIT, RESPONSE_LIMIT, SCALAR_LIMIT, URL_LIMIT, small},
    reader::{RESPONSE_HEADERS, SOURCE_HEADERS, add_labels, read_headers},
    response::{failure_error, failure_error_in_text},
};
use crate::{
    dlq::Entry,
    ids::RunId,
    json::{Field, Fields, Over, scalar},
    time::{Timestamp, decimal},
};

const FIELDS: &[Field] = &[
    Field { name: "header", limit: HEADERS_LIMIT, over: Over::Cut },
    Field { name: "maxRetries", limit: SCALAR_LIMIT, over: Over::Drop },
    Field { name: "responseBody", limit: RESPONSE_LIMIT, over: Over::Cut },
    Field { name: "responseBodyBase64", limit: RESPONSE_LIMIT, over: Over::Cut },
    Field { name: "responseHeader", limit: HEADERS_LIMIT, over: Over::Cut },
    Field { name: "responseStatus", limit: SCALAR_LIMIT, over: Over::Drop },
    Field { name: "url", limit: URL_LIMIT * 2, over: Over::Drop },
];

impl Failure {
    /// The failure of `run_id` that an entry tells of, `json` being what it was read from. `at` is when the run failed:
    /// what its endpoint asked for counts from then.
    ///
    /// `None` where the entry does not say which workflow it was, or what is no status: a status that is left out is 0,
    /// as in callbacks.
    pub(crate) fn of_entry(entry: &Entry, run_id: &RunId, json: &[u8], at: Timestamp) -> Option<Self> {
        let mut fields = Fields::of(json, FIELDS).ok()?;
        let status = match fields.raw("responseStatus") {
            None => 0,
            Some(raw) => status(&scalar(&raw)?)?,
        };
        let url = entry.workflow_url.clone().or_else(|| fields.word("url"))?;
        let mut headers = CallbackHeaders::default();
        headers.add(&fields.take("header"), SOURCE_HEADERS);
        headers.add(&fields.take("responseHeader"), RESPONSE_HEADERS);
        let mut failure = Self::new(run_id.clone(), url, status);
        failure.dlq_id = Some(entry.dlq_id.clone());
        let text = failure_error_in_text(&fields.take("responseBody"));
        failure.error = text.or_else(|| failure_error(&fields.take("responseBodyBase64")));
        for label in &entry.labels {
            add_labels(&mut failure.labels, label);
        }
        read_headers(&mut failure, &headers, at);
        failure.max_retries = fields.text("maxRetries").as_deref().and_then(small);
        failure.created_at = entry.created_at;
        failure.workflow_created_at = entry.workflow_created_at;
        Some(failure)
    }
}

fn status(text: &str) -> Option<u16> {
    let status = decimal(text)?;
    u16::try_from(status).ok().filter(|status| matches!(status, 0 | 100..=999))
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::dlq::each_entry;

    const AT: Timestamp = Timestamp::from_secs(1_792_567_680);

    fn read(more: &str) -> Option<Failure> {
        let page = format!(r#"{{"messages":[{{"dlqId":"1-2","workflowRunId":"wfr_a"{more}}}]}}"#);
        let mut read = None;
        each_entry(page.as_bytes(), &mut |entry, json| {
            let entry = entry.unwrap();
            read = Failure::of_entry(&entry, entry.run_id.as_ref().unwrap(), json, AT);
        })
        .unwrap();
        read
    }

    #[test]
    fn an_entry_tells_what_the_callback_would_have_told() {
        let failure = read(
            r#","workflowUrl":"https://a.example/flow","url":"https://other.example/","responseStatus":503,
            "responseBody":"{\"error\":\"TypeError\",\"message\":\"no \\\"é\\\"\",\"stack\":\"s\"}",
            "responseHeader":{"upstash-error-step-name":["charge"],"Retry-After":["120"]},
            "header":{"Upstash-Label":["a,c"]},"labels":["a","b"],"maxRetries":"5",
            "createdAt":"1792567600000","workflowCreatedAt":1792567500000,"body":"secret""#,
        )
        .unwrap();
        let mut callback = crate::callback::FailureReader::new(CallbackHeaders::default());
        callback.push(
            br#"{"dlqId":"1-2","workflowRunId":"wfr_a","url":"https://a.example/flow","status":503,
            "body":"eyJlcnJvciI6IlR5cGVFcnJvciIsIm1lc3NhZ2UiOiJubyBcIsOpXCIiLCJzdGFjayI6InMifQ==",
            "header":{"Upstash-Error-Step-Name":["charge"],"Retry-After":["120"]},
            "sourceHeader":{"Upstash-Label":["a,b,c"]},"maxRetries":5,
            "createdAt":1792567600000,"workflowCreatedAt":1792567500000}"#,
        );
        let mut expected = callback.finish(AT).unwrap();
        expected.labels.sort();
        let mut failure = failure;
        failure.labels.sort();
        assert_eq!(failure, expected);
        assert_eq!(failure.retry_hint.unwrap().delay(AT.after(Duration::from_secs(50))).as_secs(), 70);
    }

    #[test]
    fn a_response_in_base64_and_one_that_was_cut_are_read() {
        let url = r#","workflowUrl":"https://a.example/flow""#;
        let base64 = read(&format!(r#"{url},"responseBodyBase64":"QmFkIGdhdGV3YXk=""#)).unwrap();
        assert_eq!(base64.error.unwrap().message.as_str(), "Bad gateway");
        assert_eq!(base64.status, 0, "left out");
        let long = "x".repeat(20_000);
        let cut =
            read(&format!(r#"{url},"responseBody":"{{\"error\":\"E\",\"message\":\"{long}\"}}""#)).unwrap();
        let error = cut.error.unwrap();
        assert!(error.message.is_cut() && error.name.unwrap().as_str() == "E");
    }

    #[test]
    fn without_a_workflow_or_with_a_status_that_is_none_there_is_no_failure() {
        assert_eq!(read(""), None);
        assert!(read(r#","url":"https://a.example/flow""#).is_some());
        for status in ["\"abc\"", "-1", "42", "1000", "true", "[503]"] {
            assert_eq!(
                read(&format!(r#","workflowUrl":"https://a.example/","responseStatus":{status}"#)),
                None
            );
        }
        assert_eq!(
            read(r#","workflowUrl":"https://a.example/","responseStatus":"503""#).unwrap().status,
            503
        );
    }
}
