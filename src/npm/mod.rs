//! JavaScript bindings of the core.
//!
//! The room converts between the core's types and texts: objects leave as JSON, lists of names and values come in as one
//! text with NUL between them, and errors are thrown as JSON that the package's JavaScript makes `Error` objects of. A
//! text crosses once, where an object crosses property by property. No policy lives here, and nothing sends or waits:
//! what has to be sent is a value that the package's JavaScript takes out, executes and brings back the answer of. So no
//! promise, callback or other object of JavaScript ever lives in WebAssembly, and an instance that panicked can be thrown
//! away between two calls.

mod callback;
mod client;
mod decide;
mod delivery;
mod error;
mod filter;
mod handler;
mod pairs;
mod receiver;
mod request;
mod task;
mod types;
mod work;

pub use callback::parse_failure_callback;
pub use client::Api;
pub use decide::decide;
pub use handler::Handler;
pub use receiver::verify_signature;
pub use work::Work;
