//! Bulk jobs as actors: whatever is lost or restarted, the counts add up and nothing is resumed twice.

use std::time::Duration;

use serde_json::{Value, json};
use workflow_redrive::client::World;

use crate::office::Actors;
use crate::world::{Service, Trick, Weather, block_on};

fn count(job: &Value, name: &str) -> u64 {
    job["counts"][name].as_u64().unwrap()
}

fn plant(service: &Service, count: usize) {
    service.plant(json!({ "count": count, "workflowUrl": "https://app.example/flow", "labels": ["night"] }));
}

fn all(more: &Value) -> Value {
    let mut order = json!({ "action": "resume", "all": true });
    order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    order
}

fn never(_: &Value) -> bool {
    false
}

/// Every entry was acted on once at most.
fn acts(service: &Service, kind: &str) -> usize {
    let acts = service.acts(kind);
    assert!(acts.values().all(|times| *times == 1), "an entry was acted on twice");
    acts.len()
}

#[test]
fn what_matches_at_the_start_is_resumed_and_nothing_else() {
    let service = Service::new(&[]);
    plant(&service, 230);
    service.plant(json!({ "count": 30, "labels": ["day"] }));
    let actors = Actors::new(&service);
    let (status, job) = actors.start("a", &json!({ "action": "resume", "filter": { "label": "night" } }));
    assert_eq!((status, job["state"].as_str()), (201, Some("listing")));
    service.pass_time(1000);
    // These fail after the start.
    plant(&service, 20);
    let job = actors.work("a", never);
    assert_eq!(
        (job["state"].as_str(), count(&job, "found"), count(&job, "resumed")),
        (Some("done"), 230, 230)
    );
    assert_eq!(acts(&service, "resumed"), 230);
    let items = actors.items("a");
    assert_eq!(items.len(), 230);
    assert!(
        items
            .iter()
            .all(|item| item["state"] == "resumed" && item["runId"].as_str().unwrap().starts_with("wfr_"))
    );
    // Listed twice, for three pages could have shifted; then five calls of up to 50.
    assert_eq!(actors.sent.borrow().len(), 3 + 3 + 5);
}

#[test]
fn whatever_is_lost_and_whenever_it_is_restarted_each_entry_is_acted_on_once() {
    for seed in 0..6 {
        for (action, kind) in [("resume", "resumed"), ("restart", "restarted")] {
            for switches in [
                &[("list-order", "earliest"), ("cursor-end", "absent"), ("bulk-missing-id", "404-all")],
                &[("list-order", "latest"), ("cursor-end", "empty"), ("bulk-missing-id", "act-on-rest")],
            ] {
                let weather = Weather { dropped: 150, limited: 100, broken: 100 };
                let service = Service::new(switches).with_weather(weather, seed);
                plant(&service, 330);
                let actors = Actors::new(&service);
                actors.restarts.set(150);
                actors.start("a", &json!({ "action": action, "all": true }));
                let job = actors.work("a", never);
                assert_eq!(job["state"], "done", "seed {seed}: {job}");
                assert_eq!((count(&job, "found"), count(&job, "resumed")), (330, 330), "seed {seed}: {job}");
                assert_eq!(acts(&service, kind), 330, "seed {seed}");
            }
        }
    }
}

#[test]
fn an_errand_that_never_returned_is_settled_by_looking() {
    let service = Service::new(&[]);
    plant(&service, 100);
    let actors = Actors::new(&service);
    actors.start("a", &all(&json!({})));
    actors.work("a", |job| count(job, "resumed") == 50);
    // Sent, done, and the actor is restarted before it hears of it.
    let errand = actors.within("job-a", |office, role| role.errand(office)).unwrap();
    drop(actors.run(errand));
    assert_eq!((count(&actors.look("a"), "left"), acts(&service, "resumed")), (50, 100));
    let calls = actors.sent.borrow().len();
    let job = actors.work("a", never);
    assert_eq!((job["state"].as_str(), count(&job, "resumed"), count(&job, "gone")), (Some("done"), 100, 0));
    let sent = actors.sent.borrow();
    let after = &sent[calls..];
    assert!(after.iter().all(|(_, request)| request.contains("GET")), "{after:?}");
    assert_eq!(acts(&service, "resumed"), 100);
}

#[test]
fn entries_that_others_took_meanwhile_are_gone() {
    for missing in ["404-all", "act-on-rest"] {
        let service = Service::new(&[("bulk-missing-id", missing)]);
        let ids = service.plant(json!({ "count": 120 }));
        let actors = Actors::new(&service);
        actors.start("a", &all(&json!({})));
        actors.work("a", |job| job["state"] == "running");
        for id in ids.iter().step_by(3) {
            block_on(service.client().delete(&workflow_redrive::dlq::DeleteEntry::new(id.clone()))).unwrap();
        }
        let job = actors.work("a", never);
        let told = (count(&job, "found"), count(&job, "resumed") + count(&job, "gone"), count(&job, "left"));
        assert_eq!(told, (120, 120, 0), "{missing}: {job}");
        assert_eq!(acts(&service, "resumed"), 80, "{missing}");
        if missing == "404-all" {
            assert_eq!(count(&job, "gone"), 40);
            let gone = actors.items("a").iter().filter(|item| item["state"] == "gone").count();
            assert_eq!(gone, 40);
        }
    }
}

#[test]
fn a_second_start_is_refused_and_shows_the_first() {
    let service = Service::new(&[]);
    plant(&service, 10);
    let actors = Actors::new(&service);
    assert_eq!(actors.start("a", &all(&json!({ "ceiling": 4 }))).0, 201);
    let wakes = actors.within("job-a", |office, role| role.wakes(office));
    assert_eq!(wakes, Some(actors.now()), "no runtime sets an alarm for 1970");
    let (status, reply) = actors.start("a", &all(&json!({})));
    assert_eq!((status, reply["job"]["order"]["ceiling"].as_u64()), (409, Some(4)), "{reply}");
    assert!(reply["error"].as_str().unwrap().contains("accepted is an id that no job has"));
    let job = actors.work("a", never);
    assert_eq!((count(&job, "found"), count(&job, "resumed")), (4, 4));
    assert_eq!(job["more"], true);
    assert_eq!(actors.start("a", &all(&json!({}))).0, 409);
    for what in ["look", "pause", "resume", "cancel"] {
        assert_eq!(actors.ask("b", what).0, 404);
    }
    assert_eq!(actors.start("c", &json!({ "action": "resume" })).0, 400);
    assert_eq!(actors.ask("c", "look").0, 404);
}

#[test]
fn a_dry_run_lists_and_does_nothing() {
    let service = Service::new(&[]);
    plant(&service, 130);
    let actors = Actors::new(&service);
    actors.start("a", &all(&json!({ "dry_run": true })));
    let job = actors.work("a", never);
    assert_eq!((job["state"].as_str(), count(&job, "found"), count(&job, "left")), (Some("done"), 130, 130));
    assert_eq!(acts(&service, "resumed"), 0);
}

#[test]
fn nothing_happens_while_it_is_paused_and_it_goes_on_where_it_was() {
    let service = Service::new(&[]);
    plant(&service, 400);
    let actors = Actors::new(&service);
    actors.start("a", &all(&json!({})));
    actors.work("a", |job| count(job, "resumed") >= 100);
    let (status, job) = actors.ask("a", "pause");
    assert_eq!((status, job["state"].as_str()), (200, Some("paused")));
    let requests = service.requests.get();
    for _ in 0..10 {
        service.pass_time(60_000);
        actors.one_errand("job-a");
    }
    assert_eq!((service.requests.get(), acts(&service, "resumed")), (requests, 100));
    assert_eq!(actors.ask("a", "pause").0, 200);
    assert_eq!(actors.ask("a", "resume").1["state"], "running");
    assert_eq!(count(&actors.work("a", never), "resumed"), 400);
    assert_eq!(acts(&service, "resumed"), 400);
    assert_eq!(actors.ask("a", "pause").0, 409);
    assert_eq!(actors.ask("a", "resume").0, 409);
}

#[test]
fn a_pause_or_an_end_amid_a_call_waits_for_what_came_of_it() {
    for (what, state) in [("pause", "paused"), ("cancel", "cancelled")] {
        for trick in [Trick::Pass, Trick::LostBefore, Trick::LostAfter, Trick::BrokenAfter, Trick::Limited] {
            let service = Service::new(&[]);
            plant(&service, 300);
            let actors = Actors::new(&service);
            actors.start("a", &all(&json!({})));
            actors.work("a", |job| count(job, "resumed") == 100);
            let errand = actors.within("job-a", |office, role| role.errand(office)).unwrap();
            let (_, job) = actors.ask("a", what);
            assert_eq!((job["state"].as_str(), job["asked"].as_str()), (Some("running"), Some(what)));
            service.trick(&[trick]);
            let workflow_redrive::durable::Errand::Api { request, .. } = errand else { panic!("{errand:?}") };
            let answer = block_on(World::send(&&service, request, Duration::from_secs(10)));
            actors.within("job-a", |office, role| role.returned(office, answer));
            let job = actors.work("a", never);
            assert_eq!(job["state"], state, "{trick:?}");
            let resumed = acts(&service, "resumed") as u64;
            if what == "cancel" {
                assert_eq!(
                    (count(&job, "resumed"), count(&job, "left")),
                    (resumed, 300 - resumed),
                    "{trick:?}"
                );
                assert_eq!(actors.ask("a", "resume").0, 409);
            }
            if what == "pause" {
                assert_eq!(actors.ask("a", "resume").0, 200);
                assert_eq!(count(&actors.work("a", never), "resumed"), 300, "{trick:?}");
                assert_eq!(acts(&service, "resumed"), 300);
            }
        }
    }
}

#[test]
fn a_cancelled_job_adds_up_whenever_it_was_cancelled() {
    for seed in 0..40 {
        let weather = Weather { dropped: 150, limited: 100, broken: 100 };
        let service = Service::new(&[]).with_weather(weather, seed);
        plant(&service, 300);
        let actors = Actors::new(&service);
        actors.restarts.set(100);
        actors.start("a", &all(&json!({})));
        for _ in 0..seed {
            if !actors.one_errand("job-a") {
                service.pass_time(1000);
            }
        }
        actors.ask("a", "cancel");
        let job = actors.work("a", never);
        if job["state"] == "cancelled" {
            let resumed = acts(&service, "resumed") as u64;
            assert_eq!(count(&job, "resumed"), resumed, "seed {seed}: {job}");
        }
        let requests = service.requests.get();
        service.pass_time(3_600_000);
        for _ in 0..5 {
            actors.one_errand("job-a");
        }
        assert_eq!(service.requests.get(), requests, "seed {seed}");
    }
}

#[test]
fn the_rate_is_kept_in_any_span_whatever_goes_wrong() {
    for (rate, entries, span) in [("per_second", 70, 1000), ("per_minute", 90, 60_000)] {
        let service = Service::new(&[]).with_weather(Weather { dropped: 50, limited: 50, broken: 50 }, 7);
        plant(&service, 1000);
        let actors = Actors::new(&service);
        actors.start("a", &all(&json!({ "rate": { rate: entries } })));
        let started = actors.now();
        assert_eq!(count(&actors.work("a", never), "resumed"), 1000);
        let times: Vec<u64> = service
            .engine
            .borrow()
            .timeline(0)
            .iter()
            .filter(|event| event["kind"] == "resumed")
            .map(|event| event["at"].as_u64().unwrap())
            .collect();
        for (n, time) in times.iter().enumerate() {
            let within = times[n..].iter().take_while(|later| **later < time + span).count();
            assert!(within <= entries, "{within} in one span from {time}");
        }
        // And it is used.
        let least = 1000 / entries as u64 * span;
        let took = u64::try_from(actors.now().since(started).as_millis()).unwrap();
        assert!((least * 8 / 10..least * 2).contains(&took), "{took} ms, {least} at best");
    }
}

/// Fails so many of the runs that a canary has brought back, and lets the others succeed.
fn canary(failed_share: f64, outcome: impl Fn(usize) -> bool) -> (Value, usize) {
    let service = Service::new(&[]);
    plant(&service, 500);
    let actors = Actors::new(&service);
    let order = all(&json!({ "canary": { "count": 20, "wait": "5m", "max_failed_share": failed_share } }));
    actors.start("a", &order);
    let job = actors.work("a", |job| job["state"] == "waiting");
    assert_eq!((count(&job, "resumed"), acts(&service, "resumed")), (20, 20));
    let until = job["until"].as_u64().unwrap();
    assert!(until > actors.now().as_millis() + 290_000, "{job}");
    service.end_runs(outcome);
    let job = actors.work("a", |job| job["state"] != "waiting");
    assert!(actors.now().as_millis() >= until);
    if job["state"] == "halted" {
        let (resumed, requests) = (acts(&service, "resumed"), service.requests.get());
        service.pass_time(3_600_000);
        while actors.one_errand("job-a") {}
        assert_eq!((acts(&service, "resumed"), service.requests.get()), (resumed, requests));
        return (job, resumed);
    }
    let job = actors.work("a", never);
    (job, acts(&service, "resumed"))
}

#[test]
fn a_canary_that_does_well_is_followed_by_all_others_and_one_that_fails_by_none() {
    let (job, resumed) = canary(0.1, |n| n < 2);
    assert_eq!((job["state"].as_str(), resumed), (Some("done"), 500), "{job}");
    assert_eq!(job["canary"], json!({ "known": 20, "failed": 2 }));
    let (job, resumed) = canary(0.1, |n| n < 3);
    assert_eq!((job["state"].as_str(), resumed), (Some("halted"), 20), "{job}");
    assert!(job["reason"].as_str().unwrap().contains("3 of 20 have failed again"), "{job}");
    assert_eq!(canary(0.0, |n| n == 19).0["state"], "halted");
}

#[test]
fn a_halted_job_goes_on_only_when_a_person_says_so() {
    let service = Service::new(&[]);
    plant(&service, 60);
    let actors = Actors::new(&service);
    actors.start("a", &all(&json!({ "canary": { "count": 5, "wait": "1m", "max_failed_share": 0 } })));
    actors.work("a", |job| job["state"] == "waiting");
    service.end_runs(|_| true);
    let job = actors.work("a", never);
    assert_eq!(job["state"], "halted", "{job}");
    assert_eq!(actors.ask("a", "resume").1["state"], "running");
    let job = actors.work("a", never);
    assert_eq!((job["state"].as_str(), count(&job, "resumed")), (Some("done"), 60));
    assert_eq!(job["reason"], Value::Null);
}

#[test]
fn a_rate_limit_is_waited_for_and_a_service_that_stays_broken_fails_the_job() {
    let service = Service::new(&[]);
    plant(&service, 60);
    let actors = Actors::new(&service);
    actors.start("a", &all(&json!({})));
    actors.work("a", |job| job["state"] == "running");
    service.trick(&[Trick::Limited; 3]);
    let before = actors.now();
    let job = actors.work("a", |job| count(job, "resumed") > 0);
    assert_eq!(count(&job, "resumed"), 50);
    assert!(actors.now().since(before) >= Duration::from_secs(2));
    service.trick(&[Trick::BrokenBefore; 100]);
    let before = actors.now();
    let job = actors.work("a", never);
    assert_eq!(job["state"], "failed", "{job}");
    assert!(job["reason"].as_str().unwrap().contains("500"), "{job}");
    assert!(actors.now().since(before) >= Duration::from_mins(1), "{:?}", actors.now().since(before));
    assert_eq!((count(&job, "left"), count(&job, "failed")), (0, 10), "where no look succeeds, nobody knows");
}

#[test]
fn a_wrong_token_fails_the_job_which_goes_on_once_that_is_mended() {
    let service = Service::new(&[]).with_token("somebody-elses");
    let actors = Actors::new(&service);
    actors.start("a", &all(&json!({})));
    let job = actors.work("a", never);
    assert_eq!(job["state"], "failed");
    assert!(job["reason"].as_str().unwrap().contains("QSTASH_TOKEN"), "{job}");
    assert_eq!(service.requests.get(), 1);
    assert_eq!(actors.ask("a", "pause").0, 409);
    assert_eq!(actors.ask("a", "resume").1["state"], "listing");
    assert_eq!(actors.work("a", never)["state"], "failed");
    assert_eq!(actors.ask("a", "cancel").1["state"], "cancelled");
}

#[test]
fn the_index_knows_every_job_and_all_is_forgotten_in_time() {
    let service = Service::new(&[]);
    plant(&service, 120);
    let actors = Actors::new(&service);
    for id in ["a", "b", "c"] {
        actors.start(id, &all(&json!({ "ceiling": 10 })));
        actors.work(id, never);
        while actors.one_errand(&format!("job-{id}")) {}
        service.pass_time(1000);
    }
    let list = |query: Value| actors.tell("jobs", &query).1;
    let jobs = list(json!({ "do": "list" }));
    let told: Vec<_> = jobs["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| (job["id"].as_str(), job["state"].as_str()))
        .collect();
    assert_eq!(told, [(Some("c"), Some("done")), (Some("b"), Some("done")), (Some("a"), Some("done"))]);
    let page = list(json!({ "do": "list", "limit": 2 }));
    let next = list(json!({ "do": "list", "limit": 2, "cursor": page["cursor"] }));
    assert_eq!((next["jobs"][0]["id"].as_str(), next["cursor"].as_str()), (Some("a"), None));

    service.pass_time(30 * 24 * 3_600_000);
    for actor in ["job-a", "job-b", "job-c", "jobs"] {
        assert!(!actors.one_errand(actor));
        assert!(
            actors.within(actor, |office, role| role.wakes(office)).is_none_or(|wakes| wakes > actors.now())
        );
    }
    assert_eq!(actors.ask("a", "look").0, 404);
    assert_eq!(actors.within("job-a", |office, _| office.records.scan("", "", 9).len()), 0);
    assert_eq!(list(json!({ "do": "list" }))["jobs"], json!([]));
}
