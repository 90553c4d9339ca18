//! A policy of any JSON: read or refused by name, and what is read decides within its limits.

use std::time::Duration;

use serde_json::Value;
use workflow_redrive::callback::{CallbackHeaders, Failure, FailureReader};
use workflow_redrive::ids::RunId;
use workflow_redrive::lineage::Lineage;
use workflow_redrive::policy::{Action, Policy, Reason};
use workflow_redrive::time::Timestamp;

use crate::again;
use crate::meter::{Allowed, bounded};

pub(crate) const WORDS: &[&str] = &[
    "{}",
    "\"rules\":[{\"name\":\"a\",\"when\":{},\"action\":\"resume\"}]",
    "\"max_attempts\":5",
    "\"max_elapsed\":\"24h\"",
    "\"settle\":\"10s\"",
    "\"backoff\":{\"base\":\"30s\",\"cap\":\"1h\"}",
    "\"retry_after_cap\":\"24h\"",
    "\"overrides\":{\"retries\":3,\"delay\":\"15m\",\"label\":[\"{target}\"],\"flow_control\":{\"key\":\"{class}\",\"rate\":5}}",
    "\"relay_targets\":[\"https://a.example/\"]",
    "\"breaker\":{\"failure_share\":80}",
    "\"drain\":{\"rate\":60,\"period\":\"1m\"}",
    "\"budget\":{\"daily\":1}",
    "\"paused\":true",
    "\"when\":{\"status\":\"5xx\",\"class\":\"timeout\",\"regex\":\"(a|b)+\",\"message\":\"x\",\"attempt\":\"2-\",\"age\":\">1h\"}",
    "\"url\":\"https://shop.example/*\"",
    "\"label\":\"*\"",
    "\"step\":\"charge\"",
    "\"fingerprint\":\"abd1a19ce2f4e3c4\"",
    "\"action\":\"defer\"",
    "\"target\":\"{label}-{region}\"",
    "null",
    "[]",
    "-1",
    "1e3",
    "*",
];
pub(crate) const LONGEST: usize = usize::MAX;
pub(crate) const SHAPES: &[fn(usize) -> Vec<u8>] = &[
    |len| ["{\"rules\":[", &again("{\"name\":\"a\",\"action\":\"park\"},", len), "{}]}"].concat().into(),
    |len| {
        let rule =
            "{\"name\":\"a\",\"action\":\"resume\",\"when\":{\"url\":\"a*b*c*d\",\"status\":\"5xx\"}},";
        ["{\"rules\":[", again(rule, len).trim_end_matches(','), "]}"].concat().into()
    },
    |len| {
        let urls = again("\"*a*a*a*a*b\",", len);
        let rule =
            ["{\"name\":\"a\",\"action\":\"park\",\"when\":{\"url\":[", urls.trim_end_matches(','), "]}}"]
                .concat();
        ["{\"rules\":[", &rule, "]}"].concat().into()
    },
    |len| ["{", &again("\"paused\":true,", len), "\"a\":1}"].concat().into(),
    |len| ["{", &again("\"x\":[[[[[[]]]]]],", len), "\"a\":1}"].concat().into(),
    |len| ["{\"rules\":[{\"name\":\"", &again("\\u00e9", len), "\",\"action\":\"park\"}]}"].concat().into(),
    |len| {
        ["{\"relay_targets\":[", &again("\"https://a.example/\",", len), "\"https://a.example/\"]}"]
            .concat()
            .into()
    },
    |len| ["{\"max_attempts\":", &again("1", len), "}"].concat().into(),
];

const KEYS: &[&str] = &[
    "dry_run",
    "max_attempts",
    "max_elapsed",
    "settle",
    "backoff",
    "retry_after_cap",
    "overrides",
    "paused",
    "breaker",
    "drain",
    "budget",
    "relay_targets",
    "rules",
];
const NOW: Timestamp = Timestamp::from_secs(1_792_567_680);

pub(crate) fn check(data: &[u8]) {
    let json = String::from_utf8_lossy(data);
    let read = bounded(json.len(), Allowed::times(256).and(64 * 1024), || Policy::from_json(&json));
    let policy = match read {
        Ok(policy) => policy,
        Err(refused) => {
            let words = refused.to_string();
            return assert!(!words.is_empty() && words.len() < 1024 + 2 * json.len(), "{words}");
        }
    };
    // What is taken is JSON to others too, and says nothing that we do not know.
    let value: Value = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{json}: {error}"));
    for key in value.as_object().expect("a table").keys() {
        assert!(KEYS.contains(&key.as_str()), "`{key}` was taken");
    }
    if let Some(attempts) = value["max_attempts"].as_u64() {
        assert_eq!(u64::from(policy.max_attempts), attempts);
    }
    let rules = value["rules"].as_array().map_or(0, Vec::len);
    assert_eq!(policy.rules.len(), rules + Policy::default().rules.len(), "the default rules stand behind");
    _ = bounded(json.len(), Allowed::times(256).and(64 * 1024), || policy.warnings());
    for failure in &failures() {
        for attempt in [0, 1, 4, 5, 1001, u32::MAX] {
            decide(&policy, failure, attempt);
        }
    }
}

fn decide(policy: &Policy, failure: &Failure, attempt: u32) {
    let root = RunId::new("wfr_root").unwrap();
    let lineage = Lineage::new(root, attempt, Timestamp::from_millis(NOW.as_millis() - 60_000));
    let decision = policy.decide(failure, &lineage, NOW, 0x5bd1_e995_7b1c_2f03);
    assert_eq!(decision, policy.decide(failure, &lineage, NOW, 0x5bd1_e995_7b1c_2f03), "the same again");
    let attempts = matches!(decision.action, Action::Resume | Action::Restart | Action::Defer);
    if attempts {
        let most = policy
            .rules
            .iter()
            .filter_map(|rule| rule.max_attempts)
            .max()
            .unwrap_or(0)
            .max(policy.max_attempts);
        assert!(attempt < most && decision.reason == Reason::Rule, "attempt {attempt} of {most}");
        let delay = decision.delay().expect("a delay");
        assert!(delay >= policy.settle, "{delay:?} is too early");
        assert!(Duration::from_mins(1) + delay <= policy.max_elapsed, "{delay:?} is too late");
    }
    assert_eq!(decision.action == Action::Relay, decision.relay_to.is_some());
    if let Some(to) = &decision.relay_to {
        assert!(policy.relay.contains(to), "{to} was not named");
    }
    for (name, value) in decision.overrides.headers() {
        assert!(value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '), "{name}: {value:?}");
    }
    assert_eq!(decision.fingerprint.len(), 16);
    let explained = policy.explain(failure, &lineage, NOW);
    assert_eq!(explained.decision, policy.decide(failure, &lineage, NOW, 0), "the same without jitter");
    let json: Value = serde_json::from_str(&explained.to_json()).expect("JSON");
    assert_eq!(json["rules"].as_array().map(Vec::len), Some(explained.passed.len() + 1));
}

/// Of each kind one.
fn failures() -> [Failure; 3] {
    let plain = Failure::new(RunId::new("wfr_a").unwrap(), "https://shop.example/order?x=1".to_owned(), 503);
    let lost = Failure::new(RunId::new("wfr_b").unwrap(), "no url at all".to_owned(), 0);
    let headers =
        CallbackHeaders::read(|name| (name == "Upstash-Label").then(|| "a,partner-sync, ü".to_owned()));
    let mut reader = FailureReader::new(headers);
    reader.push(br#"{"status":500,"workflowRunId":"wfr_c","url":"https://shop.example/pay","header":{"Retry-After":["40"],
        "Upstash-Error-Step-Name":"charge"},"body":"eyJlcnJvciI6IlRpbWVvdXRFcnJvciIsIm1lc3NhZ2UiOiJiYW5rIGRpZCBub3QgYW5zd2VyIGluIDUwMDAgbXMifQ=="}"#);
    [plain, lost, reader.finish(NOW).unwrap()]
}
