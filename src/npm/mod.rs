//! JavaScript bindings of the core.
//!
//! The room converts between JavaScript values and the core's types, and errors into `Error` objects. No policy lives
//! here, and nothing sends or waits: what has to be sent is a value that the package's JavaScript takes out, executes
//! and brings back the answer of. So no promise and no callback ever lives in WebAssembly, and an instance that
//! panicked can be thrown away between two calls.

mod callback;
mod client;
mod decide;
mod error;
mod filter;
mod handler;
mod mailbox;
mod object;
mod receiver;
mod types;
mod wire;
mod work;

pub use callback::parse_failure_callback;
pub use client::{Api, Job};
pub use decide::decide;
pub use handler::Handler;
pub use receiver::verify_signature;
pub use work::Work;
