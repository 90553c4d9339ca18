//! Calls that are safe to make, in worlds that play tricks on them.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a broken test value should fail the test"
)]

mod bulk;
mod endpoint;
mod lanes;
mod once;
mod patience;
mod queue;
mod world;
