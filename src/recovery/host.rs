//! What a recovery needs from the world around it.

use super::Conclusion;
use crate::{
    dlq::{ApiRequest, Transported},
    ids::DlqId,
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
    fn claim(&self, entry: &DlqId) -> impl Future<Output = Claim>;

    /// Keeps what came of a claim, or frees it where the callback is to be delivered again.
    fn settle(&self, entry: &DlqId, conclusion: &Conclusion) -> impl Future<Output = ()>;
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
}
