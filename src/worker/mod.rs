//! The Cloudflare adapter: runs the core inside a Worker.
//!
//! The room translates between the runtime and the core: settings from `Env`, requests and bodies in, DLQ calls out
//! through the `worker` crate's fetch, replies and log lines back. No policy lives here.
//!
//! A Worker of your own mounts the whole thing with [`Redrive`].

mod body;
mod chunks;
#[cfg(feature = "deploy")]
mod deploy;
mod host;
mod operator;
mod redrive;
mod respond;
mod settings;
mod transport;

pub use redrive::Redrive;
