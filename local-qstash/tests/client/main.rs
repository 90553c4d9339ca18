//! The typed client of the DLQ API against the engine: every operation, and bulk jobs over a network that loses things.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking"
)]

mod errors;
mod faults;
mod filters;
mod jobs;
mod office;
mod operations;
mod overrides;
mod revivals;
mod world;
