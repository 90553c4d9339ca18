//! The breaker: whether a target may be called, and what happens to the runs that it holds back.
//!
//! One [`Target`] for each target, an [actor](crate::durable). It hears of every failed run before that is resumed; while
//! the target is ill it keeps the run as a case instead, tries the target with a few of them, and once that does well it
//! resumes the rest, slowly at first and never faster than configured. It follows what was resumed to its end.
//!
//! The room decides when; what to do with a run, and how, the policy has decided before. Who has had which entry, the
//! [ledger](crate::ledger) knows: it is asked before each resume and told of its outcome.

mod admission;
mod backlog;
mod circuit;
mod deed;
mod follow;
mod message;
mod pace;
mod probes;
mod stats;
mod target;
mod window;
mod work;

pub use message::{admit, read_admission};
pub use target::Target;

/// Numbers as records have them: each with a blank behind it.
fn spaced(numbers: &[u64]) -> String {
    let mut list = String::new();
    for number in numbers {
        list.push_str(&crate::text::said(number));
        list.push(' ');
    }
    list
}
