//! The failure callback, as a request: header lines, an empty line, the body. In any chunks it is the same failure, and
//! what `serde_json` finds in the body is what we find.

use ::base64::{Engine as _, engine::general_purpose::STANDARD};
use workflow_redrive::callback::{CallbackError, CallbackHeaders, Failure, FailureReader};
use workflow_redrive::time::Timestamp;

use crate::again;
use crate::meter::flat;
use crate::reference::json::{MAX_DEPTH, Object, Read, depth, lossy, read, string};

pub(crate) const WORDS: &[&str] = &[
    "{\"status\":503,",
    "\"status\":",
    "\"header\":{\"Retry-After\":[\"30\"],\"Upstash-Error-Step-Name\":[\"charge\"]}",
    "\"sourceHeader\":{\"Upstash-Label\":[\"a,b\"]}",
    "\"body\":\"eyJlcnJvciI6IkVycm9yIiwibWVzc2FnZSI6Im5vIn0=\"",
    "\"retried\":3",
    "\"maxRetries\":3",
    "\"dlqId\":\"1725323658779-0\"",
    "\"sourceMessageId\":\"msg_1\"",
    "\"url\":\"https://shop.example/order\"",
    "\"createdAt\":\"1701198458025\"",
    "\"workflowCreatedAt\":\"2023-11-28T19:07:38.025Z\"",
    "\"workflowRunId\":\"wfr_a\"",
    "\"sourceBody\":\"c2VjcmV0\"",
    "Upstash-Label: a,b\n",
    "Upstash-Region: US-EAST-1\n",
    "Upstash-Workflow-RunId: wfr_b\n",
    "Upstash-Workflow-Url: https://a.example/\n",
    "Upstash-Retried: 1\n",
    "\n",
    "null",
    "true",
    "-1",
    "1e9",
    "\\u00e9",
    "\\ud83d\\ude00",
    "\\ud800",
    "\\\"",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
];
pub(crate) const LONGEST: usize = usize::MAX;
pub(crate) const SHAPES: &[fn(usize) -> Vec<u8>] = &[
    |len| ["{\"sourceBody\":\"", &again("x", len), "\"}"].concat().into(),
    |len| ["{\"sourceBody\":\"", &again("\\u00e9", len), "\"}"].concat().into(),
    |len| ["{\"body\":\"", &again("\\\"", len), "\"}"].concat().into(),
    |len| ["{\"a\":", &again("[[[[[[[[]]]]]]]],", len)].concat().into(),
    |len| ["{\"a\":[", &again("[[[[[[[[[[[[]]]]]]]]]]]],", len), "1]}"].concat().into(),
    |len| ["{\"a\":", &again("[", len)].concat().into(),
    |len| ["{", &again("\"header \":1,", len), "\"a\":1}"].concat().into(),
    |len| ["{", &again("\"\\u0068eader\":1,", len), "\"a\":1}"].concat().into(),
    |len| ["{\"status\":", &again("9", len), "}"].concat().into(),
    |len| ["{\"header\":{", &again("\"label\":[\"a\"],", len), "\"a\":1}}"].concat().into(),
    |len| ["{\"header\":{\"Upstash-Label\":\"", &again("a,", len), "\"}}"].concat().into(),
    |len| ["{\"a\":1", &again(" ", len), "}"].concat().into(),
    |len| {
        ["Upstash-Label: ", &again("a,", len), "\n\n{\"workflowRunId\":\"wfr_a\",\"url\":\"u\"}"]
            .concat()
            .into()
    },
];

const NOW: Timestamp = Timestamp::from_secs(1_792_567_680);
/// As the documentation of `FailureReader` says.
const MOST_HELD: usize = 512 * 1024;

type Outcome = Result<Failure, CallbackError>;

pub(crate) fn check(data: &[u8]) {
    let (headers, body) = request(data);
    let head: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    let parse = |chunks: &mut dyn Iterator<Item = &[u8]>| -> Outcome {
        let headers = CallbackHeaders::read(|name| {
            headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
        });
        // Headers are held by whoever reads the request.
        flat(MOST_HELD + 4 * head, || {
            let mut reader = FailureReader::new(headers);
            for chunk in chunks {
                reader.push(chunk);
                assert!(reader.captured_bytes() <= 400 * 1024, "{} bytes captured", reader.captured_bytes());
            }
            reader.finish(NOW)
        })
    };
    let whole = parse(&mut std::iter::once(body));
    // Chunks of lengths that the input itself picks.
    let seed =
        body.iter().fold(body.len(), |hash, byte| (hash ^ usize::from(*byte)).wrapping_mul(0x0100_0193));
    for most in [1, 2, 7, 64, 4096] {
        if body.len() / most < 4096 {
            let chunks = &mut Chunks { rest: body, seed, most };
            assert_eq!(
                parse(chunks),
                whole,
                "in chunks of up to {most} bytes: {}",
                String::from_utf8_lossy(body)
            );
        }
    }
    compare(&headers, body, &whole);
}

fn request(data: &[u8]) -> (Vec<(String, String)>, &[u8]) {
    let (mut headers, mut rest) = (Vec::new(), data);
    while rest.starts_with(b"Upstash-") || rest.starts_with(b"\n") {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let line = String::from_utf8_lossy(&rest[..end]).into_owned();
        rest = rest.get(end + 1..).unwrap_or_default();
        match line.split_once(": ") {
            Some((name, value)) => headers.push((name.to_owned(), value.to_owned())),
            None => break,
        }
    }
    (headers, rest)
}

struct Chunks<'a> {
    rest: &'a [u8],
    seed: usize,
    most: usize,
}

impl<'a> Iterator for Chunks<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Empty ones among them.
        let len = ((self.seed >> 33) % (self.most + 1)).min(self.rest.len());
        let (chunk, rest) = self.rest.split_at(len);
        self.rest = rest;
        Some(chunk)
    }
}

/// Holds the result to what another reader finds.
fn compare(headers: &[(String, String)], body: &[u8], found: &Outcome) {
    const NAMES: &[&str] = &[
        "body",
        "createdAt",
        "dlqId",
        "header",
        "maxRetries",
        "retried",
        "sourceHeader",
        "sourceMessageId",
        "status",
        "url",
        "workflowCreatedAt",
        "workflowRunId",
    ];
    let shown = String::from_utf8_lossy(body);
    let object = match read(body) {
        Read::Unclear => return,
        Read::Object(object) if depth(body) <= MAX_DEPTH => object,
        Read::Other => {
            return assert!(matches!(found, Err(CallbackError::NotAnObject | CallbackError::TooDeep)));
        }
        Read::Object(_) => return assert_eq!(*found, Err(CallbackError::TooDeep)),
        Read::Nothing => return assert!(found.is_err(), "{shown}"),
    };
    if object.repeats(NAMES) {
        return assert!(matches!(found, Err(CallbackError::Duplicate { .. })), "{shown}: {found:?}");
    }
    let header = |name: &str| {
        let value = headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        value.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
    };
    let failure = match found {
        Ok(failure) => failure,
        Err(refused) => return assert_refused(*refused, &object, &header),
    };
    let text = |name: &str| object.one(name).unwrap().and_then(string).filter(|text| !text.is_empty());
    let run = text("workflowRunId").or_else(|| header("Upstash-Workflow-RunId"));
    assert_eq!(Some(failure.run_id.as_str()), run.as_deref(), "{shown}");
    let url = text("url").or_else(|| header("Upstash-Workflow-Url"));
    assert_eq!(Some(failure.workflow_url.as_str()), url.as_deref(), "{shown}");
    assert_eq!(failure.dlq_id.as_ref().map(AsRef::as_ref), text("dlqId").as_deref(), "{shown}");
    assert_eq!(failure.status, status(&object).expect("a status that was taken"), "{shown}");
    for (name, taken) in [("retried", failure.retried), ("maxRetries", failure.max_retries)] {
        assert_eq!(taken, scalar(&object, name).and_then(|text| small(&text)), "{name} in {shown}");
    }
    if let Some(millis) =
        scalar(&object, "createdAt").filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
    {
        let millis = millis.parse().ok().filter(|millis| *millis > 0).map(Timestamp::from_millis);
        assert_eq!(failure.created_at, millis, "{shown}");
    }
    if let Some(id) = scalar(&object, "sourceMessageId").filter(|id| (1..=512).contains(&id.len())) {
        assert_eq!(failure.source_message_id.as_ref(), Some(&id), "{shown}");
    }
    compare_error(&object, failure, &shown);
}

/// A refusal must have its cause.
fn assert_refused(refused: CallbackError, object: &Object<'_>, header: &dyn Fn(&str) -> Option<String>) {
    let given = |name: &str| object.one(name).unwrap().is_some_and(|value| value != "\"\"");
    let caused = match refused {
        CallbackError::NotAWorkflow => !given("workflowRunId") && header("Upstash-Workflow-RunId").is_none(),
        CallbackError::NoWorkflowUrl => !given("url") && header("Upstash-Workflow-Url").is_none(),
        CallbackError::Invalid { field: "status", .. } => status(object).is_none(),
        CallbackError::Invalid { field, .. } if field.starts_with("Upstash-") => header(field).is_some(),
        CallbackError::Invalid { field, .. } => {
            let text = object.one(field).unwrap().map(string);
            text.is_some_and(|text| {
                text.is_none_or(|text| {
                    text.len() > 512
                        || matches!(text.as_str(), "." | "..")
                        || text.chars().any(|c| c.is_control() || c.is_whitespace())
                })
            })
        }
        CallbackError::TooLong { field, limit } => {
            object.one(field).unwrap().is_some_and(|value| value.len() > limit.min(8 * 1024))
                || header("Upstash-Workflow-Url").is_some_and(|url| url.len() > limit)
        }
        _ => false,
    };
    assert!(caused, "{refused:?} of {object:?}");
}

/// A string, or a number as it is written.
fn scalar(object: &Object<'_>, name: &str) -> Option<String> {
    let value = object.one(name).unwrap().filter(|value| value.len() <= 64 || name == "sourceMessageId")?;
    if value.starts_with('"') { string(value) } else { Some(value.to_owned()) }
}

fn small(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// `None` for what is no status.
fn status(object: &Object<'_>) -> Option<u16> {
    let Some(value) = object.one("status").unwrap() else { return Some(0) };
    if value.len() > 64 {
        return None;
    }
    let text = if value.starts_with('"') { string(value)? } else { value.to_owned() };
    if let Some(digits) = text.strip_prefix('-') {
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        return (is_number && digits.parse::<u64>().is_ok()).then_some(0);
    }
    let status: u64 = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())??;
    u16::try_from(status).ok().filter(|status| matches!(status, 0 | 100..=999))
}

/// Name and message of the error, where the response is the object that the SDK sends.
fn compare_error(object: &Object<'_>, failure: &Failure, shown: &str) {
    let body = object.one("body").unwrap().filter(|value| value.len() < 16 * 1024).and_then(string);
    let Some(response) = body.and_then(|body| STANDARD.decode(body).ok()) else { return };
    let Read::Object(error) = read(&response) else { return };
    let names: Vec<String> = error.0.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    let is_clear =
        ["error", "message"].iter().all(|name| names.iter().filter(|known| known == name).count() <= 1);
    if !is_clear || depth(&response) > MAX_DEPTH {
        return;
    }
    let text = |name: &str| {
        let value = error.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?.1;
        value.starts_with('"').then(|| lossy(value))
    };
    let (Some(name), Some(message)) = (text("error").flatten(), text("message").flatten()) else { return };
    let found = failure.error.as_ref().unwrap_or_else(|| panic!("an error is lost: {shown}"));
    assert_eq!(found.message.as_str(), &message[..message.floor_char_boundary(2048)], "{shown}");
    let kept = found.name.as_ref().map(AsRef::<str>::as_ref);
    assert_eq!(kept, Some(&name[..name.floor_char_boundary(256)]), "{shown}");
}
