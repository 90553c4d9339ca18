//! Handing a callback on to the user's own failure function, as it came.

use crate::text::said;
use crate::{ids::RunId, text};

/// The largest callback that is handed on, in bytes: it is held in memory meanwhile.
pub const MAX_RELAYED_BYTES: u64 = 8 * 1024 * 1024;

/// What came of handing a callback on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relayed {
    /// The failure function has answered with a status of 200 to 299.
    Accepted,
    /// There is nothing to hand on, and there never will be: why.
    Impossible(&'static str),
    /// It has answered with another status, or not at all, in words for the log.
    Refused(String),
}

impl Relayed {
    /// There is no callback, as in a sweep.
    pub const NO_CALLBACK: Self = Self::Impossible("no_callback_to_relay");

    /// The callback is larger than [`MAX_RELAYED_BYTES`].
    pub const TOO_LARGE: Self = Self::Impossible("too_large_to_relay");

    /// By the status of the answer; `None` where none came.
    #[must_use]
    pub fn answered(status: Option<u16>) -> Self {
        match status {
            Some(200..=299) => Self::Accepted,
            Some(status) => Self::Refused(["relay_to answered ", &said(&status)].concat()),
            None => Self::Refused("relay_to did not answer".to_owned()),
        }
    }
}

/// The headers of a callback as they are handed on: all that QStash sent, none that belong to the connection or that
/// somebody on the way has added.
#[must_use]
pub fn relayed_headers(given: &[(String, String)], run: &RunId) -> Vec<(String, String)> {
    let mut headers: Vec<_> = given.iter().filter(|(name, _)| is_relayed(name)).cloned().collect();
    for (name, value) in relay_marks(run) {
        if !headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            headers.push((name.to_owned(), value.to_owned()));
        }
    }
    headers
}

/// Whether a header of the callback is handed on.
pub(crate) fn is_relayed(name: &str) -> bool {
    const CONNECTIONS: &str = " accept-encoding cdn-loop connection content-encoding content-length expect forwarded host \
                               keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding \
                               true-client-ip upgrade via x-real-ip ";
    let word = [" ", &name.to_ascii_lowercase(), " "].concat();
    text::find(CONNECTIONS, &word).is_none()
        && !word.starts_with(" cf-")
        && !word.starts_with(" x-forwarded-")
}

/// What is added where it is missing. By the first two an endpoint of the SDK knows a failure callback; without them it
/// would take it for the beginning of a new run. The third it refuses to do without. Source: `@upstash/workflow`, `serve`;
/// QStash sends them because the SDK asks for it when it triggers a run.
pub(crate) fn relay_marks(run: &RunId) -> [(&str, &str); 3] {
    [
        ("Upstash-Workflow-Is-Failure", "true"),
        ("Upstash-Workflow-Failure-Callback", "true"),
        ("Upstash-Workflow-RunId", run.as_str()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relayed(given: &[(&str, &str)]) -> Vec<(String, String)> {
        relayed_headers(&owned(given), &RunId::new("wfr_1").unwrap())
    }

    fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_qstash_sent_is_handed_on_and_what_the_way_added_is_not() {
        let sent = [
            ("upstash-signature", "a.b.c"),
            ("authorization", "Bearer of-the-user"),
            ("content-type", "application/json"),
            ("upstash-workflow-is-failure", "true"),
            ("upstash-workflow-failure-callback", "true"),
            ("upstash-workflow-runid", "wfr_original"),
            ("x-tenant", "7"),
        ];
        let way = [
            ("host", "redrive.example"),
            ("Content-Length", "12"),
            ("CF-Connecting-IP", "192.0.2.1"),
            ("x-forwarded-proto", "https"),
            ("connection", "keep-alive"),
        ];
        assert_eq!(relayed(&[sent.as_slice(), &way].concat()), owned(&sent));
    }

    #[test]
    fn what_an_endpoint_knows_a_failure_callback_by_is_never_missing() {
        assert_eq!(
            relayed(&[("Upstash-Workflow-Is-Failure", "true")]),
            owned(&[
                ("Upstash-Workflow-Is-Failure", "true"),
                ("Upstash-Workflow-Failure-Callback", "true"),
                ("Upstash-Workflow-RunId", "wfr_1"),
            ])
        );
    }

    #[test]
    fn only_success_is_success() {
        for status in [200, 204, 299] {
            assert_eq!(Relayed::answered(Some(status)), Relayed::Accepted);
        }
        for status in [301, 400, 489, 500] {
            let words = format!("relay_to answered {status}");
            assert_eq!(Relayed::answered(Some(status)), Relayed::Refused(words));
        }
        assert!(matches!(Relayed::answered(None), Relayed::Refused(_)));
    }
}
