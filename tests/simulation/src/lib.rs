//! Deterministic simulation of Workflow Redrive.
//!
//! A seed stands for a [`Plan`]: a workload, the answers to what is unknown of QStash, and what goes wrong. [`World::run`]
//! lets it happen in virtual time: the real core, ledger, breaker and sweep against local-qstash's real engine, with a
//! network, stores, isolates and clocks in between that fail as the plan says. [`check`] then reads the history and tells
//! which [`Promise`]s were broken. The same seed gives the same history, always; [`shrink`] makes a failing plan small.
//!
//! What may not live here: behaviour of the product. The Worker's shell is written anew in `worker` and `actors`, since the
//! real one needs a JavaScript runtime; everything that decides is the product's own code.

#![expect(
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a simulation that does not understand itself stops"
)]

mod actors;
mod app;
mod canary;
mod dice;
mod fault;
mod forger;
mod gathered;
mod history;
mod network;
mod operator;
mod plan;
mod promises;
mod sabotage;
mod shrink;
mod story;
mod sum;
mod task;
mod worker;
mod world;

pub use fault::{Counts, Fault};
pub use plan::{Knobs, Plan};
pub use promises::{Promise, Violation, check};
pub use sabotage::Sabotage;
pub use shrink::shrink;
pub use story::story;
pub use sum::{Sum, run_all};
pub use world::World;
