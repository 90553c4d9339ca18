//! Keys of a query.

use crate::text::said;
use crate::{
    http_url::{percent_decode, query_pairs},
    time::decimal,
};

/// Reads a query with `cursor` and `limit` (1 to `most`, which is also the default).
pub(super) fn page(query: &str, most: usize) -> Result<(String, usize), String> {
    let (mut cursor, mut limit) = (String::new(), most);
    for (key, value) in query_pairs(query) {
        let value = percent_decode(value)
            .ok_or_else(|| refused(key, "bad escape; accepted are %00 to %FF that spell UTF-8"))?;
        match key {
            "cursor" => cursor = value,
            "limit" => {
                let number = decimal(&value).and_then(|number| usize::try_from(number).ok());
                let number = number.filter(|number| (1..=most).contains(number));
                limit = number.ok_or_else(|| refused(key, &["accepted: 1 to ", &said(&most)].concat()))?;
            }
            _ => return Err(refused(key, "no such key; accepted are cursor and limit")),
        }
    }
    Ok((cursor, limit))
}

/// For paths that take none.
pub(super) fn none(query: &str) -> Result<(), String> {
    if query.is_empty() { Ok(()) } else { Err("this path takes no query".to_owned()) }
}

fn refused(key: &str, why: &str) -> String {
    /// The longest unknown key that an error repeats, in bytes.
    const MAX_SHOWN_BYTES: usize = 64;
    let shown = if key.len() <= MAX_SHOWN_BYTES { key } else { "…" };
    ["`", shown, "`: ", why].concat()
}
