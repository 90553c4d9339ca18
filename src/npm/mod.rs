//! JavaScript bindings of the core.
//!
//! The room converts between the core's types and texts: JavaScript hands over one text of many with NUL between them, and
//! gets JSON, an object or what is thrown in its place, which the package's JavaScript makes an `Error` of. A text crosses
//! once, where an object crosses property by property; and a token, as tokens are checked more often than anything else is
//! asked, lies on a desk that both sides know. No policy lives here, and nothing sends or waits: what has to be sent is a
//! value that the package's JavaScript takes out, executes and brings back the answer of. So no promise, callback or other
//! object of JavaScript ever lives in WebAssembly, and an instance that panicked can be thrown away between two calls.

mod args;
mod ask;
mod callback;
mod client;
mod delivery;
mod error;
mod filter;
mod handler;
mod receiver;
mod request;
mod task;
mod types;
mod work;

pub use ask::ask;
pub use work::Work;
