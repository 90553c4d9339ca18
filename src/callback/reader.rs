//! From chunks to a failure.

use core::fmt;

use super::{
    CallbackError, CallbackHeaders, Excerpt, Failure, RetryHint,
    fields::{Body, FIELDS, ID_LIMIT, URL_LIMIT, small},
    headers::{LABEL, MESSAGE_ID, REGION, RETRIED, RUN_ID, WORKFLOW_URL, header},
    response::failure_error,
};
use crate::{
    ids::{DlqId, RunId},
    json::{Field, Keys, Scanner},
    settings::Region,
    text,
    time::Timestamp,
};

const STEP_NAME: &str = "Upstash-Error-Step-Name";

/// What ids are.
const AN_ID: &str = "an id of 1 to 512 bytes without blanks and control characters";
/// Bytes of a step name or label.
const NAME_LIMIT: usize = 256;
/// Labels kept.
const MAX_LABELS: usize = 32;

/// The response headers that are read.
pub(super) const RESPONSE_HEADERS: &[Field] = &[
    header(RetryHint::HEADERS[0]),
    header(RetryHint::HEADERS[1]),
    header(RetryHint::HEADERS[2]),
    header(RetryHint::HEADERS[3]),
    header(STEP_NAME),
    header(LABEL),
];

/// The headers of the original message that are read.
pub(super) const SOURCE_HEADERS: &[Field] = &[header(LABEL)];

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
        let Self { mut headers, scanner } = self;
        let mut body = Body::new(scanner.finish()?);
        headers.add(&body.take("sourceHeader"), SOURCE_HEADERS);
        headers.add(&body.take("header"), RESPONSE_HEADERS);

        let run_id = run_id(&mut body, &headers)?;
        let mut failure = Failure::new(run_id, String::new(), body.status());
        failure.workflow_url = workflow_url(&mut body, &headers);
        let entry = body.string("dlqId");
        if !entry.is_empty() {
            match DlqId::new(entry) {
                Ok(entry) => failure.dlq_id = Some(entry),
                Err(_) => body.invalid("dlqId", AN_ID),
            }
        }
        failure.error = failure_error(&body.take("body"));
        read_headers(&mut failure, &headers, now);
        failure.retried = body.count("retried");
        failure.max_retries = body.count("maxRetries");
        failure.source_message_id = short_id(&body.text("sourceMessageId"));
        failure.created_at = body.instant("createdAt");
        failure.workflow_created_at = body.instant("workflowCreatedAt");
        body.error().map_or(Ok(failure), Err)
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

/// The body names the run that failed. The header may still name the run that this one was resumed from, because
/// the SDK stores it when it triggers the first one.
fn run_id(body: &mut Body, headers: &CallbackHeaders) -> Result<RunId, CallbackError> {
    let (mut field, mut id) = ("workflowRunId", body.string("workflowRunId"));
    if id.is_empty() {
        (field, id) = (RUN_ID, headers.value(RUN_ID).to_owned());
    }
    if id.is_empty() {
        body.refuse(CallbackError::NotAWorkflow);
    }
    RunId::new(id).map_err(|_| body.refuse(CallbackError::Invalid { field, accepted: AN_ID }))
}

fn workflow_url(body: &mut Body, headers: &CallbackHeaders) -> String {
    let mut url = body.string("url");
    if url.is_empty() {
        headers.value(WORKFLOW_URL).clone_into(&mut url);
    }
    if url.is_empty() {
        body.refuse(CallbackError::NoWorkflowUrl);
    }
    if url.len() > URL_LIMIT {
        body.refuse(CallbackError::TooLong { field: "url", limit: URL_LIMIT });
    }
    url
}

/// An id that is only passed on. One that is too long is dropped: half an id could be another message's.
fn short_id(id: &str) -> Option<String> {
    (!id.is_empty() && id.len() <= ID_LIMIT).then(|| id.to_owned())
}

/// What the headers of the callback, of the original message and of the failing response say.
pub(super) fn read_headers(failure: &mut Failure, headers: &CallbackHeaders, now: Timestamp) {
    for (name, value) in &headers.0 {
        let value = value.as_str();
        match *name {
            RUN_ID | WORKFLOW_URL => {}
            MESSAGE_ID => failure.callback_message_id = short_id(value),
            REGION => failure.region = Region::from_header(value),
            RETRIED => failure.callback_retried = small(value),
            LABEL => add_labels(&mut failure.labels, value),
            STEP_NAME => {
                let step = value.trim_ascii();
                if failure.step_name.is_none() && !step.is_empty() {
                    failure.step_name = Some(Excerpt::new(step, NAME_LIMIT).into_text());
                }
            }
            // No hint is less than any.
            _ => failure.retry_hint = failure.retry_hint.max(RetryHint::parse(value, now)),
        }
    }
}

pub(super) fn add_labels(labels: &mut Vec<String>, list: &str) {
    for label in text::parts(list, b',') {
        let label = label.trim_ascii();
        // Policies compare labels as a whole, so a part of one is worth nothing.
        let fits = !label.is_empty() && label.len() <= NAME_LIMIT && labels.len() < MAX_LABELS;
        if fits && labels.iter().all(|known| known != label) {
            labels.push(label.to_owned());
        }
    }
}
