//! The sweep against a queue and a ledger in memory: what it finds, what it leaves alone, and where it goes on.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a broken test value should fail the test"
)]

mod bounds;
#[path = "../common/mod.rs"]
mod common;
mod faults;
mod finds;
mod orders;
mod races;
mod regions;
mod world;
