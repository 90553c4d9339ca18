//! Policies that are longer than anybody writes.

#![expect(clippy::disallowed_methods, reason = "these tests run natively, where there is a clock")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::*;

const COUNT: usize = 10_000;

fn large() -> String {
    let mut json = String::from(r#"{"rules": ["#);
    for index in 0..COUNT {
        write!(
            json,
            r#"{{"name": "rule {index}", "when": {{"url": "https://shop{index}.example/*", "status": ["5xx", 429],
                "regex": "bank {index} (timed out|is down)", "attempt": "1-"}}, "action": "resume",
                "overrides": {{"retries": 1, "label": "{{target}}"}}}},"#
        )
        .unwrap();
    }
    json.pop();
    json.push_str("]}");
    json
}

/// The bounds are those of a machine that is busy with other things, and of a build without optimisation; what takes time
/// in the square of the rules takes minutes here.
#[test]
fn ten_thousand_rules_are_read_and_asked() {
    let json = large();
    let began = Instant::now();
    let policy = Policy::from_json(&json).unwrap();
    assert!(began.elapsed() < Duration::from_secs(10), "read in {:?}", began.elapsed());
    assert_eq!(policy.rules.len(), COUNT + 4);

    let began = Instant::now();
    let failure = read("https://shop9999.example/order", 503, None);
    assert_eq!(decide(&policy, &failure, &lineage(0, 0)).rule, "transient");
    assert!(began.elapsed() < Duration::from_secs(2), "asked in {:?}", began.elapsed());

    let began = Instant::now();
    let explanation = policy.explain(&failure, &lineage(0, 0), NOW);
    assert_eq!(explanation.passed.len(), COUNT + 2);
    assert!(began.elapsed() < Duration::from_secs(10), "explained in {:?}", began.elapsed());
}
