//! Browsers of one other origin, where a setting names it.

use super::entrance::Asked;
use super::reply::OperatorReply;

/// The answer to a browser that asks whether it may ask.
pub(super) fn preflight() -> OperatorReply {
    let headers = vec![
        ("access-control-allow-methods", "GET, POST, DELETE".to_owned()),
        // The star does not cover this one header.
        ("access-control-allow-headers", "Authorization, *".to_owned()),
        ("access-control-max-age", "600".to_owned()),
    ];
    OperatorReply { status: 204, headers, body: Vec::new() }
}

/// Whether a request is such a question, from the origin that may.
pub(super) fn is_preflight(asked: &Asked<'_>, allowed: Option<&str>) -> bool {
    asked.method == "OPTIONS"
        && is_from(asked, allowed)
        && asked.header("access-control-request-method").is_some()
}

fn is_from(asked: &Asked<'_>, allowed: Option<&str>) -> bool {
    allowed.is_some() && asked.header("origin") == allowed
}

/// Adds what lets that origin's scripts read a reply; nothing where no origin is allowed.
pub(super) fn allow(reply: &mut OperatorReply, asked: &Asked<'_>, allowed: Option<&str>) {
    let Some(origin) = allowed else { return };
    reply.headers.push(("vary", "Origin".to_owned()));
    if is_from(asked, allowed) {
        reply.headers.push(("access-control-allow-origin", origin.to_owned()));
        reply.headers.push(("access-control-expose-headers", "*".to_owned()));
    }
}
