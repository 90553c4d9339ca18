//! The calls that one request of an operator takes, and the one answer that they become.

use core::{cmp::min, fmt};

use super::query::Query;
use super::reply::{OperatorReply, push_text};
use super::route::Operation;
use crate::dlq::{ApiRequest, MAX_PER_CALL, Method, TransportError, TransportFault, error_message};
use crate::json::{Captured, Field, Fields, Over, lossy};
use crate::settings::Account;
use crate::text::said;

/// The most calls of the DLQ API for one request: the smallest plan of Cloudflare allows 50 for each.
pub const MAX_CALLS: usize = 40;

/// The most entries that one request acts on; it is this that bounds the calls.
pub(super) const MAX_ENTRIES: usize = MAX_CALLS * MAX_PER_CALL;

/// An answer of QStash as it came. `Debug` leaves the body out, which holds payloads.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Those of its headers that an operator gets to see, by their names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (status, bytes) = (&self.status, self.body.len());
        f.debug_struct("Answer").field("status", status).field("body_bytes", &bytes).finish_non_exhaustive()
    }
}

/// One request of an operator under way: send [`request`](Self::request), hand its answer to [`take`](Self::take), until
/// there is a reply.
#[derive(Debug)]
pub struct Exchange<'a> {
    account: &'a Account,
    /// What all calls have in common.
    base: ApiRequest,
    steps: Steps,
    calls: usize,
    /// Elements of `workflowRuns`, separated by commas.
    runs: Vec<u8>,
    deleted: u64,
}

/// What a call has of its own.
#[derive(Debug)]
enum Steps {
    /// There is one call.
    One,
    /// Groups of ids; those before `at` were dealt with.
    Ids { ids: Vec<String>, at: usize },
    /// Pages for at most `left` more entries.
    Pages { left: usize, cursor: Option<String> },
}

impl<'a> Exchange<'a> {
    pub(super) fn new(account: &'a Account, operation: Operation, query: Query) -> Self {
        let Query { request: mut base, ids, count, cursor } = query;
        let is_bulk = matches!(operation, Operation::ReviveMany | Operation::DeleteMany);
        let steps = if !is_bulk {
            add_ids(&mut base, &ids);
            add_page(&mut base, count, cursor.as_deref());
            Steps::One
        } else if ids.is_empty() {
            // Who names neither wants everything; who names a cursor goes through the pages himself.
            let all = if cursor.is_none() { MAX_ENTRIES } else { MAX_PER_CALL };
            Steps::Pages { left: count.unwrap_or(all), cursor }
        } else {
            Steps::Ids { ids, at: 0 }
        };
        Self { account, base, steps, calls: 0, runs: Vec::new(), deleted: 0 }
    }

    /// The account whose API is called.
    #[must_use]
    pub const fn account(&self) -> &'a Account {
        self.account
    }

    /// The next request to send.
    #[must_use]
    pub fn request(&self) -> ApiRequest {
        let mut request = self.base.clone();
        match &self.steps {
            Steps::One => {}
            Steps::Ids { ids, at } => {
                let left = ids.get(*at..).unwrap_or_default();
                add_ids(&mut request, left.get(..MAX_PER_CALL).unwrap_or(left));
            }
            Steps::Pages { left, cursor } => {
                add_page(&mut request, Some(min(*left, MAX_PER_CALL)), cursor.as_deref());
            }
        }
        request
    }

    /// Takes what became of the request; `None` where there is another one to send.
    pub fn take(&mut self, answer: Result<Answer, TransportError>) -> Option<OperatorReply> {
        self.calls += 1;
        let is_first = self.calls == 1;
        let mut answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                let status = if matches!(error.fault(), TransportFault::Timeout { .. }) { 504 } else { 502 };
                return Some(self.stopped(status, Vec::new(), &self.lost(&error)));
            }
        };
        if answer.status == 401 {
            // Not the operator's token, but ours.
            return Some(self.stopped(502, Vec::new(), "QStash does not accept QSTASH_TOKEN"));
        }
        if !(200..=299).contains(&answer.status) {
            if is_first {
                // A service that repeats our token must not hand it on.
                answer.body = self.account.token.redact(&lossy(&answer.body)).into_bytes();
                return Some(verbatim(answer));
            }
            let words = error_message(&answer.body);
            let words = ["QStash answered ", &said(&answer.status), ": ", &words].concat();
            return Some(self.stopped(answer.status, answer.headers, &words));
        }
        if matches!(self.steps, Steps::One) {
            return Some(verbatim(answer));
        }
        let Some(cursor) = self.keep(&answer.body) else {
            if is_first {
                return Some(verbatim(answer));
            }
            let words = "QStash's answer holds neither a list `workflowRuns` nor a number `deleted`";
            return Some(self.stopped(502, answer.headers, words));
        };
        let (go_on, error) = match &mut self.steps {
            Steps::One => (false, ""),
            Steps::Ids { ids, at } => {
                *at += MAX_PER_CALL;
                (*at < ids.len(), "")
            }
            Steps::Pages { left, cursor: sent } => {
                *left -= min(*left, MAX_PER_CALL);
                let repeated = cursor.is_some() && cursor == *sent;
                *sent = cursor;
                if repeated {
                    *sent = None;
                    (false, "QStash named the same cursor twice; accepted are cursors that lead on")
                } else {
                    (sent.is_some() && *left > 0, "")
                }
            }
        };
        if go_on {
            return None;
        }
        Some(if is_first { verbatim(answer) } else { self.merged(200, answer.headers, error) })
    }

    /// Keeps what a successful answer says, and returns its cursor; `None` where it cannot be read.
    #[expect(clippy::option_option, reason = "unreadable, at the end, or to be continued")]
    fn keep(&mut self, body: &[u8]) -> Option<Option<String>> {
        const FIELDS: &[Field] = &[
            Field { name: "workflowRuns", limit: usize::MAX, over: Over::Drop },
            Field { name: "deleted", limit: 64, over: Over::Drop },
            Field { name: "cursor", limit: 4 * 1024, over: Over::Drop },
        ];
        let mut fields = Fields::of(body, FIELDS).ok()?;
        if self.base.method == Method::Delete {
            self.deleted += fields.text("deleted")?.parse::<u64>().ok()?;
        } else if let Captured::Value { raw, .. } = fields.take("workflowRuns") {
            let runs = match raw.as_slice() {
                // Go writes an empty list as `null`.
                b"null" => b"",
                raw => raw.strip_prefix(b"[")?.strip_suffix(b"]")?.trim_ascii(),
            };
            if !self.runs.is_empty() && !runs.is_empty() {
                self.runs.push(b',');
            }
            self.runs.extend_from_slice(runs);
        } else {
            return None;
        }
        Some(fields.word("cursor"))
    }

    /// The reply where a call did not succeed. What earlier calls did is done and must be told.
    fn stopped(&self, status: u16, headers: Vec<(&'static str, String)>, error: &str) -> OperatorReply {
        let error = self.account.token.redact(error);
        if self.calls == 1 {
            let mut reply = OperatorReply::error(status, &error);
            reply.headers.extend(headers);
            return reply;
        }
        // A cursor says where to go on. After a list of ids there is none, so that a status has to say it.
        let status = if matches!(self.steps, Steps::Pages { .. }) { 200 } else { status };
        self.merged(status, headers, &error)
    }

    /// The answers of all calls as one, in the same shape.
    fn merged(&self, status: u16, headers: Vec<(&'static str, String)>, error: &str) -> OperatorReply {
        let mut body = Vec::with_capacity(self.runs.len() + 64);
        if self.base.method == Method::Delete {
            body.extend_from_slice(b"{\"deleted\":");
            body.extend_from_slice(said(&self.deleted).as_bytes());
        } else {
            body.extend_from_slice(b"{\"workflowRuns\":[");
            body.extend_from_slice(&self.runs);
            body.push(b']');
        }
        if let Steps::Pages { cursor: Some(cursor), .. } = &self.steps {
            body.push(b',');
            push_text(&mut body, "cursor", cursor);
        }
        if !error.is_empty() {
            body.push(b',');
            push_text(&mut body, "error", error);
        }
        body.push(b'}');
        let mut reply = OperatorReply::json(status, body);
        reply.headers.extend(headers.into_iter().filter(|(name, _)| *name != "content-type"));
        reply
    }

    fn lost(&self, error: &TransportError) -> String {
        let mut words = said(error);
        if error.may_have_been_processed() && self.base.method != Method::Get {
            words.push_str("; it may have acted all the same");
        }
        words
    }
}

fn add_ids(request: &mut ApiRequest, ids: &[String]) {
    for id in ids {
        request.add("dlqIds", id);
    }
}

fn add_page(request: &mut ApiRequest, count: Option<usize>, cursor: Option<&str>) {
    if let Some(count) = count {
        request.add("count", &said(&count));
    }
    if let Some(cursor) = cursor {
        request.add("cursor", cursor);
    }
}

fn verbatim(answer: Answer) -> OperatorReply {
    OperatorReply { status: answer.status, headers: answer.headers, body: answer.body }
}
