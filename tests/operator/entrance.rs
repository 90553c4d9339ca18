//! Who may ask, and at which paths.

use super::*;

#[test]
fn without_a_token_there_is_no_api() {
    let settings = settings_with(&[("ADMIN_TOKEN", "")]);
    assert!(settings.admin.is_none());
    assert!(Operator::of(&settings).is_none());
}

#[test]
fn only_the_whole_token_in_a_bearer_header_is_let_in() {
    let settings = settings();
    for authorization in ["Bearer operators-only", "bearer operators-only", "BEARER  operators-only "] {
        let asked = ask(&settings, "GET", "/v2/workflows/dlq", &[("authorization", authorization)]);
        assert!(asked.is_ok(), "{authorization}");
    }
    for authorization in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer operators-onl",
        "Bearer operators-only1",
        "Bearer Operators-only",
        "Bearer qstash-secret",
        "Basic operators-only",
        "operators-only",
    ] {
        for (method, path) in [("GET", "/v2/workflows/dlq"), ("DELETE", "/v2/dlq"), ("OPTIONS", "/v2/nope")] {
            let error = refused(401, method, path, &[("authorization", authorization)]);
            assert!(error.contains("ADMIN_TOKEN"), "{error}");
        }
    }
}

#[test]
fn each_path_becomes_the_same_of_qstash() {
    for (method, path, expected) in [
        ("GET", "/v2/dlq?source=workflow", "/v2/dlq?source=workflow"),
        ("GET", "/v2/dlq", "/v2/dlq?source=workflow"),
        ("GET", "/v2/workflows/dlq", "/v2/workflows/dlq"),
        ("GET", "/v2/workflows/dlq?source=workflow#part", "/v2/workflows/dlq"),
        ("GET", "/v2/dlq/1-0", "/v2/dlq/1-0"),
        ("GET", "/v2/workflows/dlq/1-0", "/v2/workflows/dlq/1-0"),
        ("DELETE", "/v2/workflows/dlq/1-0", "/v2/workflows/dlq/1-0"),
        ("DELETE", "/v2/workflows/dlq?dlqIds=1-0", "/v2/workflows/dlq?dlqIds=1-0"),
        ("POST", "/v2/workflows/dlq/resume/1-0", "/v2/workflows/dlq/resume/1-0"),
        ("POST", "/v2/workflows/dlq/restart/a%2Fb%3F", "/v2/workflows/dlq/restart/a%2Fb%3F"),
        ("POST", "/v2/workflows/dlq/resume?dlqIds=1-0", "/v2/workflows/dlq/resume?dlqIds=1-0"),
        ("POST", "/v2/workflows/dlq/restart?dlqIds=1-0", "/v2/workflows/dlq/restart?dlqIds=1-0"),
        ("POST", "/v2/workflows/dlq/callback/1-0", "/v2/workflows/dlq/callback/1-0"),
        ("DELETE", "/v2/workflows/dlq/callback/1-0", "/v2/workflows/dlq/callback/1-0"),
        (
            "GET",
            "/v2/workflows/logs?workflowRuns=wfr_1%401&count=10",
            "/v2/workflows/logs?workflowRuns=wfr_1%401&count=10",
        ),
        (
            "GET",
            "/v2/workflows/events?groupBy=workflowRunId&state=RUN_FAILED",
            "/v2/workflows/events?groupBy=workflowRunId&state=RUN_FAILED",
        ),
    ] {
        assert_eq!(sent(method, path), format!("{method} {expected}"));
    }
}

#[test]
fn other_paths_are_not_there() {
    for path in [
        "/v2/",
        "/v2/keys",
        "/v2/publish/https://x.example",
        "/v2/workflows/runs/wfr_1",
        "/v2/workflows/dlq/callback",
        "/v2/workflows/dlq/resume/1-0/x",
        "/v2/workflows/dlqs",
        "/v2/dlq/a/b",
        "/v2//dlq",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            assert!(refused(404, method, path, &[]).contains("accepted are"), "{path}");
        }
    }
}

#[test]
fn a_wrong_method_is_told_the_right_ones() {
    for (method, path, allow) in [
        ("POST", "/v2/dlq", "GET"),
        ("DELETE", "/v2/dlq/1-0", "GET"),
        ("POST", "/v2/workflows/dlq", "GET, DELETE"),
        ("HEAD", "/v2/workflows/dlq", "GET, DELETE"),
        ("PUT", "/v2/workflows/dlq/1-0", "GET, DELETE"),
        ("GET", "/v2/workflows/dlq/resume", "POST"),
        ("DELETE", "/v2/workflows/dlq/restart", "POST"),
        ("GET", "/v2/workflows/dlq/resume/1-0", "POST"),
        ("GET", "/v2/workflows/dlq/callback/1-0", "POST, DELETE"),
        ("DELETE", "/v2/workflows/logs", "GET"),
        ("get", "/v2/dlq", "GET"),
    ] {
        let reply = ask(&settings(), method, path, &[]).unwrap_err();
        assert_eq!((reply.status, header(&reply, "allow")), (405, Some(allow)), "{method} {path}");
    }
}

#[test]
fn ids_that_could_reach_another_path_are_refused() {
    for path in [
        "/v2/workflows/dlq/",
        "/v2/workflows/dlq/%2e%2E",
        "/v2/workflows/dlq/a%20b",
        "/v2/workflows/dlq/%0d%0a",
        "/v2/workflows/dlq/%zz",
        "/v2/workflows/dlq/%ff",
    ] {
        assert!(refused(400, "GET", path, &[]).contains("accepted are"), "{path}");
        assert!(refused(400, "DELETE", path, &[]).contains("accepted are"), "{path}");
    }
    assert!(refused(400, "POST", "/v2/workflows/dlq/resume/", &[]).contains("DLQ id is empty"));
}

#[test]
fn the_named_region_is_asked_and_no_other_in_its_place() {
    let us = [
        ("US_EAST_1_QSTASH_TOKEN", "us-secret"),
        ("US_EAST_1_QSTASH_CURRENT_SIGNING_KEY", "sig_c"),
        ("US_EAST_1_QSTASH_NEXT_SIGNING_KEY", "sig_d"),
    ];
    let none = [("QSTASH_TOKEN", ""), ("QSTASH_CURRENT_SIGNING_KEY", ""), ("QSTASH_NEXT_SIGNING_KEY", "")];
    let token = |settings: &Settings, region: &[(&str, &str)]| {
        let asked = ask(settings, "DELETE", "/v2/workflows/dlq/1-0", region);
        asked.map(|exchange| exchange.account().token.reveal().to_owned()).map_err(|reply| reply.status)
    };
    let region = |name| [("upstash-region", name)];

    let both = settings_with(&us);
    assert_eq!(token(&both, &[]), Ok(QSTASH_TOKEN.to_owned()));
    assert_eq!(token(&both, &region("us-east-1")), Ok("us-secret".to_owned()));
    for other in ["EU-CENTRAL-1", "MOON-1", ""] {
        assert_eq!(token(&both, &region(other)), Err(400), "{other}");
    }
    let only = settings_with(&[us, none].concat());
    assert_eq!(token(&only, &[]), Ok("us-secret".to_owned()));
    assert_eq!(token(&settings(), &region("US-EAST-1")), Err(400));
}

#[test]
fn another_origin_is_told_nothing_and_the_named_one_may_read() {
    let ops = "https://ops.example";
    let open = settings_with(&[("ADMIN_CORS_ORIGIN", ops)]);
    let headers = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let reply = |settings: &Settings, headers: &[(String, String)]| {
        let operator = Operator::of(settings).unwrap();
        let asked = Asked { method: "OPTIONS", url: "https://redrive.example/v2/workflows/dlq", headers };
        operator.dress(operator.admit(&asked).unwrap_err(), &asked)
    };
    let question = |origin| headers(&[("origin", origin), ("access-control-request-method", "DELETE")]);

    let yes = reply(&open, &question(ops));
    assert_eq!((yes.status, header(&yes, "access-control-allow-origin")), (204, Some(ops)));
    assert_eq!(header(&yes, "access-control-allow-methods"), Some("GET, POST, DELETE"));
    assert_eq!(header(&yes, "access-control-allow-headers"), Some("Authorization, *"));
    assert_eq!(header(&yes, "vary"), Some("Origin"));

    for origin in ["https://ops.example.evil", "http://ops.example", "https://OPS.example", "null", ""] {
        let no = reply(&open, &question(origin));
        assert_eq!((no.status, header(&no, "vary")), (401, Some("Origin")), "{origin}");
        assert!(no.headers.iter().all(|(name, _)| !name.starts_with("access-control")), "{origin}");
    }
    let no_question = reply(&open, &headers(&[("origin", ops)]));
    assert_eq!((no_question.status, header(&no_question, "access-control-allow-origin")), (401, Some(ops)));
    let closed = reply(&settings(), &question(ops));
    assert_eq!((closed.status, closed.headers.len()), (401, 1));
}

#[test]
fn the_settings_are_checked_and_never_shown() {
    let read = |name: &'static str, value: &'static str| {
        let pairs = [
            ("QSTASH_TOKEN", "t"),
            ("QSTASH_CURRENT_SIGNING_KEY", "sig_a"),
            ("QSTASH_NEXT_SIGNING_KEY", "sig_b"),
            (name, value),
        ];
        Settings::read(|asked| {
            pairs.iter().find(|(known, _)| *known == asked).map(|(_, value)| (*value).to_owned())
        })
    };
    for token in ["two words", "line\n", "schlüssel", " "] {
        let error = read("ADMIN_TOKEN", token).unwrap_err();
        assert_eq!(error.name(), "ADMIN_TOKEN");
        assert!(token == " " || !error.to_string().contains(token.trim_end()), "{error}");
    }
    for origin in
        ["*", "ops.example", "https://ops.example/", "https://ops.example/x", "https://Ops.example", "null"]
    {
        assert_eq!(read("ADMIN_CORS_ORIGIN", origin).unwrap_err().name(), "ADMIN_CORS_ORIGIN", "{origin}");
    }
    assert!(read("ADMIN_CORS_ORIGIN", "http://localhost:5173").is_ok());
    let shown = format!("{:?}", settings());
    assert!(!shown.contains(TOKEN), "{shown}");
}
