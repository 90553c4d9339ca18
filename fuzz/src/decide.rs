//! `POST /v1/decide`: a recorded callback and a policy, in one JSON.

use serde_json::Value;
use workflow_redrive::policy::Policy;
use workflow_redrive::time::Timestamp;

use crate::again;
use crate::meter::{Allowed, bounded};
use crate::reference::json::{Read, read};

pub(crate) const WORDS: &[&str] = &[
    "{\"callback\":{\"status\":500,\"workflowRunId\":\"wfr_a\",\"dlqId\":\"1-0\",\"url\":\"https://shop.example/order\"}}",
    "\"callback\":\"{}\"",
    "\"policy\":{\"rules\":[]}",
    "\"headers\":{\"Upstash-Label\":[\"a\"],\"Upstash-Region\":\"EU-CENTRAL-1\"}",
    "\"url\":\"https://redrive.example/?redrive=3.1792567680000.wfr_root\"",
    "\"now\":1792567680000",
    "\"now\":\"2026-10-21T07:28:00Z\"",
    "\\\"",
    "\\u007b",
    "{",
    "}",
];
pub(crate) const LONGEST: usize = usize::MAX;
pub(crate) const SHAPES: &[fn(usize) -> Vec<u8>] = &[
    |len| ["{\"callback\":\"", &again("\\u007b", len), "\"}"].concat().into(),
    |len| ["{\"callback\":{\"sourceBody\":\"", &again("x", len), "\"}}"].concat().into(),
    |len| ["{\"headers\":{", &again("\"a\":\"b\",", len), "\"a\":1},\"callback\":{}}"].concat().into(),
];

pub(crate) fn check(data: &[u8]) {
    let json = String::from_utf8_lossy(data);
    let now = Timestamp::from_secs(1_792_567_680);
    let tried =
        bounded(json.len(), Allowed::times(256).and(64 * 1024), || Policy::default().try_on(&json, now));
    match tried {
        Err(words) => assert!(!words.is_empty() && words.len() < 1024 + 2 * json.len(), "{words}"),
        Ok(explanation) => {
            match read(json.as_bytes()) {
                Read::Object(asked) => {
                    let callback = asked.one("callback").expect("one").expect("a callback");
                    assert!(callback.starts_with(['{', '"']), "{json}");
                }
                Read::Unclear => {}
                Read::Other | Read::Nothing => panic!("taken by us alone: {json}"),
            }
            let told: Value = serde_json::from_str(&explanation.to_json()).expect("JSON");
            assert_eq!(told["action"], explanation.decision.action.name());
        }
    }
}
