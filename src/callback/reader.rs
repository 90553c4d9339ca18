//! From chunks to a failure.

use core::fmt;

use super::{
    CallbackError, CallbackHeaders, Excerpt, Failure, RetryHint,
    fields::{FIELDS, ID_LIMIT, URL_LIMIT, count, instant, required_text, small, status},
    headers::HeaderMap,
    response::failure_error,
};
use crate::{
    ids::{DlqId, RunId},
    json::{Field, Fields, Keys, Over, Scanner},
    text,
    time::Timestamp,
};

const STEP_NAME: &str = "Upstash-Error-Step-Name";
const LABEL: &str = "Upstash-Label";

/// Bytes of a step name or label.
const NAME_LIMIT: usize = 256;
/// Labels kept.
const MAX_LABELS: usize = 32;

/// The response headers that are read.
const RESPONSE_HEADERS: &[Field] = &[
    header(RetryHint::HEADERS[0]),
    header(RetryHint::HEADERS[1]),
    header(RetryHint::HEADERS[2]),
    header(RetryHint::HEADERS[3]),
    header(STEP_NAME),
    header(LABEL),
];

/// The headers of the original message that are read.
const SOURCE_HEADERS: &[Field] = &[header(LABEL)];

/// Reads a failure callback as it arrives.
///
/// The body may come in any chunks. Memory stays below half a megabyte whatever its size: of the fields that matter
/// only as much is kept as they may be long, of all others nothing.
///
/// ```
/// use workflow_redrive::callback::{CallbackHeaders, FailureReader};
/// use workflow_redrive::time::Timestamp;
///
/// let mut reader = FailureReader::new(CallbackHeaders::default());
/// reader.push(br#"{"status":503,"url":"https://app.example/flow","#);
/// reader.push(br#""workflowRunId":"wfr_1","sourceBody":"c2VjcmV0"}"#);
/// let failure = reader.finish(Timestamp::from_secs(1_792_567_680))?;
/// assert_eq!((failure.run_id.as_ref(), failure.status), ("wfr_1", 503));
/// # Ok::<(), workflow_redrive::callback::CallbackError>(())
/// ```
pub struct FailureReader {
    headers: CallbackHeaders,
    scanner: Scanner,
}

impl FailureReader {
    /// A reader for a callback with these request headers.
    #[must_use]
    pub fn new(headers: CallbackHeaders) -> Self {
        Self { headers, scanner: Scanner::new(FIELDS, Keys::Exact) }
    }

    /// Reads the next bytes of the body.
    ///
    /// Once the body turns out to be unusable, further bytes cost nothing; [`finish`](Self::finish) tells. That way the
    /// caller can go on hashing to the end, because a bad signature is the better reason to refuse.
    pub fn push(&mut self, chunk: &[u8]) {
        self.scanner.push(chunk);
    }

    /// Bytes of the body held at the moment.
    #[must_use]
    pub fn captured_bytes(&self) -> usize {
        self.scanner.captured_bytes()
    }

    /// The failure, once the whole body was read. `now` is when the callback arrived.
    pub fn finish(self, now: Timestamp) -> Result<Failure, CallbackError> {
        let Self { headers, scanner } = self;
        let mut fields = Fields::new(scanner.finish()?);

        let mut failure =
            Failure::new(run_id(&mut fields, headers.run_id)?, String::new(), status(&mut fields)?);
        failure.workflow_url = workflow_url(&mut fields, headers.workflow_url)?;
        if let Some(id) = required_text(&mut fields, "dlqId")? {
            failure.dlq_id = Some(DlqId::new(id).map_err(|_| invalid_id("dlqId"))?);
        }
        failure.error = failure_error(&fields.take("body"));
        read_headers(&mut failure, &mut fields, headers.label.as_deref(), now);
        failure.retried = count(&mut fields, "retried");
        failure.max_retries = count(&mut fields, "maxRetries");
        failure.source_message_id = fields.text("sourceMessageId").and_then(short_id);
        failure.created_at = instant(&mut fields, "createdAt");
        failure.workflow_created_at = instant(&mut fields, "workflowCreatedAt");
        failure.callback_message_id = headers.message_id.and_then(short_id);
        failure.callback_retried = headers.retried.and_then(|retried| small(&retried));
        Ok(failure)
    }
}

/// What was captured may be secret: only how much it is.
impl fmt::Debug for FailureReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FailureReader")
            .field("captured_bytes", &self.captured_bytes())
            .finish_non_exhaustive()
    }
}

const fn header(name: &'static str) -> Field {
    Field { name, limit: 8 * 1024, over: Over::Cut }
}

/// The body names the run that failed. The header may still name the run that this one was resumed from, because
/// the SDK stores it when it triggers the first one.
fn run_id(fields: &mut Fields, header: Option<String>) -> Result<RunId, CallbackError> {
    const BODY: &str = "workflowRunId";
    if let Some(id) = required_text(fields, BODY)? {
        return RunId::new(id).map_err(|_| invalid_id(BODY));
    }
    match header.filter(|id| !id.is_empty()) {
        Some(id) => RunId::new(id).map_err(|_| invalid_id("Upstash-Workflow-RunId")),
        None => Err(CallbackError::NotAWorkflow),
    }
}

fn workflow_url(fields: &mut Fields, header: Option<String>) -> Result<String, CallbackError> {
    let url = match required_text(fields, "url")? {
        Some(url) => url,
        None => header.filter(|url| !url.is_empty()).ok_or(CallbackError::NoWorkflowUrl)?,
    };
    if url.len() > URL_LIMIT {
        Err(CallbackError::TooLong { field: "url", limit: URL_LIMIT })
    } else {
        Ok(url)
    }
}

fn invalid_id(field: &'static str) -> CallbackError {
    CallbackError::Invalid {
        field,
        accepted: "an id of 1 to 512 bytes without blanks and control characters",
    }
}

/// An id that is only passed on. One that is too long is dropped: half an id could be another message's.
fn short_id(id: String) -> Option<String> {
    Some(id).filter(|id| (1..=ID_LIMIT).contains(&id.len()))
}

/// What the headers of the failing response and of the original message say.
fn read_headers(failure: &mut Failure, fields: &mut Fields, label: Option<&str>, now: Timestamp) {
    let mut response = HeaderMap::read(&fields.take("header"), RESPONSE_HEADERS);
    let source = HeaderMap::read(&fields.take("sourceHeader"), SOURCE_HEADERS);
    for name in response.take(STEP_NAME) {
        let name = name.trim_ascii();
        if !name.is_empty() {
            failure.step_name = Some(Excerpt::new(name, NAME_LIMIT).as_str().to_owned());
            break;
        }
    }
    for name in RetryHint::HEADERS {
        // No hint is less than any.
        failure.retry_hint = failure.retry_hint.max(RetryHint::longest(&response.take(name), now));
    }
    add_labels(&mut failure.labels, label.unwrap_or_default());
    for mut map in [source, response] {
        for list in map.take(LABEL) {
            add_labels(&mut failure.labels, &list);
        }
    }
}

fn add_labels(labels: &mut Vec<String>, list: &str) {
    for label in text::parts(list, b',') {
        let label = label.trim_ascii();
        // Policies compare labels as a whole, so a part of one is worth nothing.
        let fits = (1..=NAME_LIMIT).contains(&label.len()) && labels.len() < MAX_LABELS;
        if fits && labels.iter().all(|known| known != label) {
            labels.push(label.to_owned());
        }
    }
}
