//! Lineages through the recovery: counted on, kept within their limits, refused where they are not ours.

use serde_json::{Value, json};

use crate::common::NOW;
use crate::world::{Delivery, ENTRY, World, created};

/// The URL that the new run's failures are reported to.
fn next_callback(world: &World) -> String {
    let sent = world.sent();
    let header = sent[0].headers.iter().find(|(name, _)| *name == "Upstash-Failure-Callback");
    header.unwrap().1.clone()
}

fn parked(reason: &str, attempt: u32) -> (u16, Option<u64>, bool, Value) {
    let body = json!({
        "outcome": "parked", "reason": reason, "rule": "transient", "runId": "wfr_1", "dlqId": ENTRY,
        "rootRunId": "wfr_0", "attempt": attempt,
    });
    (200, None, false, body)
}

#[test]
fn a_descendant_counts_on_and_keeps_its_root_and_the_users_query() {
    let hour_ago = NOW.as_millis() - 3_600_000;
    let world = World::answering([created()]);
    let delivery = Delivery::new().query(&format!("a=1&redrive=2.{hour_ago}.wfr_0&b=%20x&b"));
    let (status, _, _, body) = delivery.reply(&world);
    assert_eq!((status, &body["attempt"], &body["rootRunId"]), (200, &json!(3), &json!("wfr_0")));
    assert_eq!(
        next_callback(&world),
        format!("https://redrive.example/?a=1&b=%20x&b&redrive=3.{hour_ago}.wfr_0")
    );
}

#[test]
fn a_url_without_query_gets_its_first_lineage_from_the_run_and_the_present() {
    let world = World::answering([created()]);
    let mut delivery = Delivery::new().with("workflowRunId", json!("wfr_ä&1"));
    delivery.called = "https://redrive.example/hooks/failed".to_owned();
    assert_eq!(delivery.reply(&world).0, 200);
    assert_eq!(
        next_callback(&world),
        "https://redrive.example/hooks/failed?redrive=1.1792567680000.wfr_%C3%A4%261"
    );
}

#[test]
fn a_lineage_counts_from_when_the_run_failed_however_late_its_callback_is_dealt_with() {
    let next_of = |entry: &str| {
        let world = World::answering([created()]);
        assert_eq!(Delivery::new().with("dlqId", json!(entry)).reply(&world).0, 200);
        next_callback(&world)
    };
    let now = NOW.as_millis();
    let (hour, day) = (3_600_000, 24 * 3_600_000);
    let from = |at: u64| format!("https://redrive.example/?team=a&redrive=1.{at}.wfr_1");
    assert_eq!(next_of(&format!("{}-7", now - hour)), from(now - hour));
    // What is no moment, or cannot be the one.
    let impossible = [format!("{}-7", now + hour), format!("{}-7", now - 100 * day), "7-0".to_owned()];
    for entry in impossible.iter().map(String::as_str).chain(["wfr-1", "1792567680000", "x1792567680000-0"]) {
        assert_eq!(next_of(entry), from(now), "{entry}");
    }
}

#[test]
fn the_fifth_attempt_is_the_last() {
    let query = |attempt: u32| format!("redrive={attempt}.{}.wfr_0", NOW.as_millis());
    let world = World::answering([created()]);
    assert_eq!(Delivery::new().query(&query(4)).reply(&world).3["attempt"], json!(5));
    for attempt in [5, 6, 1_000_000_000, u32::MAX] {
        let world = World::silent();
        let reply = Delivery::new().query(&query(attempt)).reply(&world);
        assert_eq!(reply, parked("attempts_exhausted", attempt));
        assert!(world.is_untouched());
    }
}

#[test]
fn a_lineage_older_than_its_budget_is_parked() {
    let world = World::silent();
    let day_ago = NOW.as_millis() - 86_400_000;
    for first_failed_at in [0, 1, day_ago] {
        let delivery = Delivery::new().query(&format!("redrive=1.{first_failed_at}.wfr_0"));
        assert_eq!(delivery.reply(&world), parked("elapsed_budget_spent", 1));
    }
    assert!(world.is_untouched());
}

#[test]
fn a_first_failure_in_the_future_is_kept_as_it_is() {
    let future = NOW.as_millis() + 31_536_000_000;
    let world = World::answering([created()]);
    let delivery = Delivery::new().query(&format!("redrive=1.{future}.wfr_0"));
    assert_eq!(delivery.reply(&world).3["outcome"], "resumed");
    assert_eq!(next_callback(&world), format!("https://redrive.example/?redrive=2.{future}.wfr_0"));
}

#[test]
fn a_lineage_that_we_did_not_write_ends_the_deliveries() {
    let message = "the callback URL's `redrive` parameter must be absent or stand once, as <attempt>.<epoch ms>.<run id>";
    let expected = json!({"error": {"code": "malformed_lineage", "message": message}});
    let world = World::silent();
    for query in [
        "redrive",
        "redrive=",
        "redrive=0",
        "redrive=-1.1.wfr_0",
        "redrive=4294967296.1.wfr_0",
        "redrive=0.1.",
        "redrive=0.1.wfr_0&redrive=0.1.wfr_0",
        "team=a&redrive=x",
    ] {
        let reply = Delivery::new().query(query).reply(&world);
        assert_eq!(reply, (489, None, true, expected.clone()), "{query}");
    }
    assert!(world.is_untouched());
}

#[test]
fn behind_a_proxy_the_public_url_is_what_was_signed_and_what_is_called_next() {
    let hidden = |public: Option<&str>| {
        let mut delivery = Delivery::new();
        delivery.called = "http://10.0.0.7:8787/internal?team=a".to_owned();
        delivery.signed = Some("https://redrive.example/hook?team=a".to_owned());
        match public {
            Some(public) => delivery.set("PUBLIC_URL", public),
            None => delivery,
        }
    };
    let world = World::answering([created()]);
    assert_eq!(hidden(Some("https://redrive.example/hook")).reply(&world).0, 200);
    assert_eq!(next_callback(&world), "https://redrive.example/hook?team=a&redrive=1.1792567680000.wfr_1");
    for public in [None, Some("https://redrive.example/other"), Some("https://redrive.example.org/hook")] {
        let world = World::silent();
        let (status, _, _, body) = hidden(public).reply(&world);
        assert_eq!((status, &body["error"]["code"]), (401, &json!("signature_url_mismatch")), "{public:?}");
    }
}
