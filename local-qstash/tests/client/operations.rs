//! Every operation once, both ways that the service is known or supposed to answer.

use serde_json::json;
use workflow_redrive::client::{Action, Authentication, CallError, Revived};
use workflow_redrive::dlq::{
    ApiErrorKind, CallbackState, CancelCallback, ChangeFlowControl, DeleteEntry, DeleteMany, FindByRun,
    FlowControlChange, FlowControlKey, FlowControlValue, GetEntry, GetFlowControl, Ids, List, ListPath,
    Lookup, Overrides, Pages, Restart, RestartMany, Resume, ResumeMany, RetryCallback, RunRef, RunState,
    RunStates, Selection, SigningKeys, Unpin,
};
use workflow_redrive::ids::RunId;

use crate::world::{Service, Trick, block_on};

/// Both spellings of everything that documents disagree about.
const SPELLINGS: [&[(&str, &str)]; 2] = [
    &[
        ("created-at", "number"),
        ("label-field", "label"),
        ("state-field", "failureFunctionState"),
        ("cursor-end", "absent"),
    ],
    &[
        ("created-at", "string"),
        ("label-field", "labels"),
        ("state-field", "failureCallbackInfo"),
        ("cursor-end", "empty"),
    ],
];

#[test]
fn entries_read_the_same_in_every_spelling_and_from_both_lists() {
    for switches in SPELLINGS {
        let service = Service::new(switches);
        let ids = service.plant(json!({
            "count": 3, "labels": ["night"], "workflowCreatedAt": 1_699_999_999_000_u64, "workflowRunId": "wfr_p",
            "failureFunctionState": "CALLBACK_FAIL",
        }));
        let client = service.client();
        for path in [ListPath::Documented, ListPath::Sdk] {
            let mut pages = Pages::new(List::all().at(path).with_count(2));
            let mut entries = Vec::new();
            while let Some(call) = pages.next_call().unwrap() {
                let page = block_on(client.call(&call)).unwrap();
                pages.feed(&page);
                entries.extend(page.entries);
            }
            assert_eq!(
                entries.iter().map(|entry| &entry.dlq_id).collect::<Vec<_>>(),
                ids.iter().collect::<Vec<_>>()
            );
            for entry in &entries {
                assert_eq!(entry.labels, ["night"]);
                assert_eq!(entry.workflow_created_at.unwrap().as_millis(), 1_699_999_999_000);
                assert_eq!(entry.callback_state, Some(CallbackState::Failed));
                assert_eq!(*entry, block_on(client.call(&GetEntry::new(entry.dlq_id.clone()))).unwrap());
            }
        }
        let found = block_on(client.call(&FindByRun::new(RunId::new("wfr_p-1").unwrap()))).unwrap();
        assert!(matches!(found, Lookup::Found(entry) if entry.dlq_id == ids[1]));
    }
}

#[test]
fn both_authentications_are_accepted() {
    for authentication in [Authentication::Bearer, Authentication::Query] {
        let service = Service::new(&[]).authenticated_by(authentication);
        let ids = service.plant(json!({ "count": 2 }));
        let resume = Resume::new(ids[0].clone(), Overrides::default());
        assert!(block_on(service.client().resume(&resume, None)).is_ok());
        let page = block_on(service.client().call(&List::all())).unwrap();
        assert_eq!(page.entries.len(), 1);
    }
}

#[test]
fn a_single_run_is_resumed_and_restarted_and_its_state_can_be_seen() {
    let service = Service::new(&[]);
    let ids = service.plant(json!({ "count": 2 }));
    let client = service.client();
    let overrides = Overrides::default().with_retries(1);
    let resumed = block_on(client.resume(&Resume::new(ids[0].clone(), overrides.clone()), None)).unwrap();
    let restarted = block_on(client.restart(&Restart::new(ids[1].clone(), overrides), None)).unwrap();
    let created = [resumed, restarted].map(|revived| revived.created().cloned().unwrap());
    let states = RunStates::new(created.clone().map(RunRef::from)).unwrap();
    let runs = block_on(client.call(&states)).unwrap();
    assert_eq!(runs.len(), 2);
    for run in &runs {
        assert_eq!(run.state, RunState::Started);
        assert!(
            created
                .iter()
                .any(|created| created.run_id == run.run_id && created.created_at == run.created_at)
        );
    }
    assert_eq!((service.acts("resumed").len(), service.acts("restarted").len()), (1, 1));
    let again =
        block_on(client.resume(&Resume::new(ids[0].clone(), Overrides::default()), None)).unwrap_err();
    assert!(matches!(again, CallError::Failed { error, .. } if error.kind() == ApiErrorKind::NotFound));
}

#[test]
fn a_failed_run_shows_its_state_and_entry() {
    let service = Service::new(&[]);
    let ids = service.plant(json!({ "workflowRunId": "wfr_failed" }));
    let asked = RunRef::new(RunId::new("wfr_failed").unwrap(), None);
    let runs = block_on(service.client().call(&RunStates::new([asked]).unwrap())).unwrap();
    assert_eq!((runs[0].state, runs[0].dlq_id.as_ref()), (RunState::Failed, Some(&ids[0])));
}

#[test]
fn a_lost_resume_is_done_once_and_its_run_is_found() {
    let url = "https://app.example/flow";
    for (tricks, settled) in [
        (&[Trick::LostAfter][..], true),
        (&[Trick::BrokenAfter], true),
        (&[Trick::LostAfter, Trick::LostAfter, Trick::Limited, Trick::Pass], true),
        (&[Trick::LostBefore], false),
        (&[Trick::BrokenBefore, Trick::Pass, Trick::Limited], false),
    ] {
        let service = Service::new(&[]);
        let ids = service.plant(json!({ "workflowUrl": url }));
        service.pass_time(3_600_000);
        let client = service.client();
        let entry = block_on(client.call(&GetEntry::new(ids[0].clone()))).unwrap();
        service.trick(tricks);
        let revived =
            block_on(client.resume(&Resume::new(ids[0].clone(), Overrides::default()), Some(&entry)))
                .unwrap();
        assert_eq!(matches!(revived, Revived::Settled { .. }), settled, "{tricks:?}");
        let timeline = service.engine.borrow().timeline(0).to_vec();
        let run = timeline.iter().find(|event| event["kind"] == "resumed").unwrap();
        assert_eq!(revived.created().unwrap().run_id.as_str(), run["runId"].as_str().unwrap(), "{tricks:?}");
        assert_eq!(service.acts("resumed").into_values().collect::<Vec<_>>(), [1]);
    }
}

#[test]
fn one_entry_is_deleted_once() {
    let service = Service::new(&[]);
    let ids = service.plant(json!({ "count": 2 }));
    let client = service.client();
    service.trick(&[Trick::LostAfter]);
    assert_eq!(block_on(client.delete(&DeleteEntry::new(ids[0].clone()))), Ok(()));
    assert_eq!(block_on(client.delete(&DeleteEntry::new(ids[1].clone()))), Ok(()));
    assert!(block_on(client.delete(&DeleteEntry::new(ids[1].clone()))).is_err());
    assert_eq!(service.acts("dlq_deleted").len(), 2);
}

#[test]
fn bulk_calls_follow_their_cursor_to_the_end() {
    for switches in SPELLINGS {
        let service = Service::new(switches);
        let client = service.client();
        service.plant(json!({ "count": 120 }));
        let mut sizes = Vec::new();
        let mut pages = Pages::new(ResumeMany::new(Selection::All, Overrides::default()));
        while let Some(call) = pages.next_call().unwrap() {
            let page = block_on(client.call(&call)).unwrap();
            pages.feed(&page);
            sizes.push(page.runs.len());
        }
        assert_eq!(sizes, [50, 50, 20]);

        let ids = service.plant(json!({ "count": 70 }));
        let mut pages = Pages::new(RestartMany::new(Ids::new(ids).unwrap(), Overrides::default()));
        while let Some(call) = pages.next_call().unwrap() {
            pages.feed(&block_on(client.call(&call)).unwrap());
        }
        assert_eq!((pages.items(), service.acts("restarted").len()), (70, 70));

        service.plant(json!({ "count": 60 }));
        let mut pages = Pages::new(DeleteMany::new(Selection::All)).with_ceiling(55);
        while let Some(call) = pages.next_call().unwrap() {
            pages.feed(&block_on(client.call(&call)).unwrap());
        }
        assert_eq!((pages.items(), service.acts("dlq_deleted").len()), (55, 55));
    }
}

#[test]
fn a_missing_id_is_found_out_whatever_the_service_does_about_it() {
    for missing in ["404-all", "act-on-rest"] {
        let service = Service::new(&[("bulk-missing-id", missing)]);
        let mut ids = service.plant(json!({ "count": 3 }));
        let client = service.client();
        block_on(client.delete(&DeleteEntry::new(ids[1].clone()))).unwrap();
        ids.rotate_left(1);
        let acted =
            block_on(client.act(&Action::Resume(Overrides::default()), &Ids::new(ids.clone()).unwrap()));
        assert_eq!((acted.created.len(), acted.stopped), (2, None), "{missing}");
        assert_eq!(acted.done.len() + acted.settled.len() + acted.gone.len(), 3, "{missing}");
        assert_eq!(service.acts("resumed").len(), 2);
    }
}

#[test]
fn entries_that_stay_after_a_resume_are_not_resumed_twice() {
    let service = Service::new(&[("entry-on-resume", "kept")]);
    let ids = service.plant(json!({ "count": 4 }));
    let action = Action::Resume(Overrides::default());
    service.trick(&[Trick::LostAfter]);
    let acted = block_on(service.client().act(&action, &Ids::new(ids).unwrap()));
    assert_eq!((acted.settled.len(), acted.stopped), (4, None));
    assert!(service.acts("resumed").into_values().all(|times| times == 1));
    assert_eq!(service.acts("resumed").len(), 4);
}

#[test]
fn callbacks_are_retried_only_where_they_failed_and_cancelled_only_where_they_run() {
    let planted = |state: &str| {
        let service = Service::new(&[]);
        let ids = service
            .plant(json!({ "failureFunctionState": state, "failureCallback": "https://redrive.example/" }));
        (service, ids[0].clone())
    };
    let (service, id) = planted("CALLBACK_FAIL");
    let run = block_on(service.client().retry_callback(&RetryCallback::new(id.clone()))).unwrap();
    assert!(run.is_some());
    // Now it is in progress.
    let again = block_on(service.client().retry_callback(&RetryCallback::new(id.clone()))).unwrap_err();
    assert_eq!(again.api_error().kind(), ApiErrorKind::BadRequest, "{again}");
    service.trick(&[Trick::LostAfter]);
    assert_eq!(block_on(service.client().cancel_callback(&CancelCallback::new(id.clone()))), Ok(()));
    let entry = block_on(service.client().call(&GetEntry::new(id))).unwrap();
    assert_eq!(entry.callback_state, Some(CallbackState::Canceled));

    let (service, id) = planted("CALLBACK_FAIL");
    service.trick(&[Trick::LostAfter]);
    assert_eq!(block_on(service.client().retry_callback(&RetryCallback::new(id))), Ok(None));

    let (service, id) = planted("CALLBACK_SUCCESS");
    assert!(block_on(service.client().retry_callback(&RetryCallback::new(id.clone()))).is_err());
    assert!(block_on(service.client().cancel_callback(&CancelCallback::new(id))).is_err());
}

#[test]
fn flow_control_keys_are_paused_and_pinned_and_let_go() {
    let service = Service::new(&[]);
    let client = service.client();
    let key = || FlowControlKey::new("orders").unwrap();
    assert!(matches!(
        block_on(client.call(&GetFlowControl::new(key()))),
        Err(CallError::Failed { error, .. }) if error.kind() == ApiErrorKind::NotFound
    ));
    let state = |change: FlowControlChange| {
        block_on(client.call(&ChangeFlowControl::new(key(), change))).unwrap();
        block_on(client.call(&GetFlowControl::new(key()))).unwrap()
    };
    assert!(state(FlowControlChange::Pause).is_paused);
    assert!(!state(FlowControlChange::Resume).is_paused);
    let pinned =
        state(FlowControlChange::Pin(FlowControlValue::parse("parallelism=3, rate=10, period=1m").unwrap()));
    assert_eq!((pinned.parallelism_max, pinned.rate_max), (Some(3), Some(10)));
    assert_eq!(pinned.rate_period.unwrap().as_secs(), 60);
    assert!(pinned.is_pinned_parallelism && pinned.is_pinned_rate);
    let half = state(FlowControlChange::Unpin(Unpin::Rate));
    assert!(half.is_pinned_parallelism && !half.is_pinned_rate);
    let free = state(FlowControlChange::Unpin(Unpin::All));
    assert!(!free.is_pinned_parallelism && !free.is_pinned_rate);
}

#[test]
fn the_signing_keys_are_those_that_deliveries_are_signed_with() {
    let service = Service::new(&[]);
    let keys = block_on(service.client().call(&SigningKeys::new())).unwrap();
    assert!(!format!("{keys:?}").contains("sig_7"));
}
