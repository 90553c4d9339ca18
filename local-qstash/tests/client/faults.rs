//! Bulk jobs over a network that loses 5 % of all requests or answers, while the service refuses 5 % and breaks at 5 %.

use serde_json::json;
use workflow_redrive::client::{Action, BulkJob, Client, Patience, Scope};
use workflow_redrive::dlq::Overrides;

use std::time::Duration;

use crate::world::{Service, Trick, Weather, block_on};

const ROUGH: Weather = Weather { dropped: 50, limited: 50, broken: 50 };

/// More attempts than the weather can spoil.
fn patient(service: &Service) -> Client<&Service> {
    service.client().with_patience(Patience::DEFAULT.with_bounds(12, Duration::from_mins(10)))
}

/// Runs a job over `count` entries to its end; the entries done after each step, and requests sent.
fn run(service: &Service, action: Action, count: usize) -> (Vec<u64>, u64) {
    service.plant(json!({ "count": count, "workflowUrl": "https://app.example/flow" }));
    let client = patient(service);
    let mut job = BulkJob::new(action, Scope::All);
    let mut progress = Vec::new();
    while let Some(step) = block_on(job.next(&client)) {
        let step = step.unwrap();
        assert_eq!(step.acted.stopped, None);
        assert!(
            step.acted.ambiguous.is_empty() && step.acted.refused.is_empty() && step.acted.gone.is_empty()
        );
        progress.push(step.totals.done);
    }
    (progress, service.requests.get())
}

#[test]
fn ten_thousand_entries_are_each_resumed_exactly_once_in_rough_weather() {
    let service = Service::new(&[]).with_weather(ROUGH, 42);
    let (progress, requests) = run(&service, Action::Resume(Overrides::default()), 10_000);
    let acts = service.acts("resumed");
    assert_eq!(acts.len(), 10_000);
    assert!(acts.values().all(|times| *times == 1), "an entry was resumed twice");
    assert_eq!((progress.len(), progress.first(), progress.last()), (100, Some(&100), Some(&10_000)));
    assert!(progress.windows(2).all(|pair| pair[0] < pair[1]));
    // 30 per 1,000 in good weather: 10 lists and 20 resumes. The rest are repeats and looks.
    assert!((301..450).contains(&requests), "{requests} requests");
}

#[test]
fn good_weather_takes_30_requests_per_thousand_entries() {
    let service = Service::new(&[]);
    let (_, requests) = run(&service, Action::Resume(Overrides::default()), 1000);
    // And one look whether anything was left over.
    assert_eq!((requests, service.waited.get()), (31, Duration::ZERO));
}

#[test]
fn whatever_is_lost_each_entry_is_acted_on_once() {
    for seed in 0..10 {
        for (action, kind) in [
            (Action::Resume(Overrides::default()), "resumed"),
            (Action::Restart(Overrides::default()), "restarted"),
            (Action::Delete, "dlq_deleted"),
        ] {
            for switches in [
                &[("list-order", "earliest"), ("cursor-end", "absent")],
                &[("list-order", "latest"), ("cursor-end", "empty")],
            ] {
                let weather = Weather { dropped: 200, limited: 100, broken: 150 };
                let service = Service::new(switches).with_weather(weather, seed);
                let (progress, _) = run(&service, action.clone(), 130);
                assert_eq!(progress.last(), Some(&130), "seed {seed}");
                let acts = service.acts(kind);
                assert_eq!(acts.len(), 130, "seed {seed}");
                assert!(acts.values().all(|times| *times == 1), "seed {seed}");
            }
        }
    }
}

#[test]
fn where_entries_stay_a_lost_answer_is_ambiguous_and_nothing_is_done_twice() {
    for seed in 0..5 {
        let switches = &[("entry-on-resume", "kept"), ("second-resume", "new-run")];
        let service = Service::new(switches).with_weather(ROUGH, seed);
        service.plant(json!({ "count": 1030 }));
        // The first page and its first answer arrive: then the client has a witness.
        service.trick(&[Trick::Pass, Trick::Pass]);
        let client = patient(&service);
        let mut job = BulkJob::new(Action::Resume(Overrides::default()), Scope::All);
        while let Some(step) = block_on(job.next(&client)) {
            assert_eq!(step.unwrap().acted.stopped, None);
        }
        let (totals, acts) = (job.totals(), service.acts("resumed"));
        assert_eq!(totals.done + totals.ambiguous, 1030, "seed {seed}");
        assert!(acts.values().all(|times| *times == 1), "seed {seed}");
        assert!(acts.len() as u64 >= totals.done, "seed {seed}");
    }
}
