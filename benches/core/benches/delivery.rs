//! `cargo bench -p core-benches`: what the parts of a delivery cost natively, and all of it.

#![expect(clippy::expect_used, reason = "what fails must not be measured")]

use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use core_benches::{KEY, NEXT_KEY, NOW, URL, World, callback, settings, token};
use criterion::{BenchmarkId, Criterion, Throughput};
use workflow_redrive::callback::{CallbackHeaders, Failure, FailureReader};
use workflow_redrive::http_url::HttpUrl;
use workflow_redrive::lineage::Lineage;
use workflow_redrive::policy::{Action, Policy};
use workflow_redrive::recovery::{Admission, Arrival, Outcome};
use workflow_redrive::signature::{BodyDigest, KeySet, SignatureError, SigningKey};

const SIZES: [(&str, usize); 3] = [("2 KB", 2048), ("64 KB", 65_536), ("1 MB", 1 << 20)];

fn verify(bench: &mut Criterion) {
    let key = |key| SigningKey::new(key).expect("a key");
    let keys = KeySet::new(key(KEY), key(NEXT_KEY));
    let url = HttpUrl::parse(URL).expect("a URL");
    let body = callback(2048);
    let check = |token: &str| keys.verify(black_box(token), &url, NOW, Duration::ZERO);
    let (good, forged) = (token(KEY, &body), token("sig_of_somebody_else", &body));
    assert!(check(&good).is_ok_and(|claims| claims.verify_body(BodyDigest::of(&body)).is_ok()));
    assert_eq!(check(&forged), Err(SignatureError::Key));
    let mut group = bench.benchmark_group("token");
    group.bench_function("good", |bench| bench.iter(|| check(&good)));
    group.bench_function("forged", |bench| bench.iter(|| check(&forged)));
    group.finish();
}

fn read(body: &[u8]) -> Failure {
    let mut reader = FailureReader::new(CallbackHeaders::default());
    reader.push(black_box(body));
    reader.finish(NOW).expect("a callback")
}

fn callbacks(bench: &mut Criterion) {
    let mut group = bench.benchmark_group("callback");
    for (name, length) in SIZES {
        let body = callback(length);
        assert_eq!(body.len(), length);
        group.throughput(Throughput::Bytes(length as u64));
        group
            .bench_with_input(BenchmarkId::new("read", name), &body, |bench, body| bench.iter(|| read(body)));
    }
    group.finish();
}

fn decide(bench: &mut Criterion) {
    let policy = Policy::default();
    let failure = read(&callback(2048));
    let lineage = Lineage::root(failure.run_id.clone(), NOW);
    let decide = || policy.decide(black_box(&failure), &lineage, NOW, 0);
    assert_eq!(decide().action, Action::Resume);
    bench.bench_function("decide", |bench| bench.iter(decide));
}

/// As a shell does it, from the token to the conclusion; only the calls take no time.
fn deliveries(bench: &mut Criterion) {
    let settings = settings().expect("settings");
    let mut group = bench.benchmark_group("delivery");
    for (name, length) in SIZES {
        let body = callback(length);
        let arrival =
            Arrival { url: URL.to_owned(), signature: Some(token(KEY, &body)), ..Arrival::default() };
        let deliver = || {
            let admission = Admission::check(&settings, black_box(&arrival), NOW).expect("a good token");
            let mut reader = FailureReader::new(CallbackHeaders::default());
            reader.push(black_box(&body));
            let failure = reader.finish(NOW);
            let recovery = admission.recover(&settings.policy, BodyDigest::of(&body), failure, &World);
            match pin!(recovery).poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(conclusion) => conclusion,
                Poll::Pending => unreachable!("the world has no delay"),
            }
        };
        assert!(matches!(deliver().outcome, Ok(Outcome::Resumed(_))), "{:?}", deliver());
        group.throughput(Throughput::Bytes(length as u64));
        group.bench_function(name, |bench| bench.iter(deliver));
    }
    group.finish();
}

fn main() {
    let mut bench = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    for part in [verify, callbacks, decide, deliveries] {
        part(&mut bench);
    }
    bench.final_summary();
}
