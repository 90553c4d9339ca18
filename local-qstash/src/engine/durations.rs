//! Durations and retry-delay expressions, in the notation of the API.

use workflow_redrive::dlq::GoDuration;
pub(crate) use workflow_redrive::dlq::RetryDelay;

/// Milliseconds of a duration such as `1h30m` or `7d`.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    GoDuration::parse(text.trim()).map(GoDuration::as_millis).map_err(|error| error.to_string())
}
