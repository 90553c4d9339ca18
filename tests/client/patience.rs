//! What is repeated, how often, and after which waits.

use std::time::Duration;

use workflow_redrive::client::{CallError, Client, Patience};
use workflow_redrive::dlq::{
    ChangeFlowControl, DeleteMany, FlowControlChange, FlowControlKey, List, Overrides, ResumeMany, Selection,
    TransportError,
};

use crate::world::{NOW, Script, api, block_on, limited, lost, page, runs, unsent};

const LIST: &str = "GET /v2/workflows/dlq?count=100";
const RESUME: &str = "POST /v2/workflows/dlq/resume?count=50";

fn resume_all() -> ResumeMany {
    ResumeMany::new(Selection::All, Overrides::default())
}

#[test]
fn reading_is_repeated_after_every_passing_trouble() {
    let world = Script::answering([lost(), unsent(), api(500, ""), limited("retry-after", 1), page([0], "")]);
    assert_eq!(block_on(world.client().call(&List::all())).unwrap().entries.len(), 1);
    assert_eq!(world.lines(), [LIST; 5]);
}

#[test]
fn what_will_not_change_is_not_repeated() {
    for answer in [
        api(400, ""),
        api(401, ""),
        api(404, ""),
        api(302, ""),
        api(200, "<html>"),
        Err(TransportError::too_large(1)),
    ] {
        let world = Script::answering([answer]);
        let error = block_on(world.client().call(&List::all())).unwrap_err();
        assert!(matches!(error, CallError::Failed { attempts: 1, .. }), "{error}");
        assert_eq!(world.lines(), [LIST]);
        assert!(world.waits.borrow().is_empty());
    }
}

#[test]
fn a_call_that_is_not_safe_to_repeat_is_repeated_only_where_it_cannot_have_been_done() {
    let world = Script::answering([unsent(), limited("burst-ratelimit-reset", 0), runs(3)]);
    assert_eq!(block_on(world.client().call(&resume_all())).unwrap().runs.len(), 3);
    assert_eq!(world.lines(), [RESUME; 3]);

    for answer in [lost(), api(500, ""), api(302, ""), api(200, "{}")] {
        let world = Script::answering([unsent(), answer]);
        let error = block_on(world.client().call(&resume_all())).unwrap_err();
        assert!(matches!(error, CallError::Ambiguous { attempts: 2, .. }), "{error}");
        assert_eq!(error.code(), "ambiguous");
        assert!(error.to_string().starts_with("it is not known whether QStash did this: "), "{error}");
        assert_eq!(world.lines(), [RESUME; 2]);
    }
    // Twice, a deletion by filter would go on to the next entries.
    let world = Script::answering([lost()]);
    let error = block_on(world.client().call(&DeleteMany::new(Selection::All))).unwrap_err();
    assert!(matches!(error, CallError::Ambiguous { .. }));

    let pause = ChangeFlowControl::new(FlowControlKey::new("k").unwrap(), FlowControlChange::Pause);
    let world = Script::answering([lost(), api(200, "{}")]);
    assert_eq!(block_on(world.client().call(&pause)), Ok(()));
    assert_eq!(world.lines(), ["POST /v2/flowControl/k/pause"; 2]);
}

#[test]
fn the_number_of_attempts_is_bounded() {
    for max_attempts in [0, 1, 3] {
        let world = Script::answering((0..max_attempts.max(1)).map(|_| lost()));
        let patience = Patience::DEFAULT.with_bounds(max_attempts, Duration::from_hours(1));
        let client = Client::new(&world).with_patience(patience);
        let error = block_on(client.call(&List::all())).unwrap_err();
        assert_eq!(error.attempts(), max_attempts.max(1));
        assert_eq!(world.lines().len(), max_attempts.max(1) as usize);
    }
}

#[test]
fn waits_double_up_to_the_cap_and_may_have_any_length_below() {
    let patience = Patience::DEFAULT
        .with_bounds(6, Duration::from_hours(1))
        .with_backoff(Duration::from_millis(100), Duration::from_millis(500));
    for (attempts, bound) in [100, 200, 400, 500, 500].into_iter().enumerate() {
        for (entropy, wait) in [(0, 0), (bound, bound), (bound + 1, 0), (bound + 30, 29)] {
            let world = Script::answering((0..=attempts).map(|_| lost()).chain([page([], "")]));
            world.entropy.set(entropy);
            let client = Client::new(&world).with_patience(patience);
            block_on(client.call(&List::all())).unwrap();
            assert_eq!(
                world.waits.borrow().last(),
                Some(&Duration::from_millis(wait)),
                "{attempts} {entropy}"
            );
        }
    }
}

#[test]
fn a_rate_limit_is_waited_for_until_its_reset_and_a_little_longer() {
    let now = NOW.as_millis() / 1000;
    for (header, value, seconds) in [
        ("burst-ratelimit-reset", now + 3, 3),
        ("ratelimit-reset", now + 40, 40),
        ("retry-after", 7, 7),
        ("burst-ratelimit-reset", now - 5, 0),
        ("unrelated", 9, 0),
    ] {
        let world = Script::answering([limited(header, value), page([], "")]);
        world.entropy.set(200);
        block_on(world.client().call(&List::all())).unwrap();
        assert_eq!(*world.waits.borrow(), [Duration::from_millis(seconds * 1000 + 200)], "{header}");
    }
}

#[test]
fn a_wait_that_goes_beyond_the_time_allowed_is_not_begun() {
    let world = Script::answering([limited("retry-after", 60)]);
    let error = block_on(world.client().call(&List::all())).unwrap_err();
    assert!(error.api_error().rate_limit().is_some_and(|limit| limit.wait.is_some()), "{error}");
    assert!(world.waits.borrow().is_empty());
    assert_eq!(world.lines(), [LIST]);
}

#[test]
fn each_attempt_has_its_timeout_and_all_together_theirs() {
    let timeout = || Err(TransportError::timeout(Duration::from_secs(10)));
    let world = Script::answering([timeout(), timeout(), timeout()]);
    world.latency.set(Duration::from_secs(10));
    let patience = Patience::DEFAULT.with_bounds(9, Duration::from_secs(25));
    let client = Client::new(&world).with_patience(patience);
    assert_eq!(block_on(client.call(&List::all())).unwrap_err().attempts(), 3);
    assert_eq!(*world.timeouts.borrow(), [10, 10, 5].map(Duration::from_secs));
    assert_eq!(world.lines(), [LIST; 3]);
}
