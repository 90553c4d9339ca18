//! How pages are followed.

use proptest::prelude::*;

use crate::*;

fn listed(entries: usize, cursor: &str) -> ApiResponse {
    let entries: Vec<String> = (0..entries).map(|n| format!(r#"{{"dlqId":"1-{n}"}}"#)).collect();
    answer(200, &format!(r#"{{"messages":[{}]{cursor}}}"#, entries.join(",")))
}

/// Feeds these cursors in turn; the lines that were sent, and the error at the end.
fn follow<C: Paged>(mut pages: Pages<C>, answers: &[ApiResponse]) -> (Vec<String>, Option<String>) {
    let mut lines = Vec::new();
    for answer in answers {
        match pages.next_call() {
            Ok(Some(call)) => {
                lines.push(line(&call));
                pages.feed(&call.parse(answer.clone()).unwrap());
            }
            Ok(None) => panic!("more answers than calls: {lines:?}"),
            Err(error) => return (lines, Some(error.to_string())),
        }
    }
    let end = pages.next_call().map(|call| assert!(call.is_none(), "{lines:?}"));
    (lines, end.err().map(|error| error.to_string()))
}

#[test]
fn an_absent_an_empty_and_a_null_cursor_end_the_pages() {
    for end in ["", r#","cursor":"""#, r#","cursor":null"#] {
        let (lines, error) =
            follow(Pages::new(List::all()), &[listed(1, r#","cursor":"a b""#), listed(1, end)]);
        let first = "GET /v2/workflows/dlq?count=100".to_owned();
        assert_eq!((lines, error), (vec![first.clone(), format!("{first}&cursor=a%20b")], None));
    }
}

#[test]
fn a_page_without_entries_may_still_lead_on() {
    let (lines, error) = follow(Pages::new(List::all()), &[listed(0, r#","cursor":"a""#), listed(2, "")]);
    assert_eq!((lines.len(), error), (2, None));
}

#[test]
fn a_cursor_that_comes_back_is_named_after_its_page_was_taken_in() {
    for cycle in [&["a", "a"][..], &["a", "b", "a"], &["a", "b", "c", "b"]] {
        let answers: Vec<_> =
            cycle.iter().map(|cursor| listed(1, &format!(r#","cursor":"{cursor}""#))).collect();
        let (lines, error) = follow(Pages::new(List::all()), &answers);
        assert_eq!(lines.len(), cycle.len());
        let named = format!("`{}` twice", cycle.last().unwrap());
        assert!(error.unwrap().contains(&named), "{cycle:?}");
    }
    let resumed = answer(200, r#"{"workflowRuns":[{"workflowRunId":"w"}],"cursor":"1-0"}"#);
    let mut pages = Pages::new(resume_all().from_cursor("1-0"));
    let page = pages.next_call().unwrap().unwrap().parse(resumed).unwrap();
    pages.feed(&page);
    assert_eq!(pages.items(), 1);
    assert_eq!(pages.next_call().unwrap_err().cursor(), "1-0");
    pages.stop();
    assert_eq!(pages.next_call(), Ok(None));
}

#[test]
fn the_ceiling_shortens_the_last_page_and_ends() {
    let (lines, error) = follow(
        Pages::new(List::all()).with_ceiling(103),
        &[listed(100, r#","cursor":"a""#), listed(2, r#","cursor":"b""#), listed(1, r#","cursor":"c""#)],
    );
    let tails: Vec<_> = lines.iter().map(|line| line.split_once("count=").unwrap().1).collect();
    assert_eq!((tails, error), (vec!["100", "3&cursor=a", "1&cursor=b"], None));
    assert_eq!(Pages::new(List::all()).with_ceiling(0).next_call(), Ok(None));
    // What is behind the ceiling is not asked for, so that its cursor does not matter.
    let mut pages = Pages::new(List::all().from_cursor("a")).with_ceiling(1);
    pages.feed(&List::all().parse(listed(1, r#","cursor":"a""#)).unwrap());
    assert_eq!(pages.next_call(), Ok(None));

    let mut pages = Pages::new(DeleteMany::new(ids(60))).with_ceiling(55);
    let mut named = Vec::new();
    while let Some(call) = pages.next_call().unwrap() {
        let count = line(&call).matches("dlqIds=").count();
        named.push(count);
        pages.feed(&call.parse(answer(200, &format!(r#"{{"deleted":{count}}}"#))).unwrap());
    }
    assert_eq!(named, [50, 5]);
}

#[test]
fn a_call_that_failed_can_be_sent_again_and_a_stopped_one_is_not_sent() {
    let mut pages = Pages::new(resume_all());
    assert_eq!(pages.next_call().unwrap(), pages.next_call().unwrap());
    pages.stop();
    assert_eq!(pages.next_call(), Ok(None));
}

proptest! {
    #[test]
    fn pages_end_whatever_cursors_come(cursors in prop::collection::vec("[ab]{0,2}", 0..40), ceiling in 0_u64..200) {
        let mut pages = Pages::new(List::all()).with_ceiling(ceiling);
        let mut sent = 0;
        let mut answers = cursors.iter().cycle();
        while let Ok(Some(call)) = pages.next_call() {
            sent += 1;
            // There are seven different cursors, the empty one among them.
            prop_assert!(sent <= 8);
            let cursor = answers.next().map(String::as_str).unwrap_or_default();
            pages.feed(&call.parse(listed(call.count(), &format!(r#","cursor":"{cursor}""#))).unwrap());
            prop_assert!(pages.items() <= ceiling);
        }
    }
}
