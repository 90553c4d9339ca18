//! Orders of bulk jobs: a JSON that an operator sends.

use serde_json::Value;
use workflow_redrive::job::{JobId, Order};

use crate::again;
use crate::meter::{Allowed, bounded};

pub(crate) const WORDS: &[&str] = &[
    "{\"action\":\"resume\",\"all\":true}",
    "\"action\":\"restart\"",
    "\"id\":\"tuesday\"",
    "\"filter\":{\"label\":[\"a\"],\"workflowUrl\":\"https://a.example/\",\"fromDate\":\"2026-05-29T14:12:51Z\"}",
    "\"overrides\":{\"retries\":3,\"delay\":\"5m\",\"flow_control\":{\"key\":\"k\",\"parallelism\":2}}",
    "\"canary\":{\"count\":5,\"wait\":\"5m\",\"max_failed_share\":0.1}",
    "\"rate\":{\"per_second\":5}",
    "\"rate\":{\"per_minute\":5}",
    "\"ceiling\":100",
    "\"region\":\"EU-CENTRAL-1\"",
    "\"dry_run\":true",
    "false",
    "null",
    "0",
    "1.0",
];
pub(crate) const LONGEST: usize = usize::MAX;
pub(crate) const SHAPES: &[fn(usize) -> Vec<u8>] = &[
    |len| ["{\"filter\":{\"label\":[", &again("\"a\",", len), "\"a\"]}}"].concat().into(),
    |len| ["{", &again("\"all\":true,", len), "\"a\":1}"].concat().into(),
    |len| ["{", &again("\"\\u0061ll\":true,", len), "\"a\":1}"].concat().into(),
    |len| ["{\"a\":", &again("[", len)].concat().into(),
    |len| ["{\"id\":\"", &again("\\\"", len), "\"}"].concat().into(),
];

const KEYS: &[&str] =
    &["id", "action", "filter", "all", "overrides", "canary", "rate", "ceiling", "region", "dry_run"];

pub(crate) fn check(data: &[u8]) {
    let json = String::from_utf8_lossy(data);
    let read = bounded(json.len(), Allowed::times(128), || Order::read(&json));
    match read {
        Err(words) => assert!(!words.is_empty() && words.len() < 1024 + 2 * json.len(), "{words}"),
        Ok(order) => {
            let value: Value = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{json}: {error}"));
            for key in value.as_object().expect("a table").keys() {
                assert!(KEYS.contains(&key.as_str()), "`{key}` was taken");
            }
            assert!(matches!(value["action"].as_str(), Some("resume" | "restart")), "{json}");
            assert!(
                value["all"] == true || value["filter"].is_object(),
                "an order for nobody knows what: {json}"
            );
            assert!(
                value["all"] != false && value["all"].is_boolean() != value["filter"].is_object(),
                "{json}"
            );
            assert_eq!(order.id.as_ref().map(JobId::as_str), value["id"].as_str());
        }
    }
    if let Ok(id) = JobId::new(json.as_ref()) {
        assert!((1..=64).contains(&id.as_str().len()));
        assert!(id.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)));
    }
}
