//! Many entries, each acted on once.

use workflow_redrive::client::{Acted, Action, BulkError, BulkJob, Scope, Step};
use workflow_redrive::dlq::{ApiErrorKind, Filter, Ids, ListPath, Overrides, TransportError, Transported};
use workflow_redrive::ids::RunId;

use crate::world::{Script, api, block_on, entry, id, ids, limited, lost, page, query, runs};

fn resume() -> Action {
    Action::Resume(Overrides::default())
}

/// What comes of resuming `1-0` to `1-<count - 1>`.
fn act(world: &Script, count: usize) -> Acted {
    let acted = block_on(world.client().act(&resume(), &Ids::new(ids(0..count)).unwrap()));
    let mut all: Vec<_> = [&acted.done, &acted.settled, &acted.gone, &acted.ambiguous, &acted.untouched]
        .into_iter()
        .flatten()
        .chain(acted.refused.iter().map(|refused| &refused.dlq_id))
        .cloned()
        .collect();
    all.sort();
    let mut expected = ids(0..count);
    expected.sort();
    assert_eq!(all, expected, "every entry is in one list");
    acted
}

fn post(numbers: impl IntoIterator<Item = usize>) -> String {
    format!("POST /v2/workflows/dlq/resume?{}", query(numbers))
}

fn look(numbers: impl IntoIterator<Item = usize>) -> String {
    format!("GET /v2/workflows/dlq?{}&count=100", query(numbers))
}

fn missing() -> Transported {
    api(404, r#"{"error":"some DLQ messages were not found"}"#)
}

#[test]
fn more_than_fifty_are_split() {
    let world = Script::answering([runs(50), runs(50), runs(20)]);
    let acted = act(&world, 120);
    assert_eq!((acted.done.len(), acted.created.len(), acted.stopped), (120, 120, None));
    assert_eq!(world.lines(), [post(0..50), post(50..100), post(100..120)]);
}

#[test]
fn restarts_and_deletions_have_their_own_calls() {
    let ids = Ids::new(ids(0..2)).unwrap();
    let world = Script::answering([runs(2)]);
    block_on(world.client().act(&Action::Restart(Overrides::default()), &ids));
    assert_eq!(world.lines(), [post(0..2).replace("resume", "restart")]);
    let world = Script::answering([api(200, r#"{"deleted":2}"#)]);
    assert_eq!(block_on(world.client().act(&Action::Delete, &ids)).done.len(), 2);
    assert_eq!(world.lines(), [format!("DELETE /v2/workflows/dlq?{}", query(0..2))]);
}

#[test]
fn after_a_lost_answer_only_what_is_left_is_sent_again() {
    for (left, again) in [(vec![], false), (vec![1], true), (vec![0, 1, 2], true)] {
        let mut answers = vec![lost(), page(left.clone(), "")];
        answers.extend(again.then(|| runs(left.len())));
        let world = Script::answering(answers);
        let acted = act(&world, 3);
        assert_eq!((acted.done.clone(), acted.settled.len()), (ids(left.clone()), 3 - left.len()));
        let mut expected = vec![post(0..3), look(0..3)];
        expected.extend(again.then(|| post(left)));
        assert_eq!(world.lines(), expected);
    }
}

#[test]
fn a_list_that_may_ignore_the_ids_is_not_believed() {
    // A stranger on the page, more pages, or no such list: each entry is asked for itself.
    for listed in
        [page([7], ""), page([0], "1-0"), api(400, r#"{"error":"unknown filter: dlqIds"}"#), api(200, "x")]
    {
        let world = Script::answering([lost(), listed, missing(), entry(1), runs(1)]);
        let acted = act(&world, 2);
        assert_eq!((acted.settled, acted.done), (ids([0]), ids([1])));
        let single = |n: usize| format!("GET /v2/workflows/dlq/1-{n}");
        assert_eq!(world.lines(), [post(0..2), look(0..2), single(0), single(1), post([1])]);
    }
}

#[test]
fn where_resumed_entries_stay_a_lost_answer_is_ambiguous_for_those_that_are_left() {
    let world = Script::answering([runs(50), lost(), page([50, 51], ""), entry(0), runs(1)]);
    let client = world.client();
    let acted = block_on(client.act(&resume(), &Ids::new(ids(0..52)).unwrap()));
    assert_eq!((acted.done.len(), acted.ambiguous, acted.stopped), (50, ids([50, 51]), None));
    // One look at the witness is enough, and other entries are not affected.
    let acted = block_on(client.act(&resume(), &Ids::new(ids([60])).unwrap()));
    assert_eq!(acted.done, ids([60]));
    assert_eq!(world.lines()[3], "GET /v2/workflows/dlq/1-0");
}

#[test]
fn what_was_gone_before_is_told_from_what_we_did() {
    // One of three had been taken by somebody else; the others are done without it.
    let world = Script::answering([missing(), page([0, 2], ""), runs(2)]);
    let acted = act(&world, 3);
    assert_eq!((acted.gone, acted.done, acted.settled), (ids([1]), ids([0, 2]), vec![]));

    // A call whose answer was lost was acted on later than the look.
    let world = Script::answering([lost(), page([0, 1], ""), missing(), page([], "")]);
    let acted = act(&world, 2);
    assert_eq!((acted.settled.len(), acted.gone.len()), (2, 0));

    let world = Script::answering([missing()]);
    assert_eq!(act(&world, 1).gone, ids([0]));
}

#[test]
fn a_refused_entry_does_not_keep_back_the_others() {
    let refused = || api(400, r#"{"error":"workflow doesn't support resume"}"#);
    let world = Script::answering([refused(), runs(2), refused(), refused(), runs(1)]);
    let acted = act(&world, 4);
    assert_eq!(acted.done, ids([0, 1, 3]));
    assert_eq!(acted.refused[0].dlq_id, id(2));
    let error = &acted.refused[0].error;
    assert!(error.kind() == ApiErrorKind::BadRequest && error.message().contains("support"));
    assert_eq!(world.lines(), [post(0..4), post(0..2), post(2..4), post([2]), post([3])]);
}

#[test]
fn an_entry_that_is_there_and_yet_not_found_does_not_keep_back_the_others() {
    // As of a service that keeps what it has resumed.
    let world = Script::answering([missing(), page([0, 1], ""), missing(), runs(1)]);
    let acted = act(&world, 2);
    assert_eq!((acted.gone, acted.done), (ids([0]), ids([1])));
    assert_eq!(world.lines(), [post(0..2), look(0..2), post([0]), post([1])]);
}

#[test]
fn a_deletion_counts_what_it_removed_and_not_what_was_gone() {
    let delete = |answers: Vec<_>| {
        let world = Script::answering(answers);
        let acted = block_on(world.client().act(&Action::Delete, &Ids::new(ids(0..2)).unwrap()));
        world.lines();
        (acted.done, acted.settled, acted.counted)
    };
    let deleted = |count: usize| api(200, &format!(r#"{{"deleted":{count}}}"#));
    assert_eq!(delete(vec![deleted(2)]), (ids([0, 1]), vec![], 2));
    assert_eq!(delete(vec![deleted(1), page([], "")]), (ids([0, 1]), vec![], 1));
    assert_eq!(delete(vec![lost(), page([], "")]), (vec![], ids([0, 1]), 0));
}

#[test]
fn fewer_runs_than_entries_are_looked_into() {
    let world = Script::answering([runs(1), page([1], ""), runs(1)]);
    let acted = act(&world, 2);
    assert_eq!((acted.created.len(), acted.settled, acted.done, acted.counted), (2, vec![], ids([0, 1]), 2));
    let world = Script::answering([runs(0), page([0, 1], "")]);
    let acted = act(&world, 2);
    assert_eq!(acted.untouched.len(), 2);
    assert!(matches!(acted.stopped, Some(error) if error.kind() == ApiErrorKind::Malformed));
    world.lines();
}

#[test]
fn what_stops_one_call_stops_the_others_and_loses_nothing() {
    let world = Script::answering([runs(50), api(401, r#"{"error":"unauthorized"}"#)]);
    let acted = act(&world, 120);
    assert_eq!((acted.done.len(), acted.untouched.len()), (50, 70));
    assert!(matches!(acted.stopped, Some(error) if error.kind() == ApiErrorKind::Unauthorized));
    world.lines();

    // Lost, and the look is refused: these are ambiguous, the rest untouched.
    let look = api(401, "");
    let world = Script::answering([lost(), look.clone(), look]);
    let acted = act(&world, 60);
    assert_eq!((acted.ambiguous.len(), acted.untouched.len()), (50, 10));
    assert!(acted.stopped.is_some());

    let world = Script::answering((0..5).map(|_| limited("retry-after", 1)));
    let acted = act(&world, 2);
    assert_eq!(acted.untouched.len(), 2);
    assert!(matches!(acted.stopped, Some(error) if error.kind() == ApiErrorKind::RateLimited));
    assert_eq!(world.lines().len(), 5);
}

mod jobs {
    use std::future::pending;
    use std::pin::pin;
    use std::task::{Context, Waker};
    use std::time::Duration;

    use workflow_redrive::client::{Client, World};
    use workflow_redrive::dlq::{ApiRequest, Method};
    use workflow_redrive::time::Timestamp;

    use super::*;

    const LIST: &str = "GET /v2/workflows/dlq?count=100";

    /// Steps until the job ends.
    fn run(world: &Script, mut job: BulkJob) -> Vec<Result<Step, BulkError>> {
        let client = world.client();
        let mut steps = Vec::new();
        while let Some(step) = block_on(job.next(&client)) {
            steps.push(step);
            assert!(steps.len() < 50, "no end");
        }
        steps
    }

    fn all() -> BulkJob {
        BulkJob::new(resume(), Scope::All)
    }

    #[test]
    fn pages_are_listed_and_acted_on_by_id_until_nothing_new_is_found() {
        let world = Script::answering([
            page(0..60, "1-59"),
            runs(50),
            runs(10),
            page([60], ""),
            runs(1),
            page([], ""),
        ]);
        let steps = run(&world, all());
        let done: Vec<_> = steps.iter().map(|step| step.as_ref().unwrap().totals.done).collect();
        assert_eq!(done, [60, 61]);
        let expected = [
            LIST.to_owned(),
            post(0..50),
            post(50..60),
            format!("{LIST}&cursor=1-59"),
            post([60]),
            LIST.to_owned(),
        ];
        assert_eq!(world.lines(), expected);
    }

    #[test]
    fn a_cursor_that_counts_entries_skips_none() {
        // The first page leaves the queue, so that the second is found at its beginning and not behind the cursor.
        let world = Script::answering([
            page([0, 1], "2"),
            runs(2),
            page([], ""),
            page([2, 3], ""),
            runs(2),
            page([], ""),
        ]);
        assert_eq!(run(&world, all()).last().unwrap().as_ref().unwrap().totals.done, 4);
        world.lines();
    }

    #[test]
    fn an_entry_that_stays_in_the_queue_is_acted_on_once() {
        let world = Script::answering([page([0, 1], ""), runs(2), page([0, 1], "")]);
        assert_eq!(run(&world, all()).len(), 1);
        assert_eq!(world.lines().len(), 3);
    }

    #[test]
    fn a_run_of_the_job_that_failed_again_is_left_alone() {
        let again = api(200, r#"{"messages":[{"dlqId":"2-0","workflowRunId":"wfr_new0"}]}"#);
        let world = Script::answering([page([0], ""), runs(1), again]);
        assert_eq!(run(&world, all()).len(), 1);
        assert_eq!(world.lines(), [LIST.to_owned(), post([0]), LIST.to_owned()]);
    }

    #[test]
    fn what_a_filter_brings_along_by_mistake_is_left_alone() {
        let filter = Filter::builder().run_id(RunId::new("wfr_1").unwrap()).build().unwrap();
        let world = Script::answering([page([10, 1, 11], ""), runs(1), page([10, 11], "")]);
        let steps = run(&world, BulkJob::new(resume(), Scope::Filter(Box::new(filter))));
        assert_eq!(steps[0].as_ref().unwrap().acted.done, ids([1]));
        assert_eq!(steps[0].as_ref().unwrap().totals.skipped, 2);
        assert_eq!(world.lines()[1], post([1]));
    }

    #[test]
    fn the_ceiling_counts_entries() {
        let world = Script::answering([page(0..10, "1-9"), runs(7)]);
        let steps = run(&world, all().with_ceiling(7));
        assert_eq!(steps[0].as_ref().unwrap().totals.entries, 7);
        assert_eq!(world.lines(), [LIST.to_owned(), post(0..7)]);
        assert!(run(&Script::answering([]), all().with_ceiling(0)).is_empty());
    }

    #[test]
    fn a_cursor_that_comes_back_ends_the_job_after_its_page() {
        let world = Script::answering([page([0], "c"), runs(1), page([1], "c"), runs(1)]);
        let steps = run(&world, all());
        assert_eq!(steps.len(), 3);
        let Err(error) = &steps[2] else { panic!("no error") };
        assert!(error.to_string().contains("`c` twice"), "{error}");
        world.lines();
    }

    #[test]
    fn a_page_that_is_too_large_is_asked_for_by_halves() {
        let too_large = || Err(TransportError::too_large(1));
        let world = Script::answering([
            too_large(),
            too_large(),
            page([0], "1-0"),
            runs(1),
            page([], ""),
            page([], ""),
        ]);
        run(&world, all().at(ListPath::Sdk));
        let list = |rest: &str| format!("GET /v2/dlq?source=workflow&count={rest}");
        let expected = [list("100"), list("50"), list("25"), post([0]), list("25&cursor=1-0"), list("25")];
        assert_eq!(world.lines(), expected);
    }

    /// A world in which nobody answers what changes something.
    struct Hanging<'a>(&'a Script);

    impl World for Hanging<'_> {
        fn now(&self) -> Timestamp {
            self.0.now()
        }

        fn entropy(&self) -> u64 {
            self.0.entropy()
        }

        async fn send(&self, request: ApiRequest, timeout: Duration) -> Transported {
            if request.method == Method::Post { pending().await } else { self.0.send(request, timeout).await }
        }

        async fn wait(&self, span: Duration) {
            self.0.wait(span).await;
        }
    }

    #[test]
    fn a_page_that_was_given_up_midway_is_settled_before_anything_is_sent_again() {
        let world = Script::answering([page([0, 1], ""), page([0], ""), runs(1), page([], "")]);
        let mut job = all();
        let hanging = Client::new(Hanging(&world));
        assert!(pin!(job.next(&hanging)).poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let step = block_on(job.next(&world.client())).unwrap().unwrap();
        assert_eq!((step.acted.settled, step.acted.done), (ids([1]), ids([0])));
        assert!(block_on(job.next(&world.client())).is_none());
        assert_eq!(world.lines(), [LIST.to_owned(), look(0..2), post([0]), LIST.to_owned()]);
    }

    #[test]
    fn a_list_that_failed_can_be_asked_for_again_and_what_stops_a_page_ends_the_job() {
        let world = Script::answering([api(401, ""), page([0], "1-0"), api(401, "")]);
        let client = world.client();
        let mut job = all();
        assert!(matches!(block_on(job.next(&client)), Some(Err(BulkError::List(_)))));
        let step = block_on(job.next(&client)).unwrap().unwrap();
        assert_eq!(step.acted.untouched, ids([0]));
        assert_eq!(step.totals.entries, 0);
        assert!(block_on(job.next(&client)).is_none());
        world.lines();
    }
}
