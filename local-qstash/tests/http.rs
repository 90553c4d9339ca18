//! The shell over real sockets: what the engine decides goes out, what comes in reaches the engine.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking"
)]

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use local_qstash::Credentials;
use local_qstash::engine::{Config, TimeScale};
use local_qstash::server::{Options, Server};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::timeout;

const DEADLINE: Duration = Duration::from_secs(10);

/// Starts a server on a free port whose deliveries to `https://shop.example` go to `endpoint`.
async fn start(endpoint: &str) -> String {
    let engine = Config { time_scale: TimeScale::new(0.001).unwrap(), ..Config::default() };
    let rewrite = format!("https://shop.example={endpoint}").parse().unwrap();
    let server = Server::bind(Options::new(0, engine, vec![rewrite])).await.unwrap();
    let url = format!("http://{}", server.address().unwrap());
    tokio::spawn(server.run());
    url
}

/// An endpoint that answers every request alike and tells of its headers.
async fn endpoint(status: StatusCode) -> (String, Receiver<HeaderMap>) {
    async fn answer(
        State((seen, status)): State<(Sender<HeaderMap>, StatusCode)>,
        headers: HeaderMap,
    ) -> impl IntoResponse {
        seen.send(headers).await.unwrap();
        (status, [("upstash-workflow-sdk-version", "1"), ("location", "/elsewhere")])
    }
    let (seen, received) = channel(16);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(answer).with_state((seen, status));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, received)
}

async fn next(received: &mut Receiver<HeaderMap>) -> HeaderMap {
    timeout(DEADLINE, received.recv()).await.expect("no delivery in time").unwrap()
}

async fn call(server: &str, method: &str, path: &str, headers: &[(&str, &str)]) -> (u16, Value) {
    let mut request = Client::new()
        .request(method.parse().unwrap(), format!("{server}{path}"))
        .bearer_auth(Credentials::default().token);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
}

async fn kinds(server: &str) -> Vec<String> {
    let (_, timeline) = call(server, "GET", "/local/timeline", &[]).await;
    let events = timeline["events"].as_array().unwrap().clone();
    events.iter().map(|event| event["kind"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_failed_run_is_called_back_about_and_resumed_over_http() {
    let (url, mut received) = endpoint(StatusCode::INTERNAL_SERVER_ERROR).await;
    let server = start(&url).await;
    let headers = [
        ("Upstash-Workflow-Sdk-Version", "1"),
        ("Upstash-Retries", "1"),
        ("Upstash-Failure-Callback", "https://shop.example/hook?lineage=1"),
        ("Upstash-Failure-Callback-Retries", "0"),
    ];

    let (status, run) = call(&server, "POST", "/v2/trigger/https://shop.example/order?x=1", &headers).await;
    let deliveries = [next(&mut received).await, next(&mut received).await, next(&mut received).await];

    assert_eq!(status, 200);
    assert_eq!(deliveries[0]["upstash-workflow-runid"], run["workflowRunId"].as_str().unwrap());
    assert_eq!(deliveries[0]["upstash-workflow-url"], "https://shop.example/order?x=1");
    assert_eq!(deliveries[1]["upstash-retried"], "1");
    assert_eq!(deliveries[2]["upstash-workflow-calltype"], "failureCall");
    let (_, list) = call(&server, "GET", "/v2/workflows/dlq", &[]).await;
    let id = list["messages"][0]["dlqId"].as_str().unwrap().to_owned();
    let (status, resumed) = call(&server, "POST", &format!("/v2/workflows/dlq/resume/{id}"), &[]).await;
    assert_eq!(status, 200);
    assert_eq!(
        next(&mut received).await["upstash-workflow-runid"],
        resumed["workflowRunId"].as_str().unwrap()
    );
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_is_not_followed() {
    let (url, mut received) = endpoint(StatusCode::FOUND).await;
    let server = start(&url).await;
    let headers = [("Upstash-Workflow-Sdk-Version", "1"), ("Upstash-Retries", "0")];

    call(&server, "POST", "/v2/trigger/https://shop.example/order", &headers).await;
    next(&mut received).await;

    timeout(DEADLINE, async {
        while kinds(&server).await.last().map(String::as_str) != Some("dlq_entry") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("no entry in time");
    assert!(received.try_recv().is_err());
}

#[tokio::test]
async fn a_dropped_connection_sends_not_one_byte_and_faults_run_out() {
    let server = start("http://127.0.0.1:9").await;
    let faults = json!([{ "match": { "pathPrefix": "/v2/keys" }, "times": 1, "fault": "drop-before" }]);
    let client = Client::new();
    client.post(format!("{server}/local/faults")).body(faults.to_string()).send().await.unwrap();

    let dropped = client.get(format!("{server}/v2/keys")).send().await;

    assert!(dropped.is_err(), "an answer came: {dropped:?}");
    assert_eq!(call(&server, "GET", "/v2/keys", &[]).await.0, 200);
}

#[tokio::test]
async fn the_record_of_requests_shows_no_token() {
    let server = start("http://127.0.0.1:9").await;
    let token = Credentials::default().token;
    call(&server, "GET", "/v2/keys", &[]).await;
    Client::new().get(format!("{server}/v2/keys?qstash_token={token}&a=1")).send().await.unwrap();

    let (_, record) = call(&server, "GET", "/local/requests", &[]).await;

    assert_eq!(record["requests"][0]["headers"]["authorization"], "present");
    assert_eq!(record["requests"][1]["query"], "a=1");
    assert!(!record.to_string().contains(&token));
}

#[tokio::test]
async fn a_control_call_that_makes_no_sense_says_what_is_expected() {
    let server = start("http://127.0.0.1:9").await;
    let client = Client::new();
    for (path, body, expected) in [
        ("switches", r#"{"lazy-fetch":"maybe"}"#, "off, on"),
        ("switches", r#"{"lazy":"on"}"#, "lazy-fetch"),
        ("dlq", r#"{"workflowUrls":"x"}"#, "workflowUrl"),
        ("faults", "{}", "sequence"),
    ] {
        let response = client.post(format!("{server}/local/{path}")).body(body).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST.as_u16(), "{path} {body}");
        let text = String::from_utf8(response.bytes().await.unwrap().to_vec()).unwrap();
        assert!(text.contains(expected), "{text}");
    }
}
