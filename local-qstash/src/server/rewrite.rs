//! Connects elsewhere than a destination says: tests use public-looking URLs on one machine.

use std::str::FromStr;

use thiserror::Error;

/// Replaces a prefix of destinations when connecting; signatures and everything reported keep the original.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrite {
    from: String,
    to: String,
}

/// A rewrite that is not `FROM=TO`.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("not a rewrite: expected FROM=TO, two URLs such as https://shop.example=http://127.0.0.1:8788")]
pub struct InvalidRewriteError;

impl FromStr for Rewrite {
    type Err = InvalidRewriteError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (from, to) = text.split_once('=').ok_or(InvalidRewriteError)?;
        let is_url = |url: &str| url.starts_with("http://") || url.starts_with("https://");
        if is_url(from) && is_url(to) {
            let trimmed = |url: &str| url.trim_end_matches('/').to_owned();
            Ok(Self { from: trimmed(from), to: trimmed(to) })
        } else {
            Err(InvalidRewriteError)
        }
    }
}

/// Where to connect for `url`: the longest matching prefix decides.
pub(super) fn rewritten(rewrites: &[Rewrite], url: &str) -> String {
    rewrites
        .iter()
        .filter_map(|rewrite| {
            let rest = url.strip_prefix(&rewrite.from)?;
            // `https://a.example` must not match `https://a.example.org`.
            (rest.is_empty() || rest.starts_with(['/', '?'])).then_some((rewrite, rest))
        })
        .max_by_key(|(rewrite, _)| rewrite.from.len())
        .map_or_else(|| url.to_owned(), |(rewrite, rest)| format!("{}{rest}", rewrite.to))
}

#[cfg(test)]
mod tests {
    use super::{Rewrite, rewritten};

    #[test]
    fn the_longest_whole_prefix_is_replaced() {
        let rewrites: Vec<Rewrite> =
            ["https://a.example=http://127.0.0.1:1", "https://a.example/api=http://127.0.0.1:2"]
                .iter()
                .map(|text| text.parse().unwrap())
                .collect();

        assert_eq!(rewritten(&rewrites, "https://a.example/x?y=1"), "http://127.0.0.1:1/x?y=1");
        assert_eq!(rewritten(&rewrites, "https://a.example/api/x"), "http://127.0.0.1:2/x");
        assert_eq!(rewritten(&rewrites, "https://a.example.org/x"), "https://a.example.org/x");
    }

    #[test]
    fn what_is_no_pair_of_urls_is_refused() {
        for text in ["https://a.example", "a=b", "https://a.example=b"] {
            assert!(text.parse::<Rewrite>().is_err(), "{text}");
        }
    }
}
