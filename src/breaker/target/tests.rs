use super::world::{TARGET, Trick, World, case};
use super::*;
use crate::{
    dlq::{FlowControl, FlowControlKey, Overrides},
    ledger,
    lineage::Lineage,
    recovery::Admitted,
};
use core::time::Duration;

const OPEN: Admitted = Admitted::Deferred { reason: "breaker_open", until: None };

/// A world whose target is ill: 10 runs have failed and were resumed, all others are held back.
fn ill(policy: &str) -> World {
    let mut world = World::new(policy);
    world.fate = "RUN_STARTED";
    let admitted = world.fail_all(0..30);
    assert_eq!(admitted.iter().filter(|one| **one == Admitted::Go).count(), 9);
    assert!(admitted[9..].iter().all(|one| *one == OPEN), "{admitted:?}");
    world
}

#[test]
fn a_target_that_fails_many_is_left_alone_and_its_runs_are_kept() {
    let mut world = ill("{}");
    world.pass(0);
    assert_eq!(world.notices.iter().filter(|kind| *kind == "breaker_opened").count(), 1);
    let state = world.state();
    assert_eq!((&state["target"], &state["breaker"]), (&TARGET.into(), &"open".into()));
    assert_eq!((&state["backlog"], &state["followed"]), (&21.into(), &9.into()));
    world.pass(29);
    assert_eq!(world.entries().len(), 9, "nothing is resumed while it is open");
    // The same callback again: it is kept already.
    assert_eq!(world.fail(&case(20, 503)), None);
}

#[test]
fn one_run_that_always_fails_opens_nothing_nor_do_failures_that_are_the_runs_own() {
    let mut world = World::new("{}");
    for attempt in 0..50 {
        let poison = Case {
            lineage: Lineage::new(RunId::new("wfr_p").unwrap(), attempt, world.now),
            ..case(attempt, 500)
        };
        assert_eq!(world.fail(&poison), Some(Admitted::Go));
    }
    for n in 100..150 {
        assert_eq!(world.fail(&case(n, 404)), Some(Admitted::Go));
    }
    assert_eq!(world.state()["failures"], 1);
    // The clock goes on: what failed long ago is no sign.
    for n in 200..260 {
        world.now = world.now.after(Duration::from_secs(40));
        assert_eq!(world.fail(&case(n, 0)), Some(Admitted::Go));
    }
}

#[test]
fn a_run_of_ours_whose_failure_comes_without_a_lineage_is_left_to_a_person() {
    let mut world = World::new("{}");
    assert_eq!(world.fail(&case(1, 503)), Some(Admitted::Go));
    world.pass(1);
    let run_id = RunId::new(world.runs.keys().next().unwrap()).unwrap();
    let lost = Case { lineage: Lineage::root(run_id.clone(), world.now), run_id, ..case(2, 503) };
    // However often it comes, and once its end is known.
    for _ in 0..2 {
        assert_eq!(world.fail(&lost), Some(Admitted::Never { reason: "lineage_lost" }));
        world.pass(1);
    }
    let carried = Case { lineage: Lineage::new(lost.run_id.clone(), 1, world.now), ..lost };
    assert_eq!(world.fail(&carried), Some(Admitted::Go));
}

#[test]
fn runs_that_recover_speak_for_the_target() {
    let mut world = World::new("{}");
    world.fail_all(0..8);
    world.pass(20);
    assert_eq!(world.state()["successes"], 8);
    // 31 of 39 are 79 percent, 32 of 40 are 80.
    world.fate = "RUN_STARTED";
    let admitted = world.fail_all(100..132);
    assert_eq!(admitted.iter().position(|one| *one == OPEN), Some(31));
}

#[test]
fn it_is_tried_with_a_few_and_then_all_others_follow_slowly() {
    let mut world = ill("{}");
    world.fate = "RUN_SUCCESS";
    let opened = world.now;
    world.pass(3600);
    assert_eq!(world.entries().len(), 30);
    let state = world.state();
    assert_eq!((&state["breaker"], &state["backlog"]), (&"closed".into(), &0.into()));
    let at: Vec<u64> = world.resumed[9..].iter().map(|(_, at)| at.since(opened).as_secs()).collect();
    // One probe, then two more; they are good; then 1, 2, 4, and 6 at a time, 6 seconds apart.
    assert_eq!(at[..3], [30, 36, 36]);
    let gaps: Vec<u64> = at[3..].iter().map(|second| second - at[3]).collect();
    assert_eq!(gaps, [0, 6, 6, 12, 12, 12, 12, 18, 18, 18, 18, 18, 18, 24, 24, 24, 24, 24]);
    assert!(at[3] < 50, "it closes soon: {at:?}");
    assert_eq!(
        world.notices.iter().filter(|kind| kind.starts_with("breaker")).collect::<Vec<_>>(),
        ["breaker_opened", "breaker_closed"]
    );
    // The ledger knows all of it.
    let fate = world.concluded(29);
    assert_eq!(
        (&fate["conclusion"]["outcome"], &fate["conclusion"]["attempt"]),
        (&"resumed".into(), &1.into())
    );
    assert_eq!(fate["end"], "recovered");
    assert_eq!(state["recovered"], 21);
}

#[test]
fn while_the_backlog_drains_new_failures_wait_behind_it() {
    let mut world = ill("{}");
    world.fate = "RUN_SUCCESS";
    world.pass(50);
    assert_eq!(world.state()["breaker"], "closed");
    assert_eq!(world.fail(&case(50, 503)), Some(Admitted::Deferred { reason: "draining", until: None }));
    world.pass(60);
    assert_eq!(world.resumed.last().unwrap().0, "1-50");
    assert_eq!(world.fail(&case(51, 503)), Some(Admitted::Go));
}

#[test]
fn as_long_as_probes_fail_it_stays_open_ever_longer_and_no_run_is_probed_twice_while_others_wait() {
    let mut world = ill("{}");
    world.fate = "RETRY";
    world.pass(2 * 3600);
    let probes = world.entries().len() - 9;
    assert_eq!(probes, 21, "each was tried once, and now nothing is left to try it with");
    let state = world.state();
    assert_eq!((&state["breaker"], &state["recovered"]), (&"half_open".into(), &0.into()));
    let gaps: Vec<u64> = world.resumed[9..]
        .windows(2)
        .map(|two| two[1].1.since(two[0].1).as_secs())
        .filter(|gap| *gap > 20)
        .collect();
    assert!(gaps.is_sorted() && gaps[0] < 90 && *gaps.last().unwrap() >= 600, "{gaps:?}");
    assert!(!world.notices.contains(&"breaker_closed".to_owned()));
}

#[test]
fn a_run_that_has_had_many_attempts_does_not_try_the_target_though_it_is_the_oldest() {
    let mut world = ill("{}");
    let root = RunId::new("wfr_old").unwrap();
    let lineage = Lineage::new(root, 4, Timestamp::from_millis(1_748_527_900_000));
    world.fail(&Case { lineage, ..case(70, 503) });
    world.pass(36);
    assert_eq!(world.entries().len(), 12);
    assert!(!world.entries().contains(&"1-70"));
    world.runs.values_mut().for_each(|state| *state = "RUN_SUCCESS");
    world.pass(20);
    assert_eq!(world.resumed[12].0, "1-70", "it is the first once the target is well");
}

#[test]
fn a_probes_own_callback_tells_at_once_and_one_bad_probe_of_three_does_not_count() {
    for bad in [1, 2] {
        let mut world = ill("{}");
        world.pass(36);
        for n in 0..bad {
            let run = RunId::new(format!("wfr_new{}", 10 + n)).unwrap();
            let failed = Case { run_id: run, ..case(60 + n, 503) };
            world.fail(&failed);
        }
        assert_eq!(world.state()["breaker"], if bad == 1 { "half_open" } else { "open" });
        for (run, state) in &mut world.runs {
            if run.as_str() > "wfr_new1" {
                *state = "RUN_SUCCESS";
            }
        }
        world.pass(5);
        assert_eq!(world.state()["breaker"], if bad == 1 { "closed" } else { "open" });
    }
}

#[test]
fn a_probe_that_failed_by_its_own_fault_found_the_target_well() {
    let mut world = ill("{}");
    world.pass(36);
    for n in 0..2 {
        let run = RunId::new(format!("wfr_new{}", 10 + n)).unwrap();
        let message =
            format!(r#"{{"do":"failed","case":{}}}"#, Case { run_id: run, ..case(60 + n, 404) }.to_json());
        world.ask(&message);
    }
    let state = world.state();
    assert_eq!((&state["breaker"], &state["failedAgain"]), (&"closed".into(), &2.into()));
}

#[test]
fn a_probe_that_goes_on_without_trouble_is_good_after_a_while() {
    let mut world = ill("{}");
    world.pass(300);
    assert_eq!(world.state()["breaker"], "half_open");
    world.pass(60);
    assert_eq!(world.state()["breaker"], "closed");
}

#[test]
fn with_nothing_kept_the_next_failures_are_the_probes() {
    let mut world = World::new(r#"{"breaker": {"minimum": 1, "probes": 2}}"#);
    world.fate = "RUN_STARTED";
    assert_eq!(world.fail(&case(1, 503)), Some(OPEN));
    world.ask(r#"{"do":"cleared","dlqId":"1-1"}"#);
    world.pass(31);
    assert_eq!(world.fail(&case(2, 503)), Some(Admitted::Go));
    assert_eq!(world.fail(&case(3, 503)), Some(OPEN), "one wave at a time");
    world.pass(7);
    // The second probe came from what was kept.
    assert_eq!(world.entries(), ["1-2", "1-3"]);
    world.runs.values_mut().for_each(|state| *state = "RUN_SUCCESS");
    world.pass(10);
    assert_eq!(world.state()["breaker"], "closed");
}

#[test]
fn wherever_it_is_restarted_nothing_is_resumed_twice_and_nothing_is_lost() {
    let mut last = usize::MAX;
    for crash in 1.. {
        for after in [false, true] {
            let mut world = World::new(r#"{"breaker": {"minimum": 2, "probes": 2}}"#);
            world.fail_all(0..6);
            world.crash = Some((crash, after));
            world.pass(900);
            assert_eq!(world.entries().len(), 6, "crash at {crash}, after: {after}");
            assert_eq!(world.state()["backlog"], 0);
            for n in 0..6 {
                let outcome = &world.concluded(n)["conclusion"]["outcome"];
                assert_eq!(outcome, "resumed", "{n}, crash at {crash}, after: {after}");
            }
            last = world.errands;
        }
        if crash > last {
            return;
        }
    }
}

#[test]
fn what_the_api_answers_is_taken_for_what_it_means() {
    for (trick, outcome, resumed) in [
        (Trick::Answer(404), "gone", false),
        (Trick::Answer(400), "parked", false),
        (Trick::Answer(429), "resumed", true),
        (Trick::Answer(401), "resumed", true),
        (Trick::Answer(500), "resumed", true),
        (Trick::LostAfter, "resumed", true),
        (Trick::LostBefore, "resumed", true),
        (Trick::Unreachable, "resumed", true),
        (Trick::RestartAfter, "resumed", true),
        (Trick::RestartBefore, "resumed", true),
    ] {
        let mut world = ill("{}");
        world.fate = "RUN_SUCCESS";
        world.tricks = vec![trick];
        world.pass(35);
        let waits = matches!(trick, Trick::Answer(200 | 400 | 404));
        assert_eq!(
            world.state()["backlog"].as_u64().unwrap() < 21,
            waits || trick == Trick::LostAfter,
            "{trick:?}"
        );
        world.pass(565);
        if trick == Trick::Answer(429) {
            assert_eq!(world.entries().len(), 9, "the service asked for ten minutes");
        }
        world.pass(3600);
        assert_eq!(world.entries().len(), if resumed { 30 } else { 29 }, "{trick:?}");
        // The first that is tried is the oldest.
        assert_eq!(world.concluded(9)["conclusion"]["outcome"], outcome, "{trick:?}");
        assert_eq!(world.state()["backlog"], 0);
    }
}

#[test]
fn the_budget_of_a_day_is_kept_and_the_rest_waits_for_tomorrow() {
    let mut world = World::new(r#"{"budget": {"daily": 5}, "breaker": {"enabled": false}}"#);
    let admitted = world.fail_all(0..8);
    assert_eq!(admitted.iter().filter(|one| **one == Admitted::Go).count(), 5);
    assert_eq!(admitted[7], Admitted::Deferred { reason: "budget_spent", until: None });
    let state = world.state();
    assert_eq!((&state["dailyBudget"], &state["resumedToday"]), (&5.into(), &5.into()));
    let to_midnight = 86_400 - world.now.as_millis() / 1000 % 86_400;
    world.pass(to_midnight - 1);
    assert_eq!(world.entries().len(), 5);
    world.pass(60);
    assert_eq!(world.entries().len(), 8);
    assert_eq!(world.state()["resumedToday"], 3);
}

#[test]
fn the_kill_switch_keeps_everything_and_lets_go_once_it_is_off() {
    let mut world = World::new(r#"{"paused": true}"#);
    let paused = Admitted::Deferred { reason: "paused", until: None };
    assert_eq!(world.fail_all(0..3), [paused, paused, paused]);
    world.pass(7200);
    assert_eq!(world.entries().len(), 0);
    world.settings = World::new("{}").settings;
    world.pass(330);
    assert_eq!(world.entries().len(), 3);
}

#[test]
fn an_operator_holds_one_target_back_and_lets_it_go() {
    let mut world = World::new("{}");
    assert_eq!(world.ask(r#"{"do":"pause"}"#)["paused"], true);
    assert_eq!(world.fail_all(0..2)[1], Admitted::Deferred { reason: "paused", until: None });
    world.pass(7200);
    assert_eq!(world.entries().len(), 0);
    assert_eq!(world.ask(r#"{"do":"unpause"}"#)["paused"], false);
    world.pass(10);
    assert_eq!(world.entries().len(), 2);
}

#[test]
fn what_has_waited_too_long_is_parked() {
    let mut world = ill(r#"{"max_elapsed": "30m"}"#);
    world.fate = "RETRY";
    world.pass(3 * 3600);
    let fate = world.concluded(29);
    assert_eq!(
        (&fate["conclusion"]["outcome"], &fate["conclusion"]["reason"]),
        (&"parked".into(), &"elapsed_budget_spent".into())
    );
    assert_eq!(world.state()["backlog"], 0);
    assert!(world.notices.contains(&"gave_up".to_owned()));
    assert!(world.entries().len() < 30);
}

#[test]
fn somebody_else_who_had_the_entry_is_not_overruled() {
    let mut world = ill("{}");
    world.fate = "RUN_SUCCESS";
    // A person resumed this one by hand, through us.
    let shard = ledger::shard_of(&RunId::new("wfr_29").unwrap(), 4);
    let gone = r#"{"outcome":"gone"}"#;
    world.tell(
        &shard,
        &format!(r#"{{"do":"settle","case":{},"conclusion":{gone}}}"#, case(29, 503).to_json()),
    );
    // And this one is at somebody else's just now.
    let shard = ledger::shard_of(&RunId::new("wfr_9").unwrap(), 4);
    world.pass(25);
    assert_eq!(world.state()["backlog"], 20);
    world.tell(&shard, &ledger::claim(&case(9, 503), ledger::Claimant::Drain));
    world.pass(25);
    assert!(!world.entries().contains(&"1-9"));
    world.pass(3600);
    assert_eq!(world.entries().len(), 29);
    assert!(!world.entries().contains(&"1-29"));
}

#[test]
fn the_new_run_gets_what_is_left_of_its_delay_and_the_limits_of_the_drain() {
    let mut world = ill(r#"{"drain": {"rate": 30, "period": "1m", "parallelism": 4}}"#);
    let own = FlowControl::new(FlowControlKey::new("partner").unwrap(), None);
    let delayed = |n: u32, secs, overrides: Overrides| {
        let overrides = overrides.with_delay(Duration::from_secs(secs));
        Case {
            overrides,
            lineage: Lineage::new(
                RunId::new(format!("wfr_{n}")).unwrap(),
                0,
                Timestamp::from_millis(1_748_527_900_000 + u64::from(n)),
            ),
            ..case(n, 503)
        }
    };
    world.fail(&delayed(40, 45, Overrides::default()));
    world.fail(&delayed(41, 5, Overrides::default().with_flow_control(own)));
    world.pass(40);
    let header = |n: usize, name: &str| {
        let posts = world.requests.iter().filter(|request| request.path_and_query.contains("/resume/"));
        let headers = &posts.clone().nth(n).unwrap().headers;
        headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    assert_eq!((header(0, "Upstash-Delay"), header(1, "Upstash-Delay")), ("15s".to_owned(), String::new()));
    let key = header(0, "Upstash-Flow-Control-Key");
    assert!(key.starts_with("redrive-https-shop.example-order-"), "{key}");
    assert_eq!(header(0, "Upstash-Flow-Control-Value"), "parallelism=4, rate=30, period=1m");
    assert_eq!(header(1, "Upstash-Flow-Control-Key"), "partner");
    assert_eq!(header(1, "Upstash-Flow-Control-Value"), "");
}

#[test]
fn runs_are_followed_to_every_end() {
    let mut world = World::new("{}");
    for (n, fate) in ["RUN_SUCCESS", "RUN_FAILED", "RUN_CANCELED", "RUN_STARTED"].into_iter().enumerate() {
        world.fate = fate;
        world.fail(&case(u32::try_from(n).unwrap(), 503));
    }
    world.pass(30);
    world.pass(23 * 3600);
    assert_eq!(world.state()["followed"], 1);
    world.pass(2 * 3600);
    let state = world.state();
    let ends =
        ["recovered", "failedAgain", "canceled", "neverFinished"].map(|end| state[end].as_u64().unwrap());
    assert_eq!((ends, &state["followed"]), ([1, 1, 1, 1], &0.into()));
    assert_eq!(state["secondsToRecover"]["p50"], 5);
    let ends: Vec<String> = (0..4).map(|n| world.concluded(n)["end"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ends, ["recovered", "failed_again", "canceled", "never_finished"]);
    assert!(world.requests.len() < 45, "{}", world.requests.len());
}

#[test]
fn a_breaker_that_is_switched_off_lets_go() {
    let mut world = ill("{}");
    world.fate = "RUN_SUCCESS";
    world.settings = World::new(r#"{"breaker": {"enabled": false}}"#).settings;
    world.pass(120);
    assert_eq!(world.entries().len(), 30);
    assert!(world.fail_all(100..130).iter().all(|one| *one == Admitted::Go));
}

#[test]
fn a_clock_that_steps_back_does_not_keep_it_open() {
    let mut world = ill("{}");
    world.fate = "RUN_SUCCESS";
    world.now = Timestamp::from_millis(world.now.as_millis() - 86_400_000);
    assert_eq!(world.fail(&case(99, 503)), Some(OPEN));
    assert_eq!(world.state()["breaker"], "half_open");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let mut world = World::new("{}");
    for bad in [
        "",
        "{}",
        r#"{"do":"admit"}"#,
        r#"{"do":"admit","case":{}}"#,
        r#"{"do":"cleared"}"#,
        r#"{"do":"dance"}"#,
    ] {
        assert_eq!(Target.hear(&mut world.office("target-x"), bad), Err(UnheardError), "{bad}");
    }
    assert!(world.office("target-x").records.scan("", "", 9).is_empty());
}
