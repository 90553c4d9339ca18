//! Answers of the DLQ API, as a first line with the status, header lines, an empty line and the body. Every call reads
//! each of them.

use workflow_redrive::dlq::{
    ApiError, ApiResponse, Call, CancelCallback, ChangeFlowControl, DeleteEntry, DeleteMany, Entry,
    FindByRun, FlowControlChange, FlowControlKey, GetEntry, GetFlowControl, List, Lookup, MAX_MESSAGE_BYTES,
    Overrides, Paged, Restart, RestartMany, Resume, ResumeMany, RetryCallback, RunRef, RunStates, Selection,
    SigningKeys,
};
use workflow_redrive::ids::{DlqId, RunId};
use workflow_redrive::time::Timestamp;

use crate::again;
use crate::meter::{Allowed, bounded};
use crate::reference::json::{MAX_DEPTH, Object, Read, depth, read, string};

pub(crate) const WORDS: &[&str] = &[
    "200\n\n",
    "429\nretry-after: 30\n\n",
    "burst-ratelimit-limit: 100\n",
    "burst-ratelimit-remaining: 0\n",
    "burst-ratelimit-reset: 1748527980\n",
    "ratelimit-remaining: 0\n",
    "ratelimit-reset: Wed, 21 Oct 2026 07:28:00 GMT\n",
    "404\n\n{\"error\":\"no such entry\"}",
    "{\"messages\":[",
    "{\"dlqId\":\"1725323658779-0\",\"workflowRunId\":\"wfr_a\",\"workflowUrl\":\"https://shop.example/order\"}",
    "\"responseStatus\":503",
    "\"createdAt\":1701198458025",
    "\"workflowCreatedAt\":\"2023-11-28T19:07:38.025Z\"",
    "\"label\":\"a\",\"labels\":[\"a\",\"b\"]",
    "\"failureFunctionState\":\"CALLBACK_FAIL\"",
    "\"failureCallbackInfo\":{\"state\":\"CALLBACK_SUCCESS\"}",
    "\"cursor\":\"1725323658779-1\"",
    "\"cursor\":\"\"",
    "]}",
    "{\"workflowRuns\":[{\"workflowRunId\":\"wfr_b\",\"workflowCreatedAt\":1701198458025}]}",
    "{\"workflowRunId\":\"wfr_b\"}",
    "{\"deleted\":3}",
    "{\"runs\":[{\"workflowRunId\":\"wfr_a\",\"workflowState\":\"RUN_SUCCESS\",\"steps\":[{\"steps\":[{\"state\":\"STEP_RETRY\"}]}]}]}",
    "{\"current\":\"sig_1\",\"next\":\"sig_2\"}",
    "{\"flowControlKey\":\"k\",\"waitListSize\":3,\"parallelismMax\":5,\"ratePeriod\":60,\"isPaused\":true}",
    "null",
    ",",
];
pub(crate) const LONGEST: usize = usize::MAX;
pub(crate) const SHAPES: &[fn(usize) -> Vec<u8>] = &[
    |len| {
        ["200\n\n{\"messages\":[", &again("{\"dlqId\":\"1-0\"},", len), "{\"dlqId\":\"1-1\"}]}"]
            .concat()
            .into()
    },
    |len| ["200\n\n{\"messages\":[", &again("{},", len), "{}]}"].concat().into(),
    |len| {
        ["200\n\n{\"messages\":[{\"dlqId\":\"1-0\",\"labels\":[", &again("\"a\",", len), "\"a\"]}]}"]
            .concat()
            .into()
    },
    |len| {
        ["200\n\n{\"messages\":[{\"dlqId\":\"1-0\",\"body\":\"", &again("\\\"", len), "\"}]}"].concat().into()
    },
    |len| {
        ["200\n\n", &again("{\"workflowRuns\":[", len.min(900)), &again(" ", len), &again("]}", len.min(100))]
            .concat()
            .into()
    },
    |len| {
        let open = "{\"workflowRuns\":[".repeat(60);
        ["200\n\n", &open, "{\"workflowRunId\":\"wfr_a\",\"x\":\"", &again("x", len), "\"}", &"]}".repeat(60)]
            .concat()
            .into()
    },
    |len| {
        ["200\n\n{\"workflowRuns\":[", &again("{\"workflowRunId\":\"wfr_a\"},", len), "null]}"]
            .concat()
            .into()
    },
    |len| ["200\n\n{\"runs\":[", &again("{\"workflowRunId\":\"wfr_a\"},", len), "{}]}"].concat().into(),
    |len| {
        [
            "200\n\n{\"runs\":[{\"workflowRunId\":\"wfr_a\",\"steps\":[",
            &again("{\"steps\":[{}]},", len),
            "1]}]}",
        ]
        .concat()
        .into()
    },
    |len| ["500\n\n", &again("\u{7}", len)].concat().into(),
    |len| ["500\n\n{\"error\":\"", &again("\\u0007", len), "\"}"].concat().into(),
    |len| ["429\nretry-after: ", &again("9", len), "\n\n"].concat().into(),
];

const RUN: &str = "wfr_a";
const ENTRY: &str = "1725323658779-0";

pub(crate) fn check(data: &[u8]) {
    let (status, headers, body) = answer(data);
    let response = || {
        ApiResponse::new(status, body, |name| {
            headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
        })
    };
    let entry = || DlqId::new(ENTRY).unwrap();
    let run = || RunId::new(RUN).unwrap();
    let key = || FlowControlKey::new("k").unwrap();
    let allowed = Allowed::times(64);
    macro_rules! parse {
        ($call:expr) => {{
            let (call, response) = ($call, response());
            let read = bounded(data.len(), allowed, || call.parse(response));
            if let Err(refused) = &read {
                check_error(refused, status);
            }
            read
        }};
    }
    let page = parse!(List::all());
    _ = parse!(Resume::new(entry(), Overrides::default()));
    let created = parse!(Restart::new(entry(), Overrides::default()));
    let many = parse!(ResumeMany::new(Selection::All, Overrides::default()));
    _ = parse!(RestartMany::new(Selection::All, Overrides::default()));
    let deleted = parse!(DeleteMany::new(Selection::All));
    let one = parse!(GetEntry::new(entry()));
    let gone = parse!(DeleteEntry::new(entry()));
    let found = parse!(FindByRun::new(run()));
    let runs = parse!(RunStates::new([RunRef::new(run(), None)]).unwrap());
    let keys = parse!(SigningKeys::new());
    _ = parse!(GetFlowControl::new(key()));
    _ = parse!(ChangeFlowControl::new(key(), FlowControlChange::Pause));
    _ = parse!(RetryCallback::new(entry()));
    _ = parse!(CancelCallback::new(entry()));

    assert_eq!(gone.is_ok(), (200..=299).contains(&status));
    if let Ok(keys) = &keys {
        assert!(!format!("{keys:?}").contains("sig_"));
    }
    if let Ok(runs) = &runs {
        assert!(runs.iter().all(|state| state.run_id.as_str() == RUN), "only what was asked for");
    }
    if let (Ok(page), Ok(found)) = (&page, &found) {
        let is_there =
            page.entries.iter().any(|entry| entry.run_id.as_ref().is_some_and(|id| id.as_str() == RUN));
        assert_eq!(is_there, matches!(found, Lookup::Found(_)));
        if let Some(next) = List::all().after(page) {
            assert!(page.cursor.is_some() && next.cursor() == page.cursor.as_deref());
        }
    }
    if (200..=299).contains(&status)
        && depth_of(body) <= MAX_DEPTH
        && let Read::Object(object) = read(body)
    {
        compare_page(&object, page.as_ref().ok().map(|page| (&*page.entries, page.cursor.as_deref())));
        if let Ok(created) = &created {
            let id = word(&object, "workflowRunId");
            assert!(id.is_none_or(|id| id == created.run_id.as_str()));
        }
        if let Ok(deleted) = &deleted {
            let number = object.one("deleted").unwrap().unwrap().trim_matches('"');
            assert_eq!(number.parse(), Ok(deleted.deleted));
        }
        if let Ok(many) = &many {
            let list: Option<Vec<serde_json::Value>> =
                object.one("workflowRuns").unwrap().and_then(|list| serde_json::from_str(list).ok());
            assert!(list.is_none_or(|list| list.len() == many.runs.len()));
        }
        if let Ok(one) = &one {
            assert_eq!(word(&object, "dlqId").as_deref().unwrap_or(ENTRY), one.dlq_id.as_ref());
        }
    }
}

fn depth_of(body: &[u8]) -> usize {
    std::str::from_utf8(body)
        .ok()
        .filter(|text| serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok())
        .map_or(usize::MAX, |text| depth(text.as_bytes()))
}

/// The first line, lines with a colon, and the rest.
fn answer(data: &[u8]) -> (u16, Vec<(String, String)>, &[u8]) {
    let mut rest = data;
    let line = |rest: &mut &[u8]| {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let line = String::from_utf8_lossy(&rest[..end]).into_owned();
        *rest = rest.get(end + 1..).unwrap_or_default();
        line
    };
    let Ok(status) = line(&mut rest).parse() else { return (200, Vec::new(), data) };
    let mut headers = Vec::new();
    while let Some((name, value)) = line(&mut rest).split_once(": ") {
        headers.push((name.to_owned(), value.to_owned()));
    }
    (status, headers, rest)
}

fn check_error(refused: &ApiError, status: u16) {
    assert!(refused.message().len() <= MAX_MESSAGE_BYTES && !refused.message().chars().any(char::is_control));
    assert!(
        !refused.code().is_empty() && !refused.to_string().is_empty() && !format!("{refused:?}").is_empty()
    );
    // 401 stands for 403 too.
    let said = if status == 403 { 401 } else { status };
    assert!((200..=299).contains(&status) || refused.status() == Some(said), "{refused:?}");
    assert!(!refused.is_transient() || status == 429 || status >= 500, "{status} is not to be tried again");
    if let Some(limit) = refused.rate_limit() {
        _ = limit.retry_after(Timestamp::from_secs(1_792_567_680));
    }
}

/// A text with something in it.
fn word(object: &Object<'_>, name: &str) -> Option<String> {
    object.one(name).ok()?.and_then(string).filter(|text| !text.is_empty())
}

fn compare_page(object: &Object<'_>, page: Option<(&[Entry], Option<&str>)>) {
    let Some((entries, cursor)) = page else { return };
    if object.one("cursor").unwrap().is_none_or(|cursor| cursor.len() <= 4096) {
        assert_eq!(word(object, "cursor").as_deref(), cursor);
    }
    let messages = object.one("messages").unwrap().unwrap_or("[]");
    let messages: Vec<&serde_json::value::RawValue> = serde_json::from_str(messages).unwrap();
    assert_eq!(messages.len(), entries.len(), "{object:?}");
    for (message, entry) in messages.into_iter().zip(entries) {
        let Read::Object(message) = read(message.get().as_bytes()) else { return };
        assert_eq!(word(&message, "dlqId").as_deref(), Some(entry.dlq_id.as_ref()), "{message:?}");
        assert_eq!(
            word(&message, "workflowRunId").as_deref(),
            entry.run_id.as_ref().map(AsRef::as_ref),
            "{message:?}"
        );
        if let Some(status) = message.one("responseStatus").unwrap().and_then(|status| status.parse().ok()) {
            assert_eq!(entry.response_status, Some(status).filter(|status| *status > 0), "{message:?}");
        }
        let callback = word(&message, "failureCallback").filter(|url| url.len() < 16 * 1024);
        assert!(callback.is_none() || entry.failure_callback == callback, "{message:?}");
    }
}
