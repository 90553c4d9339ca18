//! What bulk calls act on.

use proptest::prelude::*;

use crate::*;

#[test]
fn everything_must_be_said_and_states_its_count() {
    assert_eq!(line(&resume_all()), "POST /v2/workflows/dlq/resume?count=50");
    assert_eq!(line(&DeleteMany::new(Selection::All)), "DELETE /v2/workflows/dlq?count=50");
    let later = resume_all().from_cursor("1-0&x");
    assert_eq!(line(&later), "POST /v2/workflows/dlq/resume?count=50&cursor=1-0%26x");
}

#[test]
fn no_ids_are_never_sent_as_everything() {
    assert_eq!(Ids::new([]), Err(InvalidIdsError::Empty));
    assert_eq!(Ids::new([DlqId::new("1-0,1-1").unwrap()]), Err(InvalidIdsError::Comma));
    assert_eq!(Ids::new([id(2), id(1), id(2)]).unwrap().as_slice(), [id(2), id(1)]);
}

#[test]
fn overrides_travel_as_headers_of_bulk_calls() {
    let overrides = Overrides::default().with_retries(2);
    let expected = vec![("Upstash-Retries", "2".to_owned())];
    assert_eq!(ResumeMany::new(ids(1), overrides.clone()).request().headers, expected);
    assert_eq!(RestartMany::new(ids(1), overrides).request().headers, expected);
}

#[test]
fn only_what_has_the_same_effect_twice_is_safe_to_repeat() {
    let filter = Filter::builder().label(label("a")).build().unwrap();
    assert!(DeleteMany::new(ids(2)).request().is_safe_to_repeat());
    assert!(!DeleteMany::new(filter).request().is_safe_to_repeat());
    assert!(!DeleteMany::new(Selection::All).request().is_safe_to_repeat());
    assert!(!ResumeMany::new(ids(2), Overrides::default()).request().is_safe_to_repeat());
    assert!(!RestartMany::new(Selection::All, Overrides::default()).request().is_safe_to_repeat());
    assert!(!RetryCallback::new(id(0)).request().is_safe_to_repeat());
    assert!(CancelCallback::new(id(0)).request().is_safe_to_repeat());
    let key = FlowControlKey::new("k").unwrap();
    assert!(ChangeFlowControl::new(key, FlowControlChange::Pause).request().is_safe_to_repeat());
}

proptest! {
    #[test]
    fn each_id_is_sent_once_in_calls_of_at_most_50(count in 1_usize..320, cursor in any::<bool>()) {
        let cursor = if cursor { r#","cursor":"1-7""# } else { "" };
        let mut pages = Pages::new(ResumeMany::new(ids(count), Overrides::default()));
        let mut sent = Vec::new();
        while let Some(call) = pages.next_call().unwrap() {
            let line = line(&call);
            let named: Vec<String> =
                line.split(['?', '&']).filter_map(|p| p.strip_prefix("dlqIds=")).map(str::to_owned).collect();
            prop_assert!((1..=50).contains(&named.len()), "{}", line);
            prop_assert!(!line.contains("cursor") && !line.contains("count"), "{}", line);
            sent.extend(named);
            pages.feed(&call.parse(answer(200, &format!(r#"{{"workflowRuns":[]{cursor}}}"#))).unwrap());
        }
        let expected: Vec<String> = (0..count).map(|n| id(n).to_string()).collect();
        prop_assert_eq!(sent, expected);
    }
}
