//! The query of our callback URL: a lineage is read back as it was written, beside what others have put there.

use workflow_redrive::http_url::{HttpUrl, percent_decode, percent_encode, query_pairs};
use workflow_redrive::lineage::Lineage;

use crate::again;
use crate::meter::{Allowed, bounded};

pub(crate) const WORDS: &[&str] = &[
    "redrive=",
    "redrive=1.1748527971000.wfr_a",
    "redrive=0.0.x",
    "&",
    "=",
    ".",
    "%",
    "%2e",
    "%C3%A9",
    "4294967295",
    "18446744073709551615",
    "+",
    "a=b",
    "a[]=1",
];
pub(crate) const LONGEST: usize = usize::MAX;
pub(crate) const SHAPES: &[fn(usize) -> Vec<u8>] = &[
    |len| again("redrive=1.1.a&", len).into(),
    |len| again("a=1&", len).into(),
    |len| ["redrive=1.1.", &again("%41", len)].concat().into(),
    |len| ["redrive=", &again("0", len), ".1.a"].concat().into(),
    |len| again("&", len).into(),
];

pub(crate) fn check(data: &[u8]) {
    let query = String::from_utf8_lossy(data);
    let ours = query.split('&').filter(|pair| pair.split('=').next() == Some("redrive")).count();
    let read = bounded(query.len(), Allowed::times(4), || Lineage::from_query(Some(&query)));
    match &read {
        Ok(None) => assert_eq!(ours, 0, "{query}"),
        Ok(Some(lineage)) => {
            assert_eq!(ours, 1, "{query}");
            let value = query.split('&').find_map(|pair| pair.strip_prefix("redrive=")).unwrap();
            let mut parts = value.splitn(3, '.');
            let mut number = || parts.next().and_then(|part| part.parse::<u64>().ok());
            assert_eq!(number(), Some(lineage.attempt().into()), "{query}");
            assert_eq!(number(), Some(lineage.first_failed_at().as_millis()), "{query}");
            assert_eq!(
                percent_decode(parts.next().unwrap()).as_deref(),
                Some(lineage.root_run().as_str()),
                "{query}"
            );
            round_trip(&lineage.next(), &query);
        }
        Err(_) => assert!(ours > 0, "{query}"),
    }
    encoding(&query);
}

fn round_trip(lineage: &Lineage, query: &str) {
    let written = bounded(query.len(), Allowed::times(8), || lineage.write_to_query(Some(query)));
    assert_eq!(Lineage::from_query(Some(&written)), Ok(Some(lineage.clone())), "{written}");
    let foreign = |query: &str| -> Vec<String> {
        let pairs =
            query.split('&').filter(|pair| !pair.is_empty() && pair.split('=').next() != Some("redrive"));
        pairs.map(str::to_owned).collect()
    };
    assert_eq!(foreign(&written), foreign(query), "{written}");
    assert_eq!(lineage.write_to_query(Some(&written)), written, "written twice");
    // As QStash gets it: what may not stand in a URL is encoded on the way.
    let url = HttpUrl::parse("https://redrive.example/hook").unwrap().with_query(Some(&written));
    assert_eq!(Lineage::from_query(url.query()), Ok(Some(lineage.clone())), "{url}");
    assert!(
        HttpUrl::parse(url.as_str()).is_ok() || url.as_str().len() > 8192 || has_bad_escape(&written),
        "{url}"
    );
}

fn has_bad_escape(text: &str) -> bool {
    text.match_indices('%').any(|(at, _)| {
        let digits = text.as_bytes().get(at + 1..at + 3).unwrap_or_default();
        digits.len() < 2 || !digits.iter().all(u8::is_ascii_hexdigit)
    })
}

fn encoding(text: &str) {
    let encoded = percent_encode(text);
    assert!(encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)));
    assert_eq!(percent_decode(&encoded).as_deref(), Some(text));
    if let Some(decoded) = percent_decode(text) {
        assert_eq!(percent_decode(&percent_encode(&decoded)), Some(decoded));
    }
    let pairs: Vec<_> = query_pairs(text).collect();
    assert!(pairs.iter().all(|(name, value)| !name.contains(['&', '=']) && !value.contains('&')));
    assert_eq!(pairs.len(), text.split('&').filter(|pair| !pair.is_empty()).count());
}
