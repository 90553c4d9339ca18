//! From path and method to what is asked.

use super::reply::OperatorReply;
use crate::dlq::{ApiRequest, Method};
use crate::http_url::percent_decode;
use crate::ids::DlqId;
use crate::text::{cut, said};

/// What is asked, and of which entry if of one.
pub(super) struct Route {
    pub(super) operation: Operation,
    /// The request for QStash as far as the path tells.
    pub(super) request: ApiRequest,
}

/// What the calls differ in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    /// Pages of entries.
    List,
    /// How runs go.
    Logs,
    /// Something about one entry that takes no settings.
    One,
    /// One run comes back.
    ReviveOne,
    /// Many runs come back.
    ReviveMany,
    /// Many entries go.
    DeleteMany,
}

/// The methods of a path and what they do.
type Methods = &'static [(Method, Operation)];

const GET_ONE: (Method, Operation) = (Method::Get, Operation::One);
const DELETE_ONE: (Method, Operation) = (Method::Delete, Operation::One);

impl Route {
    pub(super) fn of(method: &str, path: &str) -> Result<Self, OperatorReply> {
        let (methods, allow, at, id) = find(path).ok_or_else(|| {
            OperatorReply::error(
                404,
                "no such path; accepted are those of QStash's workflow DLQ API: /v2/dlq, \
                /v2/workflows/dlq with /{id}, /resume, /restart and /callback/{id}, and /v2/workflows/logs",
            )
        })?;
        let (method, operation) = *methods
            .iter()
            .find(|(known, _)| known.as_str() == method)
            .ok_or_else(|| OperatorReply::method_not_allowed(allow))?;
        let request = match id {
            None => ApiRequest::new(method, at),
            Some(id) => {
                let id = percent_decode(id).ok_or_else(|| {
                    OperatorReply::error(
                        400,
                        "bad escape in the path; accepted are %00 to %FF that spell UTF-8",
                    )
                })?;
                let id = DlqId::new(id).map_err(|error| OperatorReply::error(400, &said(&error)))?;
                ApiRequest::about(method, at, id.as_str())
            }
        };
        Ok(Self { operation, request })
    }
}

/// The methods of a path, their names, the path without the id of an entry, and that id.
fn find(path: &str) -> Option<(Methods, &'static str, &'static str, Option<&str>)> {
    /// Longer ones first: `/v2/workflows/dlq/resume` is no entry.
    static ENTRIES: [(&str, Methods, &str); 5] = [
        ("/v2/workflows/dlq/resume", &[(Method::Post, Operation::ReviveOne)], "POST"),
        ("/v2/workflows/dlq/restart", &[(Method::Post, Operation::ReviveOne)], "POST"),
        ("/v2/workflows/dlq/callback", &[(Method::Post, Operation::One), DELETE_ONE], "POST, DELETE"),
        ("/v2/workflows/dlq", &[GET_ONE, DELETE_ONE], "GET, DELETE"),
        ("/v2/dlq", &[GET_ONE], "GET"),
    ];
    static WHOLE: [(&str, Methods, &str); 6] = [
        ("/v2/workflows/dlq/resume", &[(Method::Post, Operation::ReviveMany)], "POST"),
        ("/v2/workflows/dlq/restart", &[(Method::Post, Operation::ReviveMany)], "POST"),
        (
            "/v2/workflows/dlq",
            &[(Method::Get, Operation::List), (Method::Delete, Operation::DeleteMany)],
            "GET, DELETE",
        ),
        ("/v2/dlq", &[(Method::Get, Operation::List)], "GET"),
        ("/v2/workflows/logs", &[(Method::Get, Operation::Logs)], "GET"),
        ("/v2/workflows/events", &[(Method::Get, Operation::Logs)], "GET"),
    ];
    for (at, methods, allow) in &WHOLE {
        if path == *at {
            return Some((methods, allow, at, None));
        }
    }
    for (at, methods, allow) in &ENTRIES {
        if path == *at {
            return None;
        }
        let id = path.strip_prefix(*at).and_then(|rest| rest.strip_prefix('/'));
        if let Some(id) = id.filter(|id| cut(id, b'/').is_none()) {
            return Some((methods, allow, at, Some(id)));
        }
    }
    None
}
