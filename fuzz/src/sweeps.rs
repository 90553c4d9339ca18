//! A page of the queue through a whole sweep that is asked for dry: whatever stands in it, the queue is only read, every
//! entry is accounted for once, and no payload is told.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use serde_json::Value;
use workflow_redrive::dlq::{ApiRequest, ApiResponse, Method, Transported};
use workflow_redrive::http_url::HttpUrl;
use workflow_redrive::recovery::{Case, Claim, Conclusion, Host};
use workflow_redrive::settings::{Account, Settings};
use workflow_redrive::sweep::{Orders, Report, Sweeper, sweep};
use workflow_redrive::time::Timestamp;

use crate::again;
use crate::meter::{Allowed, bounded};

pub(crate) const WORDS: &[&str] = &[
    "{\"messages\":[",
    "{\"dlqId\":\"1792567000000-0\",\"workflowRunId\":\"wfr_a\",\"workflowUrl\":\"https://shop.example/order\"}",
    "\"failureCallback\":\"https://redrive.example/\"",
    "\"failureCallback\":\"https://redrive.example/?redrive=1.1792560000000.wfr_root\"",
    "\"failureFunctionState\":\"CALLBACK_FAIL\"",
    "\"failureFunctionState\":\"CALLBACK_INPROGRESS\"",
    "\"responseStatus\":503",
    "\"responseHeader\":{\"Retry-After\":[\"30\"],\"Upstash-Error-Step-Name\":[\"charge\"]}",
    "\"responseBody\":\"{\\\"error\\\":\\\"E\\\",\\\"message\\\":\\\"m\\\"}\"",
    "\"responseBodyBase64\":\"eyJlcnJvciI6IkUifQ==\"",
    "\"header\":{\"Upstash-Label\":[\"a,b\"]}",
    "\"maxRetries\":3",
    "\"createdAt\":1792560000000",
    "\"labels\":[\"a\"]",
    "\"url\":\"https://shop.example/order\"",
    "\"cursor\":\"1-0\"",
    "\"body\":\"secret-payload\"",
    "null",
    "]}",
    ",",
];
pub(crate) const LONGEST: usize = usize::MAX;
pub(crate) const SHAPES: &[fn(usize) -> Vec<u8>] = &[
    |len| ["{\"messages\":[", &again("{},", len), "{}]}"].concat().into(),
    |len| {
        let entry = "{\"dlqId\":\"1-0\",\"workflowRunId\":\"w\",\"url\":\"u\",\"failureCallback\":\"https://redrive.example/\"},";
        ["{\"messages\":[", &again(entry, len), "{}]}"].concat().into()
    },
    |len| {
        ["{\"messages\":[{\"dlqId\":\"1-0\",\"responseBody\":\"", &again("\\u00e9", len), "\"}]}"]
            .concat()
            .into()
    },
];

const NOW: Timestamp = Timestamp::from_secs(1_792_567_680);

pub(crate) fn check(data: &[u8]) {
    let settings = settings();
    let own = HttpUrl::parse("https://redrive.example/").unwrap();
    let orders = Orders::read("dry_run=true").unwrap();
    let queue = Queue { answer: data, calls: Cell::new(0) };
    let reports = bounded(data.len(), Allowed::times(256).and(256 * 1024), || {
        let mut work = pin!(sweep(&settings, Some(&own), &orders, &queue));
        match work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(reports) => reports,
            Poll::Pending => panic!("there is nothing to wait for"),
        }
    });
    let [report] = &reports[..] else { panic!("{} accounts", reports.len()) };
    account(report, data);
}

fn account(report: &Report, data: &[u8]) {
    let json = report.to_json_with_entries();
    let told: Value = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{json}: {error}"));
    let short: Value = serde_json::from_str(&report.to_json()).unwrap();
    _ = serde_json::from_str::<Value>(&report.log_line(NOW, NOW)).unwrap();
    let count = |value: &Value| {
        value.as_object().map_or(0, |counts| counts.values().filter_map(Value::as_u64).sum::<u64>())
    };
    let listed = told["listed"].as_u64().unwrap();
    let done = count(&told["outcomes"]) + count(&told["left"]) + told["untried"].as_u64().unwrap_or(0);
    assert!(done <= listed, "{json}");
    assert_eq!(short["listed"], told["listed"]);
    // Where others read a list of messages, so do we, and count each.
    let asked: Value = serde_json::from_slice(data).unwrap_or(Value::Null);
    if let (Some(messages), None) = (asked["messages"].as_array(), told["stopped"].as_str()) {
        assert_eq!(listed, messages.len() as u64, "{json}");
        // What stands there twice is dealt with once.
        let ids: BTreeSet<&str> = messages.iter().filter_map(|message| message["dlqId"].as_str()).collect();
        assert!(ids.len() < messages.len() || done == listed, "{json}");
    }
    // Payload and error are the application's own words.
    for word in ["secret-payload", "secret-error"] {
        assert!(!json.contains(word) || told_elsewhere(&asked, word), "{word} is told in {json}");
    }
}

/// Whether a word stands where it may be told: in ids, addresses, labels and the like.
fn told_elsewhere(asked: &Value, word: &str) -> bool {
    let is_secret = |name: &str| ["body", "responseBody", "responseBodyBase64"].contains(&name);
    let Some(messages) = asked["messages"].as_array() else { return true };
    messages.iter().any(|message| {
        message.as_object().is_some_and(|fields| {
            fields.iter().any(|(name, value)| !is_secret(name) && value.to_string().contains(word))
        })
    }) || asked["cursor"].to_string().contains(word)
}

/// The queue, which answers once.
struct Queue<'a> {
    answer: &'a [u8],
    calls: Cell<usize>,
}

impl Host for Queue<'_> {
    fn now(&self) -> Timestamp {
        NOW
    }

    fn entropy(&self) -> u64 {
        0
    }

    async fn send(&self, _: &Account, request: ApiRequest) -> Transported {
        assert_eq!(request.method, Method::Get, "a dry sweep reads");
        assert!(request.path_and_query.starts_with("/v2/workflows/dlq"));
        self.calls.set(self.calls.get() + 1);
        let body = if self.calls.get() == 1 { self.answer } else { b"{\"messages\":[]}" };
        Ok(ApiResponse::new(200, body, |_| None))
    }

    async fn claim(&self, _: &Case) -> Claim {
        panic!("a dry sweep claims nothing");
    }

    async fn settle(&self, _: &Case, _: &Conclusion) -> bool {
        panic!("a dry sweep keeps nothing");
    }
}

impl Sweeper for Queue<'_> {
    fn has_ledger(&self) -> bool {
        false
    }

    async fn tell(&self, _: &str, _: &str) -> Option<String> {
        panic!("there is nobody to tell");
    }
}

fn settings() -> Settings {
    Settings::read(|name| {
        let value = match name {
            "QSTASH_TOKEN" => "token-0123456789",
            "QSTASH_CURRENT_SIGNING_KEY" => "sig_1",
            "QSTASH_NEXT_SIGNING_KEY" => "sig_2",
            "SWEEP_AFTER" => "1m",
            _ => return None,
        };
        Some(value.to_owned())
    })
    .unwrap()
}
