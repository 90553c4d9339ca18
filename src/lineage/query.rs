//! The text form: one query parameter, `redrive=<attempt>.<first failure in epoch ms>.<root run id>`.

use super::Lineage;
use crate::text::{Say, said};
use crate::{
    http_url::{percent_decode, percent_encode},
    ids::RunId,
    text,
    time::{Timestamp, decimal},
};

/// The query parameter that carries a lineage.
const PARAMETER: &str = "redrive";

impl Lineage {
    /// Reads the lineage out of a callback URL's query; `None` where the query carries none, as in the URL that a
    /// workflow's author wrote.
    ///
    /// Anything but the form that [`Lineage::write_to_query`] writes is refused: a count that could be misread must
    /// not restart at zero.
    pub fn from_query(query: Option<&str>) -> Result<Option<Self>, LineageError> {
        let mut values = pairs(query).filter(|pair| is_ours(pair));
        let Some(pair) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(LineageError);
        }
        let (_, value) = text::cut(pair, b'=').ok_or(LineageError)?;
        parse(value).map(Some).ok_or(LineageError)
    }

    /// The query of the next callback URL: `query` with its own parameters kept and this lineage as the last.
    #[must_use]
    pub fn write_to_query(&self, query: Option<&str>) -> String {
        let mut out = String::new();
        for pair in pairs(query).filter(|pair| !is_ours(pair)) {
            out.push_str(pair);
            out.push('&');
        }
        out.push_str(PARAMETER);
        out.push('=');
        out.push_str(&said(&self.attempt));
        out.push('.');
        out.push_str(&said(&self.first_failed_at.as_millis()));
        out.push('.');
        out.push_str(&percent_encode(self.root.as_str()));
        out
    }
}

fn pairs(query: Option<&str>) -> impl Iterator<Item = &str> {
    text::parts(query.unwrap_or_default(), b'&').filter(|pair| !pair.is_empty())
}

fn is_ours(pair: &str) -> bool {
    text::parts(pair, b'=').next() == Some(PARAMETER)
}

fn parse(value: &str) -> Option<Lineage> {
    let (attempt, rest) = text::cut(value, b'.')?;
    let (first_failed_at, root) = text::cut(rest, b'.')?;
    Some(Lineage {
        root: RunId::new(percent_decode(root)?).ok()?,
        attempt: u32::try_from(decimal(attempt)?).ok()?,
        first_failed_at: Timestamp::from_millis(decimal(first_failed_at)?),
    })
}

/// The callback URL carries a lineage that we did not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineageError;

impl Say for LineageError {
    fn say(&self, text: &mut String) {
        text.push_str(
            "the callback URL's `redrive` parameter must be absent or stand once, as <attempt>.<epoch ms>.<run id>",
        );
    }
}

display!(LineageError);

impl core::error::Error for LineageError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn lineage(attempt: u32, root: &str) -> Lineage {
        Lineage {
            root: RunId::new(root).unwrap(),
            attempt,
            first_failed_at: Timestamp::from_millis(1_748_527_971_000),
        }
    }

    #[test]
    fn a_query_without_our_parameter_carries_no_lineage() {
        for query in [None, Some(""), Some("team=a"), Some("redriven=1"), Some("x=redrive")] {
            assert_eq!(Lineage::from_query(query), Ok(None), "{query:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_back_beside_the_users_own_parameters() {
        for root in ["wfr_abc", "wfr_ä/%&=?#.", "wfr_a.b.c"] {
            let lineage = lineage(3, root);
            let query = lineage.write_to_query(Some("team=a&redrive=1.2.x&b"));
            assert!(query.starts_with("team=a&b&redrive=3.1748527971000.wfr_"), "{query}");
            assert_eq!(Lineage::from_query(Some(&query)), Ok(Some(lineage)));
        }
    }

    #[test]
    fn the_written_query_needs_no_encoding_of_its_own() {
        let query = lineage(1, "wfr_ä ß".replace(' ', "").as_str()).write_to_query(None);
        assert!(query.bytes().all(|byte| byte.is_ascii_graphic() && !b"#?&".contains(&byte)), "{query}");
    }

    #[test]
    fn a_lineage_that_we_did_not_write_is_refused() {
        for query in [
            "redrive",
            "redrive=",
            "redrive=1",
            "redrive=1.2",
            "redrive=1.2.",
            "redrive=-1.2.wfr_a",
            "redrive=+1.2.wfr_a",
            "redrive=1.x.wfr_a",
            "redrive=4294967296.2.wfr_a",
            "redrive=1.99999999999999999999.wfr_a",
            "redrive=1.2.wfr%20a",
            "redrive=1.2.wfr_%zz",
            "redrive=1.2.a&redrive=1.2.a",
        ] {
            assert_eq!(Lineage::from_query(Some(query)), Err(LineageError), "{query}");
        }
    }
}
