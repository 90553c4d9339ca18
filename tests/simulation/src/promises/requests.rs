//! P5: requests go to QStash's API and to the addresses of the settings, and ids cannot change what they ask for.

use super::facts::Facts;
use crate::canary;
use crate::history::{Happening, History};

pub(super) fn check(history: &History, facts: &Facts, broken: &mut dyn FnMut(String)) {
    for entry in &history.entries {
        match &entry.what {
            Happening::Request { host, line, headers, .. } => {
                if host.trim_end_matches('/') != canary::API || !is_known(line, facts) {
                    broken(format!("at {} a request went to {host}: {line}", entry.at));
                }
                for (name, value) in headers {
                    let is_callback = *name == "Upstash-Failure-Callback";
                    if is_callback && !value.starts_with(&format!("{}?", canary::HOOK)) {
                        broken(format!("at {} callbacks were sent to {value}", entry.at));
                    }
                    if value.bytes().any(|byte| !(b' '..=b'~').contains(&byte)) {
                        broken(format!("at {} {name} was {value:?}", entry.at));
                    }
                }
            }
            Happening::Post { url, .. } if url != canary::CHAT => {
                broken(format!("at {} something was posted to {url}", entry.at));
            }
            _ => {}
        }
    }
}

/// Whether a request asks for one of the things that it may ask for.
fn is_known(line: &str, facts: &Facts) -> bool {
    let (path, query) = line.split_once('?').unwrap_or((line, ""));
    if query.contains(['/', '?', '#', ' ']) {
        return false;
    }
    let entry = |prefix: &str| path.strip_prefix(prefix).is_some_and(|id| facts.failed.contains_key(id));
    matches!(path, "GET /v2/workflows/dlq" | "GET /v2/workflows/dlq/" | "GET /v2/workflows/logs")
        || matches!(path, "POST /v2/workflows/dlq/resume" | "POST /v2/workflows/dlq/restart")
        || ["POST /v2/workflows/dlq/resume/", "POST /v2/workflows/dlq/restart/"].into_iter().any(entry)
        || ["GET /v2/workflows/dlq/", "DELETE /v2/workflows/dlq/"].into_iter().any(entry)
}
