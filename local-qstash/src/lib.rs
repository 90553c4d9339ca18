//! QStash's workflow engine for development and tests.
//!
//! [`engine`] is the behaviour as a deterministic state machine without I/O; [`server`] puts it behind HTTP and delivers.
//! Independent work, written from public documentation and from what the official SDKs send and accept; not Upstash
//! software. The README says what is claimed of the real service and what is not.

mod credentials;
pub mod engine;
#[cfg(feature = "server")]
pub mod server;

pub use credentials::Credentials;
