//! The typed workflow DLQ API of QStash: requests out as values, responses in as values.
//!
//! What may live here: the vocabulary of the API (durations, flow control, labels, overrides), one type per call and
//! the errors an answer can mean. What may not: anything that sends, waits or decides.

mod duration;
mod retry_delay;

pub use duration::{GoDuration, InvalidDurationError};
pub use retry_delay::{InvalidRetryDelayError, MAX_RETRY_DELAY_BYTES, RetryDelay};
