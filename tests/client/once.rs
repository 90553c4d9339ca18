//! One entry, acted on once.

use workflow_redrive::client::{CallError, Revived};
use workflow_redrive::dlq::{
    ApiErrorKind, Call, CancelCallback, DeleteEntry, Entry, GetEntry, Overrides, Restart, Resume,
    RetryCallback, Transported,
};

use crate::world::{NOW, Script, api, block_on, created, entry, id, limited, lost, unsent};

const RESUME: &str = "POST /v2/workflows/dlq/resume/1-0";
const LOOK: &str = "GET /v2/workflows/dlq/1-0";
const URL: &str = "https://app.example/flow";

fn resume() -> Resume {
    Resume::new(id(0), Overrides::default())
}

fn gone() -> Transported {
    api(404, r#"{"error":"DLQ message not found"}"#)
}

fn listed() -> Entry {
    let body = format!(r#"{{"dlqId":"1-0","workflowUrl":"{URL}"}}"#);
    GetEntry::new(id(0)).finish(api(200, &body)).unwrap()
}

/// Answers after which nobody knows whether it was done, and which may be otherwise in a moment.
fn lost_answers() -> [Transported; 3] {
    [lost(), api(500, ""), api(503, "<html>")]
}

#[test]
fn an_answered_resume_is_sent_once() {
    let world = Script::answering([created()]);
    let revived = block_on(world.client().resume(&resume(), None)).unwrap();
    assert!(matches!(&revived, Revived::Answered(created) if created.run_id.as_str() == "wfr_2"));
    assert_eq!(world.lines(), [RESUME]);
}

#[test]
fn an_entry_that_is_gone_after_a_lost_answer_was_resumed() {
    for answer in lost_answers() {
        let world = Script::answering([answer, gone()]);
        let revived = block_on(world.client().resume(&resume(), None)).unwrap();
        assert_eq!(revived, Revived::Settled { created: None });
        assert_eq!(world.lines(), [RESUME, LOOK]);
    }
}

#[test]
fn an_entry_that_is_still_there_is_sent_again() {
    for answer in lost_answers() {
        let world = Script::answering([answer, entry(0), created()]);
        let revived = block_on(world.client().resume(&resume(), None)).unwrap();
        assert!(matches!(revived, Revived::Answered(_)));
        assert_eq!(world.lines(), [RESUME, LOOK, RESUME]);
    }
}

#[test]
fn where_a_resumed_entry_stays_in_the_queue_still_there_says_nothing() {
    let second = Resume::new(id(1), Overrides::default());
    for (witness, is_ambiguous) in [(entry(0), true), (api(401, ""), true), (gone(), false)] {
        let again = if is_ambiguous { vec![] } else { vec![created()] };
        let world = Script::answering([created(), lost(), entry(1), witness].into_iter().chain(again));
        let client = world.client();
        block_on(client.resume(&resume(), None)).unwrap();
        let ended = block_on(client.resume(&second, None));
        assert_eq!(matches!(ended, Err(CallError::Ambiguous { .. })), is_ambiguous, "{ended:?}");
        assert_eq!(world.lines()[3], LOOK);
    }
    // A deleted entry leaves for certain.
    let world = Script::answering([created(), lost(), entry(1), api(200, "")]);
    let client = world.client();
    block_on(client.resume(&resume(), None)).unwrap();
    assert_eq!(block_on(client.delete(&DeleteEntry::new(id(1)))), Ok(()));
    world.lines();
}

#[test]
fn an_answer_that_makes_no_sense_is_settled_but_not_sent_again() {
    for answer in [api(302, ""), api(200, "{}"), api(200, "<html>")] {
        let world = Script::answering([answer.clone(), gone()]);
        assert!(block_on(world.client().resume(&resume(), None)).is_ok());
        let world = Script::answering([answer, entry(0)]);
        let error = block_on(world.client().resume(&resume(), None)).unwrap_err();
        assert!(matches!(error, CallError::Failed { attempts: 1, .. }), "{error}");
    }
}

#[test]
fn a_look_is_repeated_and_without_an_answer_the_end_is_ambiguous() {
    let world = Script::answering([lost(), lost(), api(500, ""), gone()]);
    assert!(block_on(world.client().resume(&resume(), None)).is_ok());
    assert_eq!(world.lines(), [RESUME, LOOK, LOOK, LOOK]);

    for look in
        [vec![api(401, "")], vec![api(400, "")], vec![api(200, "x")], (0..5).map(|_| lost()).collect()]
    {
        let world = Script::answering([lost()].into_iter().chain(look));
        let error = block_on(world.client().resume(&resume(), None)).unwrap_err();
        assert!(
            matches!(&error, CallError::Ambiguous { error, attempts: 1 } if error.kind() == ApiErrorKind::Transport),
            "{error}"
        );
        world.lines();
    }
}

#[test]
fn a_404_is_an_error_unless_an_earlier_attempt_may_have_been_late() {
    let world = Script::answering([gone()]);
    let error = block_on(world.client().resume(&resume(), None)).unwrap_err();
    assert!(
        matches!(error, CallError::Failed { error, attempts: 1 } if error.kind() == ApiErrorKind::NotFound)
    );

    let world = Script::answering([unsent(), limited("retry-after", 1), gone()]);
    assert!(block_on(world.client().resume(&resume(), None)).is_err(), "nothing of ours can have done it");

    let world = Script::answering([lost(), entry(0), gone()]);
    let revived = block_on(world.client().resume(&resume(), None)).unwrap();
    assert_eq!(revived, Revived::Settled { created: None });
}

#[test]
fn the_created_run_is_found_where_it_is_the_only_one() {
    let run = |id: &str, at: u64| {
        format!(
            r#"{{"workflowRunId":"{id}","workflowUrl":"{URL}","workflowState":"RUN_STARTED","workflowRunCreatedAt":{at}}}"#
        )
    };
    let since = NOW.as_millis() - 60_000;
    let (ours, other) = (run("wfr_new", since + 60_000), run("wfr_x", since));
    let before = run("wfr_old", since - 1);
    let elsewhere = ours.replace(URL, "https://other.example/");
    for (runs, found) in [
        (format!(r#"{{"runs":[{ours}]}}"#), Some("wfr_new")),
        (format!(r#"{{"runs":[{ours},{before},{elsewhere}],"cursor":""}}"#), Some("wfr_new")),
        (format!(r#"{{"runs":[{ours},{other}]}}"#), None),
        (format!(r#"{{"runs":[{ours}],"cursor":"7"}}"#), None),
        (r#"{"runs":[]}"#.to_owned(), None),
        ("<html>".to_owned(), None),
    ] {
        let world = Script::answering([lost(), gone(), api(200, &runs)]);
        let revived = block_on(world.client().resume(&resume(), Some(&listed()))).unwrap();
        assert!(matches!(revived, Revived::Settled { .. }));
        assert_eq!(revived.created().map(|created| created.run_id.as_str()), found, "{runs}");
        let logs = format!(
            "GET /v2/workflows/logs?workflowUrl=https%3A%2F%2Fapp.example%2Fflow&fromDate={since}&count=10"
        );
        assert_eq!(world.lines(), [RESUME, LOOK, &logs]);
    }
}

#[test]
fn restarts_and_deletions_are_settled_the_same_way() {
    let restart = Restart::new(id(0), Overrides::default());
    let world = Script::answering([lost(), entry(0), created()]);
    assert!(matches!(block_on(world.client().restart(&restart, None)), Ok(Revived::Answered(_))));

    let delete = DeleteEntry::new(id(0));
    for (answers, is_ok) in [
        (vec![api(200, "")], true),
        (vec![lost(), gone()], true),
        (vec![lost(), entry(0), gone()], true),
        (vec![api(500, ""), entry(0), api(200, "")], true),
        (vec![gone()], false),
        (vec![lost(), api(401, "")], false),
    ] {
        let world = Script::answering(answers);
        assert_eq!(block_on(world.client().delete(&delete)).is_ok(), is_ok, "{:?}", world.lines());
    }
}

#[test]
fn a_lost_callback_retry_is_settled_by_the_state_of_the_callback() {
    let retry = RetryCallback::new(id(0));
    let state =
        |name: &str| api(200, &format!(r#"{{"dlqId":"1-0","failureCallbackInfo":{{"state":"{name}"}}}}"#));
    for under_way in ["CALLBACK_INPROGRESS", "CALLBACK_SUCCESS"] {
        let world = Script::answering([lost(), state(under_way)]);
        assert_eq!(block_on(world.client().retry_callback(&retry)), Ok(None));
        world.lines();
    }
    let world = Script::answering([lost(), state("CALLBACK_FAIL"), created()]);
    assert!(block_on(world.client().retry_callback(&retry)).unwrap().is_some());
    for look in [state("CALLBACK_CANCELED"), entry(0), gone()] {
        let world = Script::answering([lost(), look]);
        let error = block_on(world.client().retry_callback(&retry)).unwrap_err();
        assert!(matches!(error, CallError::Ambiguous { .. }), "{error}");
        world.lines();
    }
}

#[test]
fn a_callback_that_was_cancelled_by_a_lost_call_is_cancelled() {
    let cancel = CancelCallback::new(id(0));
    let canceled = || api(200, r#"{"dlqId":"1-0","failureFunctionState":"CALLBACK_CANCELED"}"#);
    let world = Script::answering([lost(), api(302, "")]);
    assert_eq!(block_on(world.client().cancel_callback(&cancel)), Ok(()));
    let world = Script::answering([lost(), api(400, ""), canceled()]);
    assert_eq!(block_on(world.client().cancel_callback(&cancel)), Ok(()));
    let world = Script::answering([lost(), api(400, ""), entry(0)]);
    assert!(block_on(world.client().cancel_callback(&cancel)).is_err());
    let world = Script::answering([api(400, "")]);
    assert!(block_on(world.client().cancel_callback(&cancel)).is_err());
    world.lines();
}
