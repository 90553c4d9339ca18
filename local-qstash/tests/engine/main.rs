//! The engine alone, under a virtual clock: no sockets, no sleeping, every run of these tests the same.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking"
)]

mod callback;
mod determinism;
mod dlq;
mod flow;
mod resume;
mod retry;
mod steps;
mod world;
