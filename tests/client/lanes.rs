//! Jobs whose calls overlap.

use std::collections::BTreeMap;
use std::pin::pin;
use std::task::{Context, Waker};

use proptest::prelude::*;
use workflow_redrive::client::{Action, BulkError, BulkJob, LANES, Scope, Step, Totals};
use workflow_redrive::dlq::{Filter, Method, Overrides};
use workflow_redrive::time::Timestamp;

use crate::queue::{BEGIN, Dates, Queue, Rules};

const HOUR: u64 = 3_600_000;
const MONTHS: u64 = 90 * 24 * HOUR;

fn resume() -> Action {
    Action::Resume(Overrides::default())
}

fn all(action: Action) -> BulkJob {
    BulkJob::new(action, Scope::All)
}

/// Goes through all pages; what was done must add up at every one of them.
fn run(queue: &Queue, job: &mut BulkJob, lanes: usize) -> (Totals, Option<BulkError>) {
    let client = queue.client();
    let before = job.totals().entries;
    let mut lanes = job.lanes(&client, lanes);
    let (mut totals, mut count, mut error) = (Totals::default(), before, None);
    while let Some(step) = queue.block_on(lanes.next()) {
        match step {
            Ok(Step { acted, totals: new, .. }) => {
                let gone = acted.done.len() + acted.settled.len() + acted.gone.len();
                count += (gone + acted.refused.len() + acted.ambiguous.len()) as u64;
                assert_eq!(new.entries, count);
                assert!(new.done >= totals.done && new.skipped >= totals.skipped);
                totals = new;
            }
            Err(end) => {
                error = Some(end);
                break;
            }
        }
    }
    (totals, error)
}

fn each_once(acted: &BTreeMap<String, u32>, count: usize) {
    assert_eq!(acted.len(), count);
    let twice: Vec<_> = acted.iter().filter(|(_, times)| **times != 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

/// Ages of entries.
fn evenly(count: u64, from: u64, span: u64) -> impl Iterator<Item = u64> {
    (0..count).map(move |index| from + index * span / count)
}

#[test]
fn ten_thousand_entries_take_an_eighth_of_the_time_of_a_loop_and_few_more_calls() {
    let clusters = || evenly(5000, HOUR, 600_000).chain(evenly(5000, MONTHS, 60_000)).collect::<Vec<_>>();
    for (ages, most) in [
        (evenly(10_000, HOUR, 600_000).collect::<Vec<_>>(), 330),
        (evenly(10_000, HOUR, MONTHS).collect(), 330),
        (clusters(), 350),
    ] {
        for latest_first in [false, true] {
            for action in [resume(), Action::Delete] {
                let queue = Queue::new(Rules { latest_first, ..Rules::default() }, ages.iter().copied());
                let (totals, _) = run(&queue, &mut all(action), LANES);
                assert_eq!(totals.done, 10_000);
                each_once(&queue.acted(), 10_000);
                // The loop acts on 50 a call.
                let (loop_time, time, calls) = (10_000 / 50 * 50, queue.elapsed(), queue.log().len());
                assert!(time * 8 <= loop_time, "{time} ms, {latest_first}");
                assert!(calls <= most, "{calls} calls, {latest_first}");
                assert_eq!(queue.peak(), LANES);
            }
        }
    }
}

#[test]
fn one_lane_makes_one_call_at_a_time_and_asks_for_no_stretches_of_time() {
    let queue = Queue::new(Rules::default(), evenly(500, HOUR, HOUR));
    assert_eq!(run(&queue, &mut all(resume()), 1).0.done, 500);
    // Five pages, two calls for each, and a look at what is left.
    assert_eq!((queue.peak(), queue.log().len()), (1, 5 * 3 + 1));
    assert!(queue.log().iter().all(|sent| !sent.query.contains("Date")));
}

#[test]
fn where_dates_are_about_something_else_the_queue_is_not_listed_once_for_each_stretch_of_time() {
    for dates in [Dates::Nothing, Dates::Creation] {
        for latest_first in [false, true] {
            let rules = Rules { latest_first, dates, ..Rules::default() };
            let queue = Queue::new(rules, evenly(10_000, HOUR, 600_000));
            assert_eq!(run(&queue, &mut all(resume()), LANES).0.done, 10_000);
            each_once(&queue.acted(), 10_000);
            // A lane gives up at its first page of others' entries, and one goes on alone: a page of 100, two calls for it.
            let calls = queue.log().len();
            assert!(calls <= 100 * 3 + 2 * LANES, "{calls} calls, {dates:?}, {latest_first}");
        }
    }
}

fn times() -> impl Strategy<Value = Vec<u64>> {
    let span = prop_oneof![Just(1_u64), Just(3), Just(1000), Just(HOUR), Just(MONTHS)];
    let cluster = (10_u64..400, 1000..MONTHS, span);
    prop::collection::vec(cluster, 1..4).prop_map(|clusters| {
        clusters.into_iter().flat_map(|(count, from, span)| evenly(count, from, span)).collect()
    })
}

prop_compose! {
    fn rules()(
        latest_first in any::<bool>(),
        dates in prop_oneof![6 => Just(Dates::Failure), 1 => Just(Dates::Creation), 1 => Just(Dates::Nothing)],
        cursors_count in prop_oneof![3 => Just(false), 1 => Just(true)],
        keeps in prop_oneof![4 => Just(false), 1 => Just(true)],
        fails_again in prop_oneof![Just(None), Just(Some(0)), Just(Some(70))],
        behind in prop_oneof![Just(0), Just(HOUR)],
        room in prop_oneof![Just(100_usize), Just(30)],
        (lost, broken) in prop_oneof![Just((0_u64, 0_u64)), Just((3, 3))],
    ) -> Rules {
        // Where resumed entries stay, a lost answer cannot be settled.
        let lost = if keeps { 0 } else { lost };
        let broken = if keeps { 0 } else { broken };
        // What was created by a call whose answer was lost cannot be told from what others have created.
        let fails_again = if lost > 0 { None } else { fails_again };
        Rules { latest_first, dates, cursors_count, keeps, fails_again, behind, room, lost, broken, ..Rules::default() }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_entry_is_acted_on_once_whenever_they_failed_and_however_the_service_lists_them(
        ages in times(),
        rules in rules(),
        lanes in 1_usize..30,
        is_deletion in any::<bool>(),
    ) {
        let queue = Queue::new(rules, ages.iter().copied());
        let action = if is_deletion { Action::Delete } else { resume() };
        let (totals, error) = run(&queue, &mut all(action), lanes);
        prop_assert!(error.is_none(), "{error:?}");
        prop_assert_eq!(totals.done, ages.len() as u64);
        prop_assert_eq!((totals.gone, totals.refused, totals.ambiguous), (0, 0, 0));
        each_once(&queue.acted(), ages.len());
    }

    #[test]
    fn a_ceiling_is_exact_whatever_the_number_of_lanes(ages in times(), lanes in 1_usize..30, ceiling in 0_u64..900) {
        let queue = Queue::new(Rules::default(), ages.iter().copied());
        let (totals, _) = run(&queue, &mut all(resume()).with_ceiling(ceiling), lanes);
        prop_assert_eq!(totals.entries, ceiling.min(ages.len() as u64));
        prop_assert_eq!(queue.acted().len() as u64, totals.entries);
    }

    #[test]
    fn dates_of_a_filter_hold_in_every_stretch_of_time(ages in times(), lanes in 1_usize..30, ends in (0..MONTHS, 0..MONTHS)) {
        let (young, old) = (ends.0.min(ends.1), ends.0.max(ends.1));
        let filter = Filter::builder().from(Timestamp::from_millis(BEGIN - old)).to(Timestamp::from_millis(BEGIN - young));
        let queue = Queue::new(Rules::default(), ages.iter().copied());
        let mut job = BulkJob::new(resume(), Scope::Filter(Box::new(filter.build().unwrap())));
        let (totals, _) = run(&queue, &mut job, lanes);
        let meant = ages.iter().filter(|age| (young..=old).contains(age)).count();
        prop_assert_eq!(totals.entries, meant as u64);
        each_once(&queue.acted(), meant);
    }
}

#[test]
fn a_run_that_fails_again_before_the_answer_about_it_has_come_is_left_alone() {
    for latest_first in [false, true] {
        let rules = Rules { latest_first, fails_again: Some(0), effort: 100, ..Rules::default() };
        let queue = Queue::new(rules, evenly(3000, 1200, 60_000));
        let (totals, _) = run(&queue, &mut all(resume()), LANES);
        assert_eq!(totals.done, 3000);
        each_once(&queue.acted(), 3000);
        assert_eq!((queue.len(), queue.peak()), (3000, LANES));
    }
}

#[test]
fn what_fails_while_the_job_runs_is_not_lost_between_the_stretches() {
    let queue = Queue::new(Rules::default(), evenly(3000, HOUR, 600_000));
    let client = queue.client();
    let mut job = all(resume());
    let mut lanes = job.lanes(&client, LANES);
    let mut late = 0;
    while let Some(step) = queue.block_on(lanes.next()) {
        step.unwrap();
        if late < 40 {
            late += 1;
            queue.fail(queue.service_now());
        }
    }
    assert!(late > 10 && queue.len() == 0);
    each_once(&queue.acted(), 3000 + late);
}

#[test]
fn every_lane_holds_back_when_one_meets_the_limit() {
    let rules = Rules { per_second: Some(100), jitter: 40, ..Rules::default() };
    let queue = Queue::new(rules, evenly(10_000, HOUR, 600_000));
    let (totals, error) = run(&queue, &mut all(resume()), LANES);
    assert_eq!((totals.done, error), (10_000, None));
    each_once(&queue.acted(), 10_000);
    let log = queue.log();
    let refused: Vec<_> = log.iter().filter(|sent| sent.status == 429).collect();
    assert!(!refused.is_empty() && refused.len() * 5 < log.len(), "{} of {}", refused.len(), log.len());
    // Lanes that hear of it in time are not refused themselves.
    let seconds = refused.chunk_by(|one, other| one.at / 1000 == other.at / 1000).count();
    assert!(refused.len() < seconds * (LANES - 6), "{} in {seconds} s", refused.len());
}

#[test]
fn where_the_limit_is_below_the_number_of_lanes_fewer_of_them_go_on() {
    let queue = Queue::new(Rules { per_second: Some(5), ..Rules::default() }, evenly(2000, HOUR, 600_000));
    let (totals, error) = run(&queue, &mut all(resume()), LANES);
    assert_eq!((totals.done, error), (2000, None));
    let log = queue.log();
    for second in log.chunk_by(|one, other| one.at / 1000 == other.at / 1000).skip(2) {
        let refused = second.iter().filter(|sent| sent.status == 429).count();
        assert!(refused <= 5, "{refused}");
    }
}

#[test]
fn an_error_of_the_list_comes_last_and_its_page_can_be_asked_for_again() {
    // Calls that act are still under way when the list has failed for good.
    let mut queue = Queue::new(Rules { effort: 5000, ..Rules::default() }, evenly(3000, HOUR, 600_000));
    let mut job = all(resume());
    {
        let client = queue.client();
        let mut lanes = job.lanes(&client, LANES);
        for _ in 0..5 {
            queue.block_on(lanes.next()).unwrap().unwrap();
        }
    }
    // A page has room for nothing.
    queue.rules.room = 0;
    let (totals, error) = run(&queue, &mut job, LANES);
    assert!(matches!(error, Some(BulkError::List(_))), "{error:?}");
    assert_eq!(queue.acted().len() as u64, totals.done);
    assert!(totals.done < 3000);
    queue.rules.room = 100;
    let (totals, error) = run(&queue, &mut job, LANES);
    assert_eq!((totals.done, error), (3000, None));
    each_once(&queue.acted(), 3000);
}

#[test]
fn a_job_that_stops_brings_what_is_under_way_to_its_end() {
    let queue = Queue::new(Rules::default(), evenly(3000, HOUR, 600_000));
    let client = queue.client();
    let mut job = all(resume());
    let mut lanes = job.lanes(&client, LANES);
    let mut done = 0;
    while let Some(step) = queue.block_on(lanes.next()) {
        let Step { acted, .. } = step.unwrap();
        done += acted.done.len();
        lanes.stop();
    }
    assert!((101..3000).contains(&done), "{done}");
    assert_eq!((queue.acted().len(), queue.len()), (done, 3000 - done));
}

#[test]
fn what_was_given_up_midway_is_settled_before_anything_is_sent_again() {
    let queue = Queue::new(Rules::default(), evenly(5000, HOUR, 600_000));
    let client = queue.client();
    let mut job = all(resume());
    for _ in 0..4 {
        let mut lanes = job.lanes(&client, LANES);
        for _ in 0..6 {
            if pin!(lanes.next()).poll(&mut Context::from_waker(Waker::noop())).is_pending() {
                queue.pass();
            }
        }
    }
    let given_up = queue.acted().len();
    let (totals, _) = run(&queue, &mut job, LANES);
    assert!(given_up > 1000 && given_up < 5000, "{given_up}");
    assert_eq!(totals.entries, 5000);
    assert_eq!((totals.ambiguous, totals.refused), (0, 0));
    each_once(&queue.acted(), 5000);
    assert!(queue.log().iter().any(|sent| sent.method == Method::Get && sent.query.contains("dlqIds")));
}
