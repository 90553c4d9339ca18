//! What headers say about runs that come back.

use super::*;

const SEVEN: [(&str, &str); 7] = [
    ("Upstash-Retries", "4"),
    ("Upstash-Delay", "90s"),
    ("Upstash-Retry-Delay", "1000 * pow(2, retried)"),
    ("Upstash-Flow-Control-Key", "redrive"),
    ("Upstash-Flow-Control-Value", "parallelism=3, rate=10, period=1m"),
    ("Upstash-Label", "redriven,night"),
    ("Upstash-Failure-Callback", "https://alerts.example/failed?x=1"),
];

fn headers_sent(path: &str, headers: &[(&str, &str)]) -> Vec<(String, String)> {
    let names: Vec<String> = headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    let headers: Vec<_> =
        names.iter().zip(headers).map(|(name, (_, value))| (name.as_str(), *value)).collect();
    let settings = settings();
    let exchange = ask(&settings, "POST", path, &headers).unwrap();
    exchange.request().headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn owned(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn all_seven_are_passed_on_wherever_runs_come_back() {
    for path in [
        "/v2/workflows/dlq/resume/1-0",
        "/v2/workflows/dlq/restart/1-0",
        "/v2/workflows/dlq/resume?all=true",
        "/v2/workflows/dlq/restart?dlqIds=1-0",
    ] {
        assert_eq!(headers_sent(path, &SEVEN), owned(&SEVEN), "{path}");
        for one in SEVEN.iter().filter(|(name, _)| *name != "Upstash-Flow-Control-Value") {
            assert_eq!(headers_sent(path, &[*one]), owned(&[*one]), "{path}");
        }
    }
}

#[test]
fn what_says_who_asks_is_neither_refused_nor_passed_on() {
    let harmless = [
        ("User-Agent", "node"),
        ("Upstash-Telemetry-Sdk", "upstash-qstash-js@2.12.0"),
        ("CF-Connecting-IP", "192.0.2.1"),
        ("X-Forwarded-For", "192.0.2.1"),
    ];
    assert_eq!(headers_sent("/v2/workflows/dlq/resume/1-0", &harmless), []);
}

#[test]
fn bad_values_are_refused_with_their_header_and_what_is_accepted() {
    for (name, value, part) in [
        ("upstash-retries", "", "0 to 4294967295"),
        ("upstash-retries", "-1", "0 to 4294967295"),
        ("upstash-retries", "1.5", "0 to 4294967295"),
        ("upstash-retries", "3, 3", "0 to 4294967295"),
        ("upstash-retries", "4294967296", "0 to 4294967295"),
        ("upstash-delay", "10", "missing unit"),
        ("upstash-delay", "", "missing number"),
        ("upstash-delay", "-1s", "negative"),
        ("upstash-retry-delay", "2 ** 3", "accepted"),
        ("upstash-flow-control-key", "a b", "letters"),
        ("upstash-flow-control-value", "speed=3", "accepted"),
        ("upstash-flow-control-value", "rate=0", "rate"),
        ("upstash-label", "", "1 to 256 letters"),
        ("upstash-label", "a b", "1 to 256 letters"),
        ("upstash-failure-callback", "/failed", "https://"),
        ("upstash-failure-callback", "https://user:pw@alerts.example", "user name"),
        ("upstash-method", "GET", "-Failure-Callback"),
        ("upstash-forward-authorization", "x", "unknown; accepted: Upstash-Retries"),
        ("upstash-workflow-runid", "wfr_1", "unknown; accepted: Upstash-Retries"),
    ] {
        for path in ["/v2/workflows/dlq/resume/1-0", "/v2/workflows/dlq/restart?all=true"] {
            let error = refused(400, "POST", path, &[(name, value)]);
            assert!(
                error.to_ascii_lowercase().contains(&format!("`{name}`")) && error.contains(part),
                "{name}: {value}: {error}"
            );
        }
    }
}

#[test]
fn limits_without_their_key_are_refused() {
    let error =
        refused(400, "POST", "/v2/workflows/dlq/resume/1-0", &[("upstash-flow-control-value", "rate=1")]);
    assert!(error.contains("Upstash-Flow-Control-Key"), "{error}");
}

#[test]
fn calls_that_bring_no_run_back_take_no_settings() {
    for (method, path) in [
        ("DELETE", "/v2/workflows/dlq/1-0"),
        ("DELETE", "/v2/workflows/dlq?all=true"),
        ("GET", "/v2/dlq"),
        ("POST", "/v2/workflows/dlq/callback/1-0"),
    ] {
        let error = refused(400, method, path, &[("upstash-retries", "3")]);
        assert!(error.contains("`upstash-retries`: not for this call"), "{error}");
    }
}
