//! The DLQ API from outside: the requests that calls become and what their answers mean, without a network.

#![expect(clippy::unwrap_used, reason = "a broken test value should fail the test")]

use std::time::Duration;

use workflow_redrive::dlq::{
    ApiError, ApiErrorKind, ApiResponse, Call, CallbackState, Created, DeleteEntry, FindByRun, GetEntry,
    Lookup, Method, Overrides, RESPONSE_HEADERS, RateLimitKind, Restart, Resume, TransportError,
    TransportFault,
};
use workflow_redrive::http_url::HttpUrl;
use workflow_redrive::ids::{DlqId, RunId};
use workflow_redrive::time::Timestamp;

const NOW: Timestamp = Timestamp::from_secs(1_748_527_971);

fn dlq_id(id: &str) -> DlqId {
    DlqId::new(id).unwrap()
}

fn run_id(id: &str) -> RunId {
    RunId::new(id).unwrap()
}

fn answer(status: u16, body: &str) -> ApiResponse {
    ApiResponse::new(status, body, |_| None)
}

fn answer_with(status: u16, headers: &[(&str, &str)]) -> ApiResponse {
    ApiResponse::new(status, "", |wanted| {
        headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned())
    })
}

fn resume() -> Resume {
    Resume::new(dlq_id("1-0"), Overrides::default())
}

fn refusal(response: ApiResponse) -> ApiError {
    resume().parse(response).unwrap_err()
}

mod requests {
    use super::*;

    #[test]
    fn each_call_has_its_method_and_path() {
        let id = dlq_id("1725323658779-0");
        let cases = [
            (
                Resume::new(id.clone(), Overrides::default()).request(),
                Method::Post,
                "/v2/workflows/dlq/resume/1725323658779-0",
            ),
            (
                Restart::new(id.clone(), Overrides::default()).request(),
                Method::Post,
                "/v2/workflows/dlq/restart/1725323658779-0",
            ),
            (GetEntry::new(id.clone()).request(), Method::Get, "/v2/workflows/dlq/1725323658779-0"),
            (DeleteEntry::new(id).request(), Method::Delete, "/v2/workflows/dlq/1725323658779-0"),
            (
                FindByRun::new(run_id("wfr_a")).request(),
                Method::Get,
                "/v2/workflows/dlq?workflowRunId=wfr_a&count=10",
            ),
        ];
        for (request, method, path) in cases {
            assert_eq!((request.method, request.path_and_query.as_str()), (method, path));
            assert!(request.headers.is_empty(), "{request:?}");
            assert_eq!(request.is_safe_to_repeat(), method != Method::Post, "{request:?}");
        }
    }

    #[test]
    fn ids_cannot_leave_their_path_segment_or_parameter() {
        for (id, encoded) in [
            ("../keys/rotate", "..%2Fkeys%2Frotate"),
            ("1-0?count=50", "1-0%3Fcount%3D50"),
            ("1-0#", "1-0%23"),
            ("%2e%2e", "%252e%252e"),
            ("@evil.example", "%40evil.example"),
            ("ü", "%C3%BC"),
        ] {
            let request = Resume::new(dlq_id(id), Overrides::default()).request();
            assert_eq!(request.path_and_query, format!("/v2/workflows/dlq/resume/{encoded}"));
            let request = FindByRun::new(run_id(id)).request();
            assert_eq!(request.path_and_query, format!("/v2/workflows/dlq?workflowRunId={encoded}&count=10"));
        }
    }

    #[test]
    fn overrides_travel_as_headers_of_resume_and_restart() {
        let overrides = Overrides::default().with_retries(2).with_delay(Duration::from_secs(90));
        let expected = vec![("Upstash-Delay", "90s".to_owned()), ("Upstash-Retries", "2".to_owned())];
        assert_eq!(Resume::new(dlq_id("1-0"), overrides.clone()).request().headers, expected);
        assert_eq!(Restart::new(dlq_id("1-0"), overrides).request().headers, expected);
    }

    #[test]
    fn debug_output_leaves_header_values_out() {
        let url = HttpUrl::parse("https://redrive.example/?lineage=opaque").unwrap();
        let request = Resume::new(dlq_id("1-0"), Overrides::default().with_failure_callback(url)).request();
        let shown = format!("{request:?}");
        assert!(shown.contains("POST /v2/workflows/dlq/resume/1-0, Upstash-Failure-Callback"), "{shown}");
        assert!(!shown.contains("opaque"), "{shown}");
    }
}

mod created {
    use super::*;

    #[test]
    fn the_new_run_is_read_from_every_known_shape() {
        let moment = Some(Timestamp::from_millis(1_748_527_971_000));
        for (body, created_at) in [
            (r#"{"workflowRunId":"wfr_new","workflowCreatedAt":1748527971000}"#, moment),
            (r#"{"workflowRunId":"wfr_new","workflowCreatedAt":"1748527971000"}"#, moment),
            (
                r#"{"workflowCreatedAt":"2025-05-29T14:12:51.000Z","workflowRunId":"wfr_new","extra":[1]}"#,
                moment,
            ),
            (
                r#"{"cursor":"","workflowRuns":[{"workflowRunId":"wfr_new","workflowCreatedAt":1748527971000}]}"#,
                moment,
            ),
            (r#"{"workflowRunId":"wfr_new"}"#, None),
            (r#"{"workflowRunId":"wfr_new","workflowCreatedAt":null}"#, None),
            (r#"{"workflowRunId":"wfr_new","workflowCreatedAt":{"odd":true}}"#, None),
        ] {
            for status in [200, 201, 202] {
                let created = Created::parse(&answer(status, body)).unwrap();
                assert_eq!((created.run_id, created.created_at), (run_id("wfr_new"), created_at), "{body}");
            }
        }
    }

    #[test]
    fn a_success_that_names_no_single_run_is_malformed_and_may_have_been_processed() {
        for body in [
            "",
            "<html>",
            "[]",
            "{}",
            "null",
            r#"{"workflowRunId":null}"#,
            r#"{"workflowRunId":""}"#,
            r#"{"workflowRunId":7}"#,
            r#"{"workflowRunId":"a b"}"#,
            r#"{"workflowRuns":[]}"#,
            r#"{"workflowRuns":[{"workflowRunId":"a"},{"workflowRunId":"b"}]}"#,
        ] {
            let error = refusal(answer(200, body));
            assert_eq!(error.kind(), ApiErrorKind::Malformed, "{body}: {error:?}");
            assert!(error.may_have_been_processed() && !error.is_transient(), "{body}");
        }
    }
}

mod entries {
    use super::*;

    const ENTRY: &str = r#"{"messageId":"msg_1","url":"https://app.example/api","body":"c2VjcmV0","header":{"A":["secret"]},
        "createdAt":1748527971000,"workflowRunId":"wfr_a","workflowCreatedAt":"2025-05-29T14:12:51Z",
        "workflowUrl":"https://app.example/api","responseStatus":500,"responseBody":"secret","label":"a","labels":["a","b"],
        "failureFunctionState":"CALLBACK_INPROGRESS","dlqId":"1-0"}"#;

    #[test]
    fn an_entry_keeps_what_identifies_it_and_drops_payloads() {
        let entry = GetEntry::new(dlq_id("1-0")).parse(answer(200, ENTRY)).unwrap();
        assert_eq!((entry.dlq_id.as_str(), entry.run_id.as_ref().unwrap().as_str()), ("1-0", "wfr_a"));
        assert_eq!(entry.workflow_url.as_deref(), Some("https://app.example/api"));
        assert_eq!(entry.response_status, Some(500));
        assert_eq!((entry.created_at, entry.workflow_created_at), (Some(NOW), Some(NOW)));
        assert_eq!(entry.labels, ["a", "b"]);
        assert_eq!(entry.callback_state, Some(CallbackState::InProgress));
        let shown = format!("{entry:?}");
        assert!(!shown.contains("secret") && !shown.contains("c2VjcmV0"), "{shown}");
    }

    #[test]
    fn the_id_asked_for_stands_in_for_one_left_out() {
        let entry =
            GetEntry::new(dlq_id("7-0")).parse(answer(200, r#"{"labels":null,"label":"old"}"#)).unwrap();
        assert_eq!(entry.dlq_id, dlq_id("7-0"));
        assert_eq!(entry.labels, ["old"]);
        assert_eq!((entry.run_id, entry.callback_state, entry.response_status), (None, None, None));
    }

    #[test]
    fn the_callback_state_is_found_under_each_of_its_names() {
        for (json, state) in [
            (r#"{"failureFunctionState":"CALLBACK_SUCCESS"}"#, CallbackState::Success),
            (r#"{"failureCallbackState":"CALLBACK_FAIL"}"#, CallbackState::Failed),
            (
                r#"{"failureCallbackInfo":{"state":"CALLBACK_CANCELED","responseBody":"x"}}"#,
                CallbackState::Canceled,
            ),
            (
                r#"{"failureFunctionState":"","failureCallbackInfo":{"state":"NEW_STATE"}}"#,
                CallbackState::Unknown,
            ),
        ] {
            let entry = GetEntry::new(dlq_id("1-0")).parse(answer(200, json)).unwrap();
            assert_eq!(entry.callback_state, Some(state), "{json}");
        }
    }

    #[test]
    fn deletion_does_not_depend_on_the_body() {
        for body in ["", r#"{"deleted":1}"#, "<html>"] {
            assert_eq!(DeleteEntry::new(dlq_id("1-0")).parse(answer(200, body)), Ok(()));
        }
        let gone = DeleteEntry::new(dlq_id("1-0")).parse(answer(404, r#"{"error":"gone"}"#));
        let gone = gone.unwrap_err();
        assert_eq!((gone.kind(), gone.status(), gone.message()), (ApiErrorKind::NotFound, Some(404), "gone"));
    }
}

mod lookup {
    use super::*;

    fn find(body: &str) -> Result<Lookup, ApiError> {
        FindByRun::new(run_id("wfr_a")).parse(answer(200, body))
    }

    #[test]
    fn a_run_whose_id_only_begins_alike_is_not_taken() {
        let body = r#"{"messages":[{"dlqId":"1-0","workflowRunId":"wfr_ab"},{"dlqId":"2-0"},
            {"dlqId":"3-0","workflowRunId":"wfr_a"}],"cursor":"9-0"}"#;
        let Ok(Lookup::Found(entry)) = find(body) else { panic!("{:?}", find(body)) };
        assert_eq!(entry.dlq_id, dlq_id("3-0"));
    }

    #[test]
    fn both_ends_of_the_list_mean_absent() {
        for body in [
            r#"{"messages":[]}"#,
            r#"{"messages":[],"cursor":""}"#,
            r#"{"messages":null,"cursor":null}"#,
            r#"{"messages":[{"dlqId":"1-0","workflowRunId":"wfr_ab"}]}"#,
        ] {
            assert_eq!(find(body), Ok(Lookup::Absent), "{body}");
        }
    }

    #[test]
    fn a_cursor_leads_to_the_next_page_but_never_in_a_circle() {
        let body = r#"{"messages":[{"dlqId":"1-0","workflowRunId":"wfr_ab"}],"cursor":"9-0&x"}"#;
        let Ok(Lookup::Continue(next)) = find(body) else { panic!("{:?}", find(body)) };
        assert_eq!(
            next.request().path_and_query,
            "/v2/workflows/dlq?workflowRunId=wfr_a&count=10&cursor=9-0%26x"
        );
        assert!(
            matches!(next.parse(answer(200, body)), Err(error) if error.kind() == ApiErrorKind::Malformed)
        );
    }

    #[test]
    fn a_page_that_is_none_is_malformed_rather_than_empty() {
        for body in [
            "",
            "{}",
            "[]",
            r#"{"error":"x"}"#,
            r#"{"messages":{}}"#,
            r#"{"messages":[{"workflowRunId":"wfr_a"}]}"#,
        ] {
            assert!(
                matches!(find(body), Err(error) if error.kind() == ApiErrorKind::Malformed),
                "{body}: {:?}",
                find(body)
            );
        }
    }
}

mod errors {
    use super::*;

    #[test]
    fn statuses_are_grouped_by_whose_fault_they_are() {
        for (status, code, transient, processed) in [
            (400, "bad_request", false, false),
            (401, "unauthorized", false, false),
            (403, "unauthorized", false, false),
            (404, "not_found", false, false),
            (429, "rate_limited", true, false),
            (500, "server", true, true),
            (503, "server", true, true),
            (302, "unexpected", false, true),
            (412, "unexpected", false, true),
            (199, "unexpected", false, true),
        ] {
            let error = refusal(answer(status, r#"{"error":"why"}"#));
            let seen = (error.code(), error.is_transient(), error.may_have_been_processed());
            assert_eq!(seen, (code, transient, processed), "{status}");
            assert!(status == 429 || error.to_string().ends_with("why"), "{error}");
        }
    }

    #[test]
    fn the_words_of_the_service_are_bounded_and_printable() {
        let message = |body: &str| refusal(answer(400, body)).message().to_owned();
        assert_eq!(message(r#"{"error":"a\r\nlevel=error\u0000"}"#), "a  level=error ");
        assert_eq!(message("<html>\u{1b}[31m"), "<html> [31m");
        assert_eq!(message(r#"{"error":{"odd":1}}"#), r#"{"error":{"odd":1}}"#);
        assert_eq!(message(""), "");
        let long = message(&format!(r#"{{"error":"{}"}}"#, "ü".repeat(300)));
        assert_eq!((long.len(), long.chars().all(|c| c == 'ü')), (512, true));
        assert!(message(&"é".repeat(1_000_000)).len() <= 512);
        let cut = format!("x{}", "é".repeat(400));
        assert!(message(&cut).len() <= 512);
    }

    #[test]
    fn a_rate_limit_says_when_to_come_back() {
        for (headers, kind, wait) in [
            (
                &[
                    ("burst-ratelimit-limit", "100"),
                    ("burst-ratelimit-remaining", "0"),
                    ("burst-ratelimit-reset", "1748527973"),
                ][..],
                RateLimitKind::Burst,
                Some(2),
            ),
            (
                &[
                    ("ratelimit-limit", "1000"),
                    ("ratelimit-remaining", "0"),
                    ("ratelimit-reset", "1748531571"),
                ][..],
                RateLimitKind::Daily,
                Some(3600),
            ),
            (
                &[("retry-after", "7"), ("burst-ratelimit-reset", "1748527973")][..],
                RateLimitKind::Burst,
                Some(7),
            ),
            (&[("retry-after", "Thu, 29 May 2025 14:13:51 GMT")][..], RateLimitKind::Unknown, Some(60)),
            (&[("burst-ratelimit-reset", "1")][..], RateLimitKind::Burst, Some(1)),
            (&[("retry-after", "later")][..], RateLimitKind::Unknown, None),
            (&[][..], RateLimitKind::Unknown, None),
        ] {
            let error = refusal(answer_with(429, headers));
            let limit = error.rate_limit().unwrap();
            assert_eq!(
                (limit.kind, limit.retry_after(NOW)),
                (kind, wait.map(Duration::from_secs)),
                "{headers:?}"
            );
        }
    }

    #[test]
    fn a_rate_limit_comes_with_the_services_own_words() {
        let error = refusal(answer(429, r#"{"error":"Exceeded burst rate limit."}"#));
        assert!(error.to_string().ends_with("(429): Exceeded burst rate limit."), "{error}");
        assert_eq!(error.message(), "Exceeded burst rate limit.");
    }

    #[test]
    fn only_the_listed_headers_are_asked_for() {
        let asked = std::cell::RefCell::new(Vec::new());
        let _ = ApiResponse::new(200, "", |name| {
            asked.borrow_mut().push(name.to_owned());
            None
        });
        let mut asked = asked.into_inner();
        asked.sort_unstable();
        let mut listed = RESPONSE_HEADERS.to_vec();
        listed.sort_unstable();
        assert_eq!(asked, listed);
    }

    #[test]
    fn without_an_answer_it_matters_whether_the_request_was_sent() {
        for (error, processed) in [
            (TransportError::unreachable("connection refused"), false),
            (TransportError::interrupted("connection reset"), true),
            (TransportError::timeout(Duration::from_secs(10)), true),
            (TransportError::too_large(1024), true),
        ] {
            let shown = error.to_string();
            let failed = resume().finish(Err(error)).unwrap_err();
            assert_eq!(failed.may_have_been_processed(), processed, "{shown}");
            assert!(failed.is_transient() && failed.to_string() == shown, "{shown}");
        }
        let TransportFault::Unreachable { detail } =
            TransportError::unreachable(&"x\n".repeat(500)).fault().clone()
        else {
            panic!("another fault");
        };
        assert!(detail.len() <= 256 && !detail.contains('\n'), "{detail}");
    }

    #[test]
    fn debug_output_of_an_answer_leaves_the_body_out() {
        let shown = format!("{:?}", answer(200, "payload"));
        assert!(shown.contains("200") && shown.contains('7') && !shown.contains("payload"), "{shown}");
    }
}
