//! Bulk jobs, and which there are.

use super::inquiry::{Ask, Heard, Inquiry, Step};
use super::query;
use crate::{
    http_url::percent_decode,
    job::{INDEX, JobId, MAX_LISTED, Order, actor_of},
    json::{Field, Fields, Object, Over},
    operator::{Asked, OperatorReply},
    text::{self, said},
};

/// The longest accepted order, in bytes.
const MAX_ORDER_BYTES: usize = 256 * 1024;

/// A request about jobs: `path` is what stands behind `/v1/jobs`.
pub(super) fn begin(asked: &Asked<'_>, path: &str, body: &str) -> Result<Box<dyn Inquiry>, OperatorReply> {
    let bad = |message: String| OperatorReply::error(400, &message);
    let (_, query) = asked.resource();
    match (path.strip_prefix('/'), asked.method) {
        (None, "GET") => page_of(INDEX.to_owned(), "list", query),
        (None, "POST") => {
            query::none(query).map_err(bad)?;
            if body.len() > MAX_ORDER_BYTES {
                return Err(OperatorReply::error(413, "the order is too large; accepted are up to 256 KiB"));
            }
            let order = Order::read(body).map_err(bad)?;
            Ok(Box::new(Start { order: body.to_owned(), id: order.id, is_told: false }))
        }
        (None, _) => Err(OperatorReply::method_not_allowed("GET, POST")),
        (Some(rest), method) => {
            let (id, deed) = text::cut(rest, b'/').unwrap_or((rest, ""));
            let id = percent_decode(id).unwrap_or_default();
            let id = JobId::new(id).map_err(|error| bad(said(&error)))?;
            match (deed, method) {
                ("", "GET") => page_of(actor_of(&id), "look", query),
                ("", _) => Err(OperatorReply::method_not_allowed("GET")),
                ("pause" | "resume" | "cancel", "POST") => {
                    query::none(query).map_err(bad)?;
                    let mut message = Object::new();
                    message.text("do", deed);
                    Ok(Box::new(Relay(Some(Ask { actor: actor_of(&id), message: message.end() }))))
                }
                ("pause" | "resume" | "cancel", _) => Err(OperatorReply::method_not_allowed("POST")),
                _ => Err(OperatorReply::error(
                    404,
                    "no such path; accepted are /v1/jobs/{id}, and behind it /pause, /resume and /cancel",
                )),
            }
        }
    }
}

fn page_of(actor: String, what: &str, query: &str) -> Result<Box<dyn Inquiry>, OperatorReply> {
    let page = query::page(query, MAX_LISTED).map_err(|message| OperatorReply::error(400, &message))?;
    let (cursor, limit) = page;
    let mut message = Object::new();
    message.text("do", what).text("cursor", &cursor).number("limit", limit as u64);
    Ok(Box::new(Relay(Some(Ask { actor, message: message.end() }))))
}

/// One question, whose answer is the reply.
struct Relay(Option<Ask>);

impl Inquiry for Relay {
    fn next(&mut self, heard: Vec<Heard>) -> Step {
        match self.0.take() {
            Some(ask) => Step::Ask(vec![ask]),
            None => relayed(heard),
        }
    }
}

/// A new job. One without an id gets its id from the index.
struct Start {
    order: String,
    id: Option<JobId>,
    is_told: bool,
}

impl Inquiry for Start {
    fn next(&mut self, heard: Vec<Heard>) -> Step {
        if self.is_told {
            return relayed(heard);
        }
        if self.id.is_none() && heard.is_empty() {
            let mut message = Object::new();
            message.text("do", "name");
            return Step::Ask(vec![Ask { actor: INDEX.to_owned(), message: message.end() }]);
        }
        let Some(id) = self.id.take().or_else(|| named(heard)) else { return Step::unavailable() };
        self.is_told = true;
        let mut message = Object::new();
        message.text("do", "start").text("id", id.as_str()).raw("order", &self.order);
        Step::Ask(vec![Ask { actor: actor_of(&id), message: message.end() }])
    }
}

/// The id that the index gives.
fn named(heard: Vec<Heard>) -> Option<JobId> {
    const FIELDS: &[Field] = &[Field { name: "id", limit: 128, over: Over::Drop }];
    let answer = heard.into_iter().next()??;
    JobId::new(Fields::of(answer.as_bytes(), FIELDS).ok()?.word("id")?).ok()
}

/// The reply that an actor has made out.
fn relayed(heard: Vec<Heard>) -> Step {
    const FIELDS: &[Field] = &[
        Field { name: "status", limit: 8, over: Over::Drop },
        Field { name: "reply", limit: 8 * 1024 * 1024, over: Over::Drop },
    ];
    let Some(Some(answer)) = heard.into_iter().next() else { return Step::unavailable() };
    let Ok(mut fields) = Fields::of(answer.as_bytes(), FIELDS) else { return Step::unavailable() };
    let status = fields.text("status").and_then(|status| status.parse().ok());
    match (status, fields.raw("reply")) {
        (Some(status), Some(reply)) => Step::Reply(OperatorReply::json(status, reply)),
        _ => Step::unavailable(),
    }
}
