//! One failure callback from arrival to reply, against a scripted world: what is sent, and what QStash is told.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a broken test value should fail the test"
)]

#[path = "../common/mod.rs"]
mod common;
mod faults;
mod lineage;
mod log;
mod lookup;
mod outcomes;
mod refusals;
mod world;
