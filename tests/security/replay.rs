//! Somebody who has recorded a callback on its way: what it is good for, where, and until when.

use core::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use workflow_redrive::recovery::Outcome;
use workflow_redrive::time::Timestamp;

use crate::common::{CURRENT, NOW, claims, sign};
use crate::world::{Delivery, URL, World, settings};

fn body() -> Value {
    json!({"status": 503, "url": "https://app.example/", "dlqId": "1-0", "workflowRunId": "wfr_1"})
}

fn recorded() -> Delivery {
    Delivery::signed(URL, &body())
}

fn at(world: &World, millis: i64) {
    world.now.set(Timestamp::from_millis(NOW.as_millis().checked_add_signed(millis).unwrap()));
}

#[test]
fn within_the_window_a_replay_gets_the_first_answer_and_nothing_is_sent_again() {
    let (settings, world, recorded) = (settings(&[]), World::new(), recorded());
    let first = recorded.arrives(&settings, &world);
    assert!(matches!(first.outcome, Ok(Outcome::Resumed(_))));
    for millis in [0, 1, 60_000, 304_999, -60_000] {
        at(&world, millis);
        let again = recorded.arrives(&settings, &world);
        assert_eq!((again.outcome, again.duplicate), (first.outcome.clone(), true), "{millis}");
    }
    assert_eq!(world.requests(), 1);
}

#[test]
fn beyond_the_window_it_is_good_for_nothing_even_on_a_worker_that_never_saw_it() {
    let (settings, world) = (settings(&[]), World::new());
    for millis in [305_000, 305_001, 3_600_000, 86_400_000] {
        at(&world, millis);
        assert_eq!(recorded().refusal(&settings, &world), "signature_expired", "{millis}");
    }
    assert_eq!(world.requests(), 0);
}

#[test]
fn a_token_that_does_not_say_when_it_ends_is_good_for_nothing() {
    let (settings, world) = (settings(&[]), World::new());
    let bytes = body().to_string().into_bytes();
    for (claim, value, code) in [
        ("exp", Value::Null, "signature_exp_claim"),
        ("exp", json!(-1), "signature_exp_claim"),
        ("exp", json!(1e18), "signature_exp_claim"),
        ("exp", json!("never"), "signature_exp_claim"),
        ("exp", json!([]), "signature_exp_claim"),
        ("nbf", json!(u64::MAX), "signature_not_yet_valid"),
        ("nbf", json!(-1), "signature_nbf_claim"),
    ] {
        let mut claims = claims(URL, &bytes);
        claims[claim] = value;
        let delivery = Delivery { token: sign(CURRENT, &claims), ..recorded() };
        assert_eq!(delivery.refusal(&settings, &world), code, "{claims}");
    }
}

#[test]
fn it_is_good_for_no_other_body_address_worker_or_region() {
    let regional = [
        ("US_EAST_1_QSTASH_TOKEN", "us"),
        ("US_EAST_1_QSTASH_CURRENT_SIGNING_KEY", "sig_us_current"),
        ("US_EAST_1_QSTASH_NEXT_SIGNING_KEY", "sig_us_next"),
    ];
    let (settings, world) = (settings(&regional), World::new());
    let with = |change: &dyn Fn(&mut Delivery)| {
        let mut delivery = recorded();
        change(&mut delivery);
        delivery.refusal(&settings, &world)
    };
    assert_eq!(with(&|delivery| delivery.body[10] ^= 1), "body_hash_mismatch");
    assert_eq!(with(&|delivery| delivery.body.push(b' ')), "body_hash_mismatch");
    assert_eq!(with(&|delivery| delivery.body.clear()), "body_hash_mismatch");
    assert_eq!(with(&|delivery| delivery.url.push_str("?redrive=0.1.wfr_1")), "signature_url_mismatch");
    assert_eq!(with(&|delivery| delivery.region = Some("US-EAST-1".to_owned())), "signature_mismatch");
    assert_eq!(with(&|delivery| delivery.region = Some("us_east_1".to_owned())), "signature_mismatch");
    let foreign =
        Delivery { url: URL.to_owned(), ..Delivery::signed("https://other-worker.example/", &body()) };
    assert_eq!(foreign.refusal(&settings, &world), "signature_url_mismatch");
    assert_eq!(world.requests(), 0);
    assert!(recorded().arrives(&settings, &world).outcome.is_ok(), "and it is good where it was meant for");
}

#[test]
fn who_chooses_the_host_of_a_request_chooses_nothing_where_the_public_url_is_set() {
    let (settings, world) = (settings(&[]), World::new());
    let foreign = Delivery::signed("https://other-worker.example/", &body());
    assert_eq!(foreign.refusal(&settings, &world), "signature_url_mismatch");
    let spoofed = Delivery { url: "https://evil.example/".to_owned(), ..recorded() };
    assert!(
        spoofed.arrives(&settings, &world).outcome.is_ok(),
        "QStash called the public URL, whatever the host here"
    );
    let sent = world.sent.borrow();
    let (_, callback) =
        sent[0].2.headers.iter().find(|(name, _)| *name == "Upstash-Failure-Callback").unwrap();
    assert!(callback.starts_with("https://redrive.example/?redrive=1."), "{callback}");
}

#[test]
fn a_lineage_cannot_be_taken_from_another_token_nor_be_set_back() {
    let (settings, world) = (settings(&[]), World::new());
    let exhausted = format!("{URL}?redrive=5.1792567000000.wfr_root");
    let delivery = Delivery::signed(&exhausted, &body());
    assert!(matches!(
        delivery.arrives(&settings, &world).outcome,
        Ok(Outcome::Parked { reason: "attempts_exhausted" })
    ));
    for url in [
        URL.to_owned(),
        format!("{URL}?redrive=0.1792567000000.wfr_root"),
        format!("{exhausted}&redrive=0.1.wfr_root"),
    ] {
        let delivery = Delivery { url, ..Delivery::signed(&exhausted, &body()) };
        assert_eq!(delivery.refusal(&settings, &world), "signature_url_mismatch");
    }
    assert_eq!(world.requests(), 0);
}

proptest! {
    /// However the clock steps, back or forth, between deliveries of one callback: one request at most.
    #[test]
    fn no_clock_makes_a_replay_act_twice(steps in prop::collection::vec(-400_000_i64..400_000, 1..20)) {
        let (settings, world, recorded) = (settings(&[]), World::new(), recorded());
        for millis in steps {
            at(&world, millis);
            let end = world.now.get() >= NOW.after(Duration::from_secs(305));
            prop_assert_eq!(recorded.arrives(&settings, &world).outcome.is_err(), end);
        }
        prop_assert!(world.requests() <= 1);
    }

    /// One character of the token or one byte of the body: the request is not QStash's any more.
    #[test]
    fn no_bit_of_it_can_be_changed(at in any::<prop::sample::Index>(), to in any::<u8>(), in_token in any::<bool>()) {
        let (settings, world) = (settings(&[]), World::new());
        let mut delivery = recorded();
        let mut bytes = if in_token { delivery.token.clone().into_bytes() } else { delivery.body.clone() };
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != to && (!in_token || to.is_ascii()));
        bytes[at] = to;
        if in_token {
            delivery.token = String::from_utf8(bytes).unwrap();
        } else {
            delivery.body = bytes;
        }
        delivery.refusal(&settings, &world);
    }
}
