//! Which entries are meant: the query of a sweep, and filters that are built. What a filter says in a request is what it
//! was built of, and it matches those entries that have it.

use arbitrary::{Result, Unstructured};
use workflow_redrive::dlq::{ApiResponse, Call, CallbackState, Entry, Filter, FlowControlKey, Label, List};
use workflow_redrive::http_url::{HttpUrl, percent_decode, percent_encode, query_pairs};
use workflow_redrive::ids::RunId;
use workflow_redrive::sweep::Orders;
use workflow_redrive::time::Timestamp;

use crate::again;
use crate::meter::{Allowed, bounded};

pub(crate) const WORDS: &[&str] = &[
    "label=a",
    "workflowUrl=https%3A%2F%2Fshop.example%2Forder",
    "workflowRunId=wfr_a",
    "workflowCreatedAt=1",
    "failureFunctionState=CALLBACK_FAIL",
    "callerIp=127.0.0.1",
    "flowControlKey=k",
    "fromDate=1",
    "toDate=2",
    "dry_run=true",
    "region=default",
    "region=EU-CENTRAL-1",
    "cursor=1-0",
    "&",
    "=",
    "%2C",
    "%",
    ",",
];
pub(crate) const LONGEST: usize = usize::MAX;
pub(crate) const SHAPES: &[fn(usize) -> Vec<u8>] = &[
    |len| again("label=a&", len).into(),
    |len| again("cursor=a&", len).into(),
    |len| again("fromDate=1&toDate=2&label=a&", len).into(),
    |len| ["workflowUrl=https%3A%2F%2Fa.example%2F", &again("%41", len)].concat().into(),
    |len| ["x", &again("%41", len), "=1"].concat().into(),
];

pub(crate) fn check(data: &[u8]) {
    let query = String::from_utf8_lossy(data);
    let read = bounded(query.len(), Allowed::times(32), || Orders::read(&query));
    if let Err(words) = read {
        // Nothing of what was asked is repeated, but a short name.
        assert!(!words.is_empty() && words.len() < 1024, "{words}");
    } else {
        // The same with every value encoded in full.
        let pairs = query_pairs(&query).map(|(name, value)| {
            [percent_encode(&percent_decode(name).unwrap()), percent_encode(&percent_decode(value).unwrap())]
                .join("=")
        });
        let again = pairs.collect::<Vec<_>>().join("&");
        assert_eq!(Orders::read(&again), read, "{query}");
    }
    _ = built(&mut Unstructured::new(data));
}

fn built(bytes: &mut Unstructured<'_>) -> Result<()> {
    let mut builder = Filter::builder();
    let mut criteria: Vec<(&str, String)> = Vec::new();
    let only = |name, value, criteria: &mut Vec<(&str, String)>| {
        criteria.retain(|(known, _)| *known != name);
        criteria.push((name, value));
    };
    for _ in 0..bytes.int_in_range(0..=6)? {
        match bytes.int_in_range(0..=8)? {
            0 => {
                let url = *bytes.choose(&[
                    "https://a.example/x",
                    "https://b.example/?a,b",
                    "http://localhost:1/",
                ])?;
                builder = builder.workflow_url(HttpUrl::parse(url).unwrap());
                criteria.push(("workflowUrl", url.to_owned()));
            }
            1 => {
                let id = *bytes.choose(&["wfr_a", "wfr_b", "wfr,c", "wfr_ä&=#"])?;
                builder = builder.run_id(RunId::new(id).unwrap());
                only("workflowRunId", id.to_owned(), &mut criteria);
            }
            2 => {
                let label = *bytes.choose(&["a", "b", "partner-sync"])?;
                builder = builder.label(Label::new(label).unwrap());
                criteria.push(("label", label.to_owned()));
            }
            3 => {
                let state = *bytes.choose(&[
                    CallbackState::Failed,
                    CallbackState::Success,
                    CallbackState::Unknown,
                ])?;
                builder = builder.callback_state(state);
                criteria.push(("failureFunctionState", state.as_wire().unwrap_or_default().to_owned()));
            }
            4 => {
                let ip = *bytes.choose(&["127.0.0.1", "::1", "1.2.3", "here"])?;
                builder = builder.caller_ip(ip);
                criteria.push(("callerIp", ip.to_owned()));
            }
            5 => {
                let key = *bytes.choose(&["k", "key.2"])?;
                builder = builder.flow_control_key(FlowControlKey::new(key).unwrap());
                criteria.push(("flowControlKey", key.to_owned()));
            }
            moment => {
                let millis = u64::from(bytes.arbitrary::<u8>()?);
                let at = Timestamp::from_millis(millis);
                let (name, next) = match moment {
                    6 => ("fromDate", builder.from(at)),
                    7 => ("toDate", builder.to(at)),
                    _ => ("workflowCreatedAt", builder.workflow_created_at(at)),
                };
                builder = next;
                only(name, millis.to_string(), &mut criteria);
            }
        }
    }
    let Ok(filter) = builder.build() else {
        assert!(is_wrong(&criteria), "{criteria:?} was refused");
        return Ok(());
    };
    assert!(!is_wrong(&criteria), "{criteria:?} was taken");
    let request = List::matching(filter.clone()).request();
    let (_, query) = request.path_and_query.split_once('?').unwrap();
    let mut said: Vec<(&str, String)> =
        query_pairs(query).map(|(name, value)| (name, percent_decode(value).unwrap())).collect();
    said.retain(|(name, _)| *name != "count");
    said.sort();
    criteria.sort();
    criteria.dedup();
    let mut distinct = said.clone();
    distinct.dedup();
    assert_eq!(distinct, criteria, "{query}");
    for entry in &entries() {
        assert_eq!(filter.matches(entry), has(entry, &criteria), "{criteria:?} and {entry:?}");
    }
    Ok(())
}

/// Whether criteria are none at all, or could be read otherwise than they were meant.
fn is_wrong(criteria: &[(&str, String)]) -> bool {
    let one = |name: &str| {
        criteria.iter().find(|(known, _)| *known == name).and_then(|(_, value)| value.parse::<u64>().ok())
    };
    criteria.is_empty()
        || one("fromDate").zip(one("toDate")).is_some_and(|(from, to)| from > to)
        || criteria.iter().any(|(name, value)| match *name {
            "failureFunctionState" => value.is_empty(),
            "callerIp" => value.parse::<std::net::IpAddr>().is_err(),
            "workflowUrl" | "workflowRunId" => value.contains(','),
            _ => false,
        })
}

/// Whether an entry has one value of each criterion that entries show.
fn has(entry: &Entry, criteria: &[(&str, String)]) -> bool {
    let shows = |name: &str, value: &str| match name {
        "workflowUrl" => entry.workflow_url.as_deref() == Some(value),
        "workflowRunId" => entry.run_id.as_ref().is_some_and(|id| id.as_str() == value),
        "workflowCreatedAt" => {
            entry.workflow_created_at.map(|at| at.as_millis().to_string()).as_deref() == Some(value)
        }
        // One label may be the first of several.
        "label" => entry.labels.len() == 1 || entry.labels.iter().any(|label| label == value),
        "failureFunctionState" => entry.callback_state.and_then(CallbackState::as_wire) == Some(value),
        _ => true,
    };
    criteria.iter().all(|(name, _)| criteria.iter().any(|(other, value)| other == name && shows(name, value)))
}

fn entries() -> Vec<Entry> {
    let page = br#"{"messages":[{"dlqId":"1-0"},
        {"dlqId":"1-1","workflowRunId":"wfr_a","workflowUrl":"https://a.example/x","labels":["a","b"],"workflowCreatedAt":7,
         "failureFunctionState":"CALLBACK_FAIL"},
        {"dlqId":"1-2","workflowRunId":"wfr_b","workflowUrl":"http://localhost:1/","label":"a",
         "failureFunctionState":"CALLBACK_SUCCESS"}]}"#;
    List::all().parse(ApiResponse::new(200, page.to_vec(), |_| None)).unwrap().entries
}
