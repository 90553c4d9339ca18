//! The operator API: a first line with method and address, header lines, an empty line, the body. Whatever is asked, only
//! paths of QStash's API are called, with our token and no header that nobody meant.

use workflow_redrive::console::{Console, Step};
use workflow_redrive::dlq::TransportError;
use workflow_redrive::operator::{Answer, Asked, Operator, OperatorReply};
use workflow_redrive::settings::Settings;
use workflow_redrive::sweep::Wish;
use workflow_redrive::time::Timestamp;

use crate::again;
use crate::meter::{Allowed, bounded};

pub(crate) const WORDS: &[&str] = &[
    "GET ",
    "POST ",
    "DELETE ",
    "OPTIONS ",
    "https://redrive.example/v2/workflows/dlq",
    "https://redrive.example/v2/dlq?source=workflow",
    "/v2/workflows/dlq/resume",
    "/v2/workflows/dlq/restart",
    "/v2/workflows/dlq/callback/1-0",
    "/v2/workflows/logs",
    "/v1/sweep",
    "/v1/jobs",
    "/v1/recoveries/wfr_a",
    "/v1/targets/x/pause",
    "/v1/decide",
    "/metrics",
    "/1725323658779-0",
    "?dlqIds=1-0",
    "&dlqIds=1-1",
    "?count=10&cursor=1-0",
    "?all=true",
    "?fromDate=1&toDate=2",
    "?label=a,b",
    "limit=5",
    "..%2F..",
    "%2e%2e",
    "//",
    "@evil.example",
    "\nauthorization: Bearer admin-0123456789",
    "\nupstash-delay: 30s",
    "\nupstash-label: a,b",
    "\nupstash-retries: 3",
    "\nupstash-flow-control-key: k",
    "\nupstash-flow-control-value: rate=5, period=1m",
    "\nupstash-failure-callback: https://a.example/",
    "\nupstash-forward-x: y",
    "\nupstash-region: EU-CENTRAL-1",
    "\norigin: https://ops.example",
    "\n\n",
];
pub(crate) const LONGEST: usize = usize::MAX;
pub(crate) const SHAPES: &[fn(usize) -> Vec<u8>] = &[
    |len| {
        ["POST https://a.example/v2/workflows/dlq/resume?", &again("dlqIds=1-0&", len), AUTHORIZED]
            .concat()
            .into()
    },
    |len| {
        let ids: String = (0..len / 14).map(|n| format!("dlqIds=1-{n:05}&")).collect();
        ["POST https://a.example/v2/workflows/dlq/resume?", &ids, AUTHORIZED].concat().into()
    },
    |len| {
        ["DELETE https://a.example/v2/workflows/dlq?dlqIds=", &again("1,", len), AUTHORIZED].concat().into()
    },
    |len| ["GET https://a.example/v2/workflows/dlq?", &again("label=a&", len), AUTHORIZED].concat().into(),
    |len| ["GET https://a.example/v1/recoveries/", &again("%41", len), AUTHORIZED].concat().into(),
    |len| ["GET https://a.example/", &again("a/", len), AUTHORIZED].concat().into(),
    |len| ["GET https://a.example/", AUTHORIZED, &again("\nupstash-telemetry-x: y", len)].concat().into(),
];

const AUTHORIZED: &str = "\nauthorization: Bearer admin-0123456789";
const NOW: Timestamp = Timestamp::from_secs(1_792_567_680);
const OUR_TOKEN: &str = "token-0123456789";

pub(crate) fn check(data: &[u8]) {
    let data = String::from_utf8_lossy(data);
    let (head, body) = data.split_once("\n\n").unwrap_or((&data, ""));
    let mut lines = head.split('\n');
    let (method, url) = lines.next().unwrap_or_default().split_once(' ').unwrap_or_default();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let asked = Asked { method, url, headers: &headers };
    let authorization = headers.iter().find(|(name, _)| name == "authorization");
    let is_known = authorization.is_some_and(|(_, value)| {
        let scheme = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        scheme.is_some_and(|(_, token)| token.trim_ascii() == "admin-0123456789")
    });
    // Who writes the token elsewhere too may read it there.
    if data.matches("admin-0123456789").count() > 1 || data.contains(OUR_TOKEN) {
        return;
    }
    let settings = settings();
    let operator = Operator::of(&settings).unwrap();
    match bounded(data.len(), Allowed::times(64), || operator.admit(&asked)) {
        Err(reply) => check_reply(&operator.dress(reply, &asked), is_known),
        Ok(mut exchange) => {
            assert!(is_known, "somebody came in: {data}");
            for (name, _) in &headers {
                assert!(!name.starts_with("upstash-") || is_ours(name), "{name} was passed over");
            }
            for (call, last) in [false, false, true].into_iter().enumerate() {
                let request = bounded(data.len(), Allowed::times(64), || exchange.request());
                check_request(&request.path_and_query, &request.headers);
                let answer = if last {
                    Err(TransportError::interrupted("lost"))
                } else {
                    Ok(Answer { status: 200, headers: Vec::new(), body: answers(call, body) })
                };
                if let Some(reply) = exchange.take(answer) {
                    check_reply(&reply, true);
                    break;
                }
            }
        }
    }
    let wish = bounded(data.len(), Allowed::times(64), || Wish::read(&settings, &asked));
    if let Some(wish) = wish {
        assert!(wish.is_err() || is_known);
    }
    console(&settings, &asked, body, is_known);
}

fn console(settings: &Settings, asked: &Asked<'_>, body: &str, is_known: bool) {
    let console = Console::of(settings).unwrap();
    match console.authorize(asked) {
        Err(reply) => return check_reply(&reply, is_known),
        Ok(()) => assert!(is_known),
    }
    match console.begin(asked, body, NOW) {
        Err(reply) => check_reply(&reply, true),
        Ok(mut inquiry) => {
            let mut heard = Vec::new();
            for _ in 0..4 {
                match inquiry.next(heard) {
                    Step::Reply(reply) => return check_reply(&reply, true),
                    Step::Ask(questions) => {
                        for question in &questions {
                            let message: serde_json::Value =
                                serde_json::from_str(&question.message).expect("JSON");
                            assert!(
                                message.is_object()
                                    && !question.actor.is_empty()
                                    && question.actor.len() < 600
                            );
                        }
                        heard = questions.iter().map(|_| Some(body.to_owned())).collect();
                    }
                }
            }
        }
    }
}

/// Whether a header is one that says how runs come back, or who is asking.
fn is_ours(name: &str) -> bool {
    const ENDS: &[&str] = &[
        "retries",
        "delay",
        "retry-delay",
        "flow-control-key",
        "flow-control-value",
        "label",
        "failure-callback",
        "region",
    ];
    let end = name.strip_prefix("upstash-").unwrap_or_default();
    ENDS.contains(&end) || end.starts_with("telemetry-")
}

fn check_request(path_and_query: &str, headers: &[(&'static str, String)]) {
    assert!(path_and_query.starts_with("/v2/") && path_and_query.bytes().all(|byte| byte.is_ascii_graphic()));
    assert!(!path_and_query.contains(['#', '\\']), "{path_and_query}");
    let url = url::Url::parse(&["https://qstash.upstash.io", path_and_query].concat()).unwrap();
    assert_eq!(url.host_str(), Some("qstash.upstash.io"));
    let path = path_and_query.split('?').next().unwrap();
    assert_eq!(url.path(), path, "a path that climbs");
    for (name, value) in headers {
        assert!(name.starts_with("Upstash-"), "{name}");
        assert!(value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '), "{name}: {value:?}");
    }
}

fn check_reply(reply: &OperatorReply, is_known: bool) {
    assert!((200..=599).contains(&reply.status), "{}", reply.status);
    assert!(is_known || matches!(reply.status, 204 | 401), "{} for somebody unknown", reply.status);
    let text = String::from_utf8_lossy(&reply.body);
    assert!(!text.contains(OUR_TOKEN) && !text.contains("admin-0123456789"), "{text}");
    for (name, value) in &reply.headers {
        assert!(!value.contains(['\r', '\n']), "{name}: {value}");
    }
}

/// An answer that goes on, and whatever the input says.
fn answers(call: usize, body: &str) -> Vec<u8> {
    if call == 0 && !body.starts_with('{') {
        return br#"{"workflowRuns":[{"workflowRunId":"wfr_b"}],"cursor":"1-9"}"#.to_vec();
    }
    body.as_bytes().to_vec()
}

fn settings() -> Settings {
    Settings::read(|name| {
        let value = match name {
            "QSTASH_TOKEN" => OUR_TOKEN,
            "QSTASH_CURRENT_SIGNING_KEY" => "sig_1",
            "QSTASH_NEXT_SIGNING_KEY" => "sig_2",
            "ADMIN_TOKEN" => "admin-0123456789",
            "ADMIN_CORS_ORIGIN" => "https://ops.example",
            _ => return None,
        };
        Some(value.to_owned())
    })
    .unwrap()
}
