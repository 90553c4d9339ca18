//! JavaScript bindings of the core.
//!
//! The room converts between JavaScript values and the core's types, and errors into `Error` objects. No policy lives
//! here, and nothing reads a clock: what the core takes as an argument is an argument in JavaScript too.

mod decide;
mod error;

pub use decide::decide;
