//! What came in the course of one call and of all that it took to settle it.
//!
//! A machine of the [client](crate::client) lives in memory, a job does not. So each of its steps is written down, and
//! to go on it is led through them again: the same steps bring it to where it was. Of an answer only that is kept which
//! makes a difference to the machine.

use core::time::Duration;

use crate::text::said;
use crate::{
    dlq::{ApiResponse, Page, TransportError, TransportFault, Transported, error_message},
    durable::Records,
    ids::DlqId,
    json::{Field, Fields, Object, Over, lossy},
    recovery::Moment,
    settings::Token,
    text,
    time::{Timestamp, decimal, millis_rounded_up},
};

const STEP: &str = "step/";

/// More bytes of an answer are not kept: it counts as one that cannot be read, which is settled by looking.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// More steps than one call ever takes.
const MAX_STEPS: usize = 10_000;

/// One step of a machine.
pub(super) struct Step {
    pub(super) moment: Moment,
    /// What came; nothing where it was only time to go on.
    pub(super) came: Option<Transported>,
}

/// Whether nothing was written down yet.
pub(super) fn is_empty(records: &dyn Records) -> bool {
    records.scan(STEP, "", 1).is_empty()
}

/// Writes a step down. Of a look at the queue only the ids are kept; of what a service says the account's
/// token is left out, which it may repeat.
pub(super) fn push(
    records: &mut dyn Records,
    moment: Moment,
    came: Option<&Transported>,
    is_look: bool,
    token: Option<&Token>,
) {
    let clean = |words: &str| token.map_or_else(String::new, |token| token.redact(words));
    let mut step = Object::new();
    step.number("at", moment.now.as_millis()).number("entropy", moment.entropy);
    match came {
        None => {}
        Some(Ok(response)) => {
            step.number("status", response.status().into()).text("body", &essence(response, is_look, &clean));
            if response.status() == 429
                && let Some(wait) = response.rate_limit().retry_after(moment.now)
            {
                step.number("wait", millis_rounded_up(wait).div_ceil(1000));
            }
        }
        Some(Err(error)) => {
            let (fault, detail) = match error.fault() {
                TransportFault::Interrupted { detail } => ("interrupted", detail.as_str()),
                TransportFault::Unreachable { detail } => ("unreachable", detail.as_str()),
                TransportFault::Timeout { .. } => ("timeout", ""),
                TransportFault::TooLarge { .. } => ("too_large", ""),
            };
            step.text("fault", fault).text("detail", &clean(detail));
        }
    }
    let number = records.scan_back(STEP, "", 1).first().and_then(|(key, _)| decimal(key.strip_prefix(STEP)?));
    let key = [STEP, &text::padded(number.unwrap_or_default() + 1)].concat();
    records.put(&key, &step.end());
}

/// All that was written down; `timeout` is what an answer may take.
pub(super) fn read(records: &dyn Records, timeout: Duration) -> Vec<Step> {
    let mut steps = Vec::new();
    for (_, step) in records.scan(STEP, "", MAX_STEPS) {
        steps.extend(read_step(&step, timeout));
    }
    steps
}

/// Begins anew.
pub(super) fn clear(records: &mut dyn Records) {
    for (key, _) in records.scan(STEP, "", MAX_STEPS) {
        records.delete(&key);
    }
}

fn read_step(step: &str, timeout: Duration) -> Option<Step> {
    let mut fields = Fields::of(step.as_bytes(), FIELDS).ok()?;
    let mut number = |name| decimal(&fields.text(name)?);
    let moment = Moment { now: Timestamp::from_millis(number("at")?), entropy: number("entropy")? };
    let (status, wait) = (number("status").and_then(|status| u16::try_from(status).ok()), number("wait"));
    let detail = fields.string("detail").unwrap_or_default();
    let came = match (fields.string("fault").as_deref(), status) {
        (Some("interrupted"), _) => Some(Err(TransportError::interrupted(&detail))),
        (Some("unreachable"), _) => Some(Err(TransportError::unreachable(&detail))),
        (Some("timeout"), _) => Some(Err(TransportError::timeout(timeout))),
        (Some(_), _) => Some(Err(TransportError::too_large(0))),
        (None, Some(status)) => {
            let body = fields.string("body").unwrap_or_default();
            let wait = wait.map(|wait| said(&wait));
            Some(Ok(ApiResponse::new(status, body, |name| wait.clone().filter(|_| name == "retry-after"))))
        }
        (None, None) => None,
    };
    Some(Step { moment, came })
}

/// What a machine reads in an answer.
fn essence(response: &ApiResponse, is_look: bool, clean: &dyn Fn(&str) -> String) -> String {
    let body = response.body();
    if !response.is_success() {
        let mut error = Object::new();
        error.text("error", &clean(&error_message(body)));
        return error.end();
    }
    if is_look {
        let mut page = Page::default();
        if page.read(body).is_ok() {
            return ids(&page);
        }
        // One entry is there or not; which it is was said in the request.
        if let Ok(asked) = DlqId::new("asked")
            && page.read_entry(body, Some(&asked)).is_ok()
        {
            return Object::new().end();
        }
        // Entries carry payloads. That there was nothing to be read of them is all that matters.
        return String::new();
    }
    clean(&lossy(body.get(..MAX_BODY_BYTES).unwrap_or(body)))
}

fn ids(page: &Page) -> String {
    let mut json = Object::new();
    json.open("messages", '[');
    for entry in &page.entries {
        json.open_element();
        json.text("dlqId", entry.dlq_id.as_str());
        json.close('}');
    }
    json.close(']');
    if let Some(cursor) = &page.cursor {
        json.text("cursor", cursor);
    }
    json.end()
}

const fn field(name: &'static str) -> Field {
    Field { name, limit: 512 * 1024, over: Over::Drop }
}

const FIELDS: &[Field] = &[
    field("at"),
    field("entropy"),
    field("status"),
    field("wait"),
    field("body"),
    field("fault"),
    field("detail"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::MemoryRecords;

    const TIMEOUT: Duration = Duration::from_secs(10);
    const MOMENT: Moment = Moment { now: Timestamp::from_millis(1_748_527_971_000), entropy: u64::MAX };

    fn token() -> Token {
        Token::new("qstash-token-0123").unwrap()
    }

    fn kept(came: Option<&Transported>, is_look: bool) -> Option<Transported> {
        let mut records = MemoryRecords::default();
        push(&mut records, MOMENT, came, is_look, Some(&token()));
        let mut steps = read(&records, TIMEOUT);
        assert_eq!(steps.len(), 1);
        let step = steps.remove(0);
        assert_eq!((step.moment.now, step.moment.entropy), (MOMENT.now, MOMENT.entropy));
        step.came
    }

    #[expect(clippy::unnecessary_wraps, reason = "stands beside answers that are lost")]
    fn answer(status: u16, body: &str) -> Transported {
        Ok(ApiResponse::new(status, body, |_| None))
    }

    #[test]
    fn what_matters_of_an_answer_is_kept() {
        assert_eq!(kept(None, false), None);
        for lost in [
            TransportError::interrupted("\"reset\""),
            TransportError::unreachable("no"),
            TransportError::timeout(TIMEOUT),
            TransportError::too_large(0),
        ] {
            assert_eq!(kept(Some(&Err(lost.clone())), true), Some(Err(lost)));
        }
        let runs = r#"{"workflowRuns":[{"workflowRunId":"wfr_a","workflowCreatedAt":1}]}"#;
        assert_eq!(kept(Some(&answer(200, runs)), false), Some(answer(200, runs)));
        let page = r#"{"messages":[{"dlqId":"1-1","body":"long"},{"dlqId":"1-2"}],"cursor":"c"}"#;
        let ids = r#"{"messages":[{"dlqId":"1-1"},{"dlqId":"1-2"}],"cursor":"c"}"#;
        assert_eq!(kept(Some(&answer(200, page)), true), Some(answer(200, ids)));
        assert_eq!(
            kept(Some(&answer(200, r#"{"dlqId":"1-1","body":"long"}"#)), true),
            Some(answer(200, "{}"))
        );
        assert_eq!(kept(Some(&answer(200, "nonsense")), true), Some(answer(200, "")));
        let error = answer(404, r#"{"error":"some not found"}"#);
        assert_eq!(kept(Some(&answer(404, "some not found")), false), Some(error));
        let long = "x".repeat(MAX_BODY_BYTES + 1);
        assert_eq!(kept(Some(&answer(200, &long)), false), Some(answer(200, &long[1..])));
    }

    #[test]
    fn neither_the_token_nor_payloads_are_kept_where_a_service_repeats_them() {
        let told = |came: &Transported, is_look| {
            let mut records = MemoryRecords::default();
            push(&mut records, MOMENT, Some(came), is_look, Some(&token()));
            format!("{records:?}")
        };
        let cut = format!("{}qstash-token-0123", "x".repeat(500));
        let lost = Err(TransportError::interrupted("no qstash-token-0123"));
        for told in [
            told(&answer(500, r#"{"error":"bad token qstash-token-0123, sorry"}"#), false),
            told(&answer(401, &cut), true),
            told(&answer(200, r#"{"echo":"Bearer qstash-token-0123"}"#), false),
            told(&lost, false),
        ] {
            assert!(!told.contains("qstash"), "{told}");
        }
        let page = r#"{"messages":[{"body":"the payload"},{"dlqId":"1-1","body":"the payload"}]}"#;
        assert!(!told(&answer(200, page), true).contains("payload"));
    }

    #[test]
    fn a_limit_is_kept_by_how_long_it_holds() {
        let reset = |name: &str| (name == "burst-ratelimit-reset").then(|| "1748527978".to_owned());
        let Some(Ok(kept)) = kept(Some(&Ok(ApiResponse::new(429, "", reset))), false) else {
            panic!("an answer")
        };
        let later = MOMENT.now.after(Duration::from_hours(1));
        assert_eq!(kept.rate_limit().retry_after(later), Some(Duration::from_secs(7)));
    }

    #[test]
    fn steps_stay_in_order() {
        let mut records = MemoryRecords::default();
        assert!(is_empty(&records));
        for status in 200..215 {
            push(&mut records, MOMENT, Some(&answer(status, "")), false, Some(&token()));
        }
        let statuses = read(&records, TIMEOUT).into_iter().map(|step| step.came.unwrap().unwrap().status());
        assert!(statuses.eq(200..215));
        clear(&mut records);
        assert!(is_empty(&records));
    }
}
