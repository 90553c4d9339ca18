//! Filters select what they say and nothing else.

use serde_json::json;
use workflow_redrive::client::{Action, BulkJob, Scope};
use workflow_redrive::dlq::{
    CallbackState, Filter, FilterBuilder, FlowControlKey, Label, List, Overrides, ResumeMany,
};
use workflow_redrive::http_url::HttpUrl;
use workflow_redrive::ids::{DlqId, RunId};
use workflow_redrive::time::Timestamp;

use crate::world::{Service, block_on};

/// Four entries that differ in everything.
fn planted(service: &Service) -> Vec<DlqId> {
    let plant = |n: u64, state: &str| {
        service.pass_time(1000);
        let entry = json!({
            "workflowRunId": format!("wfr_{n}"), "workflowUrl": format!("https://app{n}.example/flow"),
            "labels": [format!("label{n}"), "all"], "callerIp": format!("203.0.113.{n}"),
            "flowControlKey": format!("key{n}"), "workflowCreatedAt": 1_600_000_000_000 + n,
            "failureFunctionState": state, "failureCallback": "https://redrive.example/",
        });
        service.plant(entry).remove(0)
    };
    vec![
        plant(0, "CALLBACK_FAIL"),
        plant(1, "CALLBACK_SUCCESS"),
        plant(2, "CALLBACK_CANCELED"),
        plant(3, "CALLBACK_INPROGRESS"),
    ]
}

#[test]
fn every_criterion_selects_and_its_values_are_alternatives() {
    let service = Service::new(&[]);
    let ids = planted(&service);
    let of = |numbers: &[usize]| numbers.iter().map(|n| ids[*n].clone()).collect::<Vec<_>>();
    let url = |n: usize| HttpUrl::parse(&format!("https://app{n}.example/flow")).unwrap();
    let label = |text: &str| Label::new(text).unwrap();
    let key = |n: usize| FlowControlKey::new(format!("key{n}")).unwrap();
    let new = Filter::builder;
    let failed_at = |n: u64| Timestamp::from_millis(1_700_000_000_000 + (n + 1) * 1000);
    let cases: Vec<(FilterBuilder, Vec<DlqId>)> = vec![
        (new().workflow_url(url(0)), of(&[0])),
        (new().workflow_url(url(0)).workflow_url(url(2)), of(&[0, 2])),
        (new().run_id(RunId::new("wfr_1").unwrap()), of(&[1])),
        (new().workflow_created_at(Timestamp::from_millis(1_600_000_000_003)), of(&[3])),
        (new().label(label("label1")), of(&[1])),
        (new().label(label("label1")).label(label("label3")), of(&[1, 3])),
        (new().label(label("all")), of(&[0, 1, 2, 3])),
        (new().callback_state(CallbackState::Failed).callback_state(CallbackState::Canceled), of(&[0, 2])),
        (new().caller_ip("203.0.113.1").caller_ip("203.0.113.2"), of(&[1, 2])),
        (new().flow_control_key(key(0)).flow_control_key(key(3)), of(&[0, 3])),
        (new().from(failed_at(1)).to(failed_at(2)), of(&[1, 2])),
        (new().from(failed_at(3)), of(&[3])),
        (new().label(label("all")).workflow_url(url(2)), of(&[2])),
        (new().label(label("label1")).workflow_url(url(2)), of(&[])),
    ];
    for (builder, expected) in cases {
        let filter = builder.clone().build().unwrap();
        let page = block_on(service.client().call(&List::matching(filter.clone()))).unwrap();
        assert!(page.entries.iter().all(|entry| filter.matches(entry)), "{builder:?}");
        let listed: Vec<DlqId> = page.entries.into_iter().map(|entry| entry.dlq_id).collect();
        assert_eq!(listed, expected, "{builder:?}");
        // The same by a bulk call, in a world of its own.
        let service = Service::new(&[]);
        planted(&service);
        let resumed =
            block_on(service.client().call(&ResumeMany::new(filter, Overrides::default()))).unwrap();
        assert_eq!(resumed.runs.len(), expected.len(), "{builder:?}");
        assert_eq!(service.acts("resumed").into_keys().collect::<Vec<_>>().len(), expected.len());
    }
}

#[test]
fn a_job_for_one_run_leaves_the_runs_alone_whose_ids_begin_with_its_own() {
    let service = Service::new(&[]);
    let wanted = service.plant(json!({ "workflowRunId": "wfr_1" }));
    service.plant(json!({ "workflowRunId": "wfr_10" }));
    service.plant(json!({ "workflowRunId": "wfr_11" }));
    let filter = Filter::builder().run_id(RunId::new("wfr_1").unwrap()).build().unwrap();
    let client = service.client();
    let mut job = BulkJob::new(Action::Restart(Overrides::default()), Scope::Filter(Box::new(filter)));
    while let Some(step) = block_on(job.next(&client)) {
        step.unwrap();
    }
    assert_eq!(service.acts("restarted").into_keys().collect::<Vec<_>>(), [wanted[0].to_string()]);
}
