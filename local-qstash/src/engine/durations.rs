//! Durations and retry-delay expressions, in the notation of the API.

use workflow_redrive::dlq::GoDuration;
pub(crate) use workflow_redrive::dlq::RetryDelay;

/// Milliseconds of a duration such as `1h30m` or `7d`.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let text = text.trim();
    // The one text of the real service that is public (upstash/qstash-js, pull request 9).
    if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() && text != "0" {
        return Err(format!("time: missing unit in duration \"{text}\""));
    }
    GoDuration::parse(text).map(GoDuration::as_millis).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_number_without_unit_is_refused_in_the_words_of_the_real_service() {
        assert_eq!(parse("1"), Err("time: missing unit in duration \"1\"".to_owned()));
        assert_eq!(parse("0"), Ok(0));
        assert_eq!(parse("1h30m"), Ok(5_400_000));
        assert_eq!(parse("7d"), Ok(604_800_000));
    }
}
