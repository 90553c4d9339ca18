//! An incremental JSON scanner: validates a stream of byte chunks and keeps the raw bytes of a few wanted fields.
//!
//! Callbacks, tokens and answers of the API are read with it: of all of them a few fields matter, the rest may be large,
//! and one scanner is far smaller in WebAssembly than a derived reader for each shape. What a kept field means is the
//! caller's business.
//! Every chunking of the same bytes gives the same result.

mod capture;
mod error;
mod fields;
mod plain;
mod scanner;
mod state;
mod string;
mod table;

pub(crate) use capture::{Captured, Captures, Field, Keys, Over};
pub(crate) use error::JsonError;
pub(crate) use fields::{Fields, elements, scalar};
pub(super) use plain::plain_len;
pub(crate) use scanner::{MAX_DEPTH, Scanner};
pub(crate) use string::{decode, lossy};
pub(crate) use table::{Table, TableError};

#[cfg(test)]
mod tests;
