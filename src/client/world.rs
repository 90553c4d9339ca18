//! What calls need from the world around them.

use core::time::Duration;

use crate::{
    dlq::{ApiRequest, Transported},
    time::Timestamp,
};

/// The world around a [`Client`](super::Client): a shell implements it over its runtime, a simulation over virtual time.
pub trait World {
    /// The present.
    fn now(&self) -> Timestamp;

    /// A uniformly random number.
    fn entropy(&self) -> u64;

    /// Sends a request with the account's token and reads the whole answer, or gives up after `timeout`. Redirects are
    /// answers, never followed.
    fn send(&self, request: ApiRequest, timeout: Duration) -> impl Future<Output = Transported>;

    /// Lets this much time pass.
    fn wait(&self, span: Duration) -> impl Future<Output = ()>;
}
