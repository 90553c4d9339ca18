//! An incremental JSON scanner: validates a stream of byte chunks and keeps the raw bytes of a few wanted fields.
//!
//! Nothing here knows what a callback is, and no value is built: what a kept field means is the caller's business.
//! Every chunking of the same bytes gives the same result.

mod capture;
mod error;
mod plain;
mod scanner;
mod state;
mod string;

pub(crate) use capture::{Captured, Captures, Field, Keys, Over};
pub(crate) use error::JsonError;
pub(crate) use scanner::{MAX_DEPTH, Scanner};
pub(crate) use string::decode;

#[cfg(test)]
mod tests;
