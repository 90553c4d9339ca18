//! What JavaScript gets from the core and gives to it, as plain objects: one type for each.
//!
//! The package's TypeScript declarations of them, `pkg/types.d.cts`, are made from these types, documentation included,
//! and a test holds the file to them. What is handed out is made of them, too. What is taken in is read by the core's
//! own readers, which refuse unknown names; there tests hold the types to the readers.

mod acted;
mod api_error;
#[cfg(test)]
mod declarations;
#[cfg(test)]
mod dlq_entry;
#[cfg(test)]
mod dlq_filter;
mod failure;
#[cfg(test)]
mod layout;
#[cfg(test)]
mod one_or_many;
#[cfg(test)]
mod policy;

pub(super) use acted::{acted, created_run, totals};
pub(super) use api_error::Thrown;
pub(super) use failure::failure;
