//! What a recovery needs from the world around it.

use super::{Case, Conclusion, Relayed};
use crate::{
    dlq::{ApiRequest, Transported},
    http_url::HttpUrl,
    ids::RunId,
    settings::Account,
    time::Timestamp,
};

/// The world around a recovery: a shell implements it over its runtime, a simulation over virtual time.
pub trait Host {
    /// The present.
    fn now(&self) -> Timestamp;

    /// A uniformly random number.
    fn entropy(&self) -> u64;

    /// Sends a request to the account's API, with its token, and reads the answer. Redirects are not followed.
    fn send(&self, account: &Account, request: ApiRequest) -> impl Future<Output = Transported>;

    /// Claims a DLQ entry before anything is done to it.
    fn claim(&self, case: &Case) -> impl Future<Output = Claim>;

    /// Asks whether the target of a claimed case may be called at the moment. Where nobody watches it, it may.
    fn admit(&self, _case: &Case) -> impl Future<Output = Admitted> {
        core::future::ready(Admitted::Go)
    }

    /// POSTs the callback about a run to an address of the policy: its body byte by byte, with
    /// [`relayed_headers`](super::relayed_headers). Redirects are not followed. Where there is no callback, as in a
    /// sweep, it cannot.
    fn relay(&self, _to: &HttpUrl, _run: &RunId) -> impl Future<Output = Relayed> {
        core::future::ready(Relayed::NO_CALLBACK)
    }

    /// Keeps what came of a case, or frees its claim where the callback is to be delivered again; `false` where nobody
    /// can tell whether it is kept.
    fn settle(&self, case: &Case, conclusion: &Conclusion) -> impl Future<Output = bool>;
}

/// The answer to a claim.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// The entry is ours to act on.
    Granted,
    /// Another delivery of the callback is at it right now.
    Pending,
    /// It was acted on before, with this end.
    Settled(Box<Conclusion>),
    /// Nobody can tell at the moment.
    Unavailable,
}

/// Whether a target may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// It may.
    Go,
    /// Not now. The case is kept, and taken up again by whoever said so.
    Deferred {
        /// Why.
        reason: &'static str,
        /// When, where that is known.
        until: Option<Timestamp>,
    },
    /// Not by us: the case is left to a person.
    Never {
        /// Why.
        reason: &'static str,
    },
    /// Nobody can tell at the moment.
    Unavailable,
}
