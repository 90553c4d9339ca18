//! Each of the seven override headers, in each form of resume and restart.

use serde_json::json;
use workflow_redrive::dlq::{
    Call, FlowControl, FlowControlKey, FlowControlValue, GoDuration, Ids, Labels, Overrides, Restart,
    RestartMany, Resume, ResumeMany, RetryDelay,
};
use workflow_redrive::http_url::HttpUrl;
use workflow_redrive::ids::DlqId;

use crate::world::{Service, block_on};

/// Each override alone, with the headers that it is on the wire.
fn each_alone() -> [(Overrides, Vec<(&'static str, &'static str)>); 6] {
    let none = Overrides::default;
    let flow_control = FlowControl::new(
        FlowControlKey::new("partner").unwrap(),
        Some(FlowControlValue::parse("rate=5,parallelism=2").unwrap()),
    );
    [
        (none().with_retries(7), vec![("Upstash-Retries", "7")]),
        (none().with_delay(GoDuration::parse("90s").unwrap()), vec![("Upstash-Delay", "90s")]),
        (
            none().with_retry_delay(RetryDelay::parse("1000 * retried").unwrap()),
            vec![("Upstash-Retry-Delay", "1000 * retried")],
        ),
        (
            none().with_flow_control(flow_control),
            vec![
                ("Upstash-Flow-Control-Key", "partner"),
                ("Upstash-Flow-Control-Value", "parallelism=2, rate=5"),
            ],
        ),
        (none().with_labels(Labels::parse("a,b").unwrap()), vec![("Upstash-Label", "a,b")]),
        (
            none().with_failure_callback(HttpUrl::parse("https://redrive.example/?x=1").unwrap()),
            vec![("Upstash-Failure-Callback", "https://redrive.example/?x=1")],
        ),
    ]
}

/// Makes the call that `make` builds for a planted entry, once for each override; what arrives and what comes of it.
fn arrives<C: Call>(kind: &str, make: impl Fn(DlqId, Overrides) -> C) {
    for (overrides, expected) in each_alone() {
        let service = Service::new(&[]);
        let id = service.plant(json!({})).remove(0);
        block_on(service.client().call(&make(id, overrides))).unwrap();
        let arrived = service.arrived.borrow();
        let arrived: Vec<_> = arrived.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let upstash: Vec<_> = arrived.into_iter().filter(|(name, _)| name.starts_with("Upstash-")).collect();
        assert_eq!(upstash, expected, "{kind}");
        assert_eq!(service.acts(kind).len(), 1, "{kind} with {expected:?}");
    }
}

#[test]
fn one_entry_is_resumed_with_each_override() {
    arrives("resumed", Resume::new);
}

#[test]
fn one_entry_is_restarted_with_each_override() {
    arrives("restarted", Restart::new);
}

#[test]
fn many_entries_are_resumed_with_each_override() {
    arrives("resumed", |id, overrides| ResumeMany::new(Ids::new([id]).unwrap(), overrides));
}

#[test]
fn many_entries_are_restarted_with_each_override() {
    arrives("restarted", |id, overrides| RestartMany::new(Ids::new([id]).unwrap(), overrides));
}
