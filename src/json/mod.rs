//! JSON: read as it streams in, and written, both without code for each shape of it.

mod read;
#[macro_use]
mod write;

pub(crate) use read::{
    Captured, Captures, Field, Fields, JsonError, Keys, MAX_DEPTH, Over, Scanner, Table, TableError, decode,
    elements, lossy, scalar,
};
pub(crate) use write::{Json, Object, Plain};
