//! URLs: a first line, and a second one to compare it with. What we take, the parser of browsers and of `fetch` takes, and
//! it finds the same host in it.

use std::net::Ipv6Addr;

use url::{Host, Url};
use workflow_redrive::http_url::{HttpUrl, MAX_URL_BYTES};

use crate::again;
use crate::meter::{Allowed, bounded};

pub(crate) const WORDS: &[&str] = &[
    "https://",
    "http://",
    "HTTP://",
    "localhost",
    "127.0.0.1",
    "[::1]",
    "[::ffff:1.2.3.4]",
    "a.example",
    ":443",
    ":80",
    ":",
    "@",
    "/",
    "//",
    "?",
    "#",
    "\\",
    "%",
    "%2e",
    "%00",
    "..",
    ".",
    "0x7f.1",
    "1.1",
    "xn--",
    "é",
    "\t",
    " ",
    "[",
    "]",
    "redrive=1.1.a",
    "\n",
    "-",
    "_",
    "0",
];
pub(crate) const LONGEST: usize = MAX_URL_BYTES;
pub(crate) const SHAPES: &[fn(usize) -> Vec<u8>] = &[
    |len| ["https://a.example/", &again("a", len)].concat().into(),
    |len| ["https://", &again("a.", len), "b/"].concat().into(),
    |len| ["https://[", &again("1:", len), ":1]/"].concat().into(),
    |len| ["https://a.example/", &again("%41", len)].concat().into(),
    |len| ["https://a.example:", &again("0", len), "1/"].concat().into(),
    |len| again("https://", len).into(),
];

pub(crate) fn check(data: &[u8]) {
    let data = String::from_utf8_lossy(data);
    let (text, other) = data.split_once('\n').unwrap_or((&data, ""));
    let read = bounded(text.len(), Allowed::times(2), || HttpUrl::parse(text));
    let url = match read {
        Ok(url) => url,
        Err(refused) => return assert!(!refused.to_string().is_empty()),
    };
    parts(&url, text);
    standard(&url);
    if let Ok(other) = HttpUrl::parse(other) {
        let same = url.same_resource(other.as_str());
        assert_eq!(same, other.same_resource(url.as_str()), "{url} and {other}");
        if let (true, Ok(one), Ok(two)) = (same, Url::parse(url.as_str()), Url::parse(other.as_str())) {
            assert_eq!(one, two, "the same to us alone");
        }
    }
    assert!(url.same_resource(url.as_str()));
    let queried = bounded(other.len() + text.len(), Allowed::times(8), || url.with_query(Some(other)));
    assert_eq!((queried.origin(), queried.path()), (url.origin(), url.path()));
    assert!(!queried.as_str().contains(['#', ' ', '\r', '\n', '\\']));
    assert_eq!(queried.with_query(url.query()), url.with_query(url.query()));
}

/// The parts make the whole, and hold nothing that could be taken for another part.
fn parts(url: &HttpUrl, text: &str) {
    assert!(
        url.as_str() == text
            && text.len() <= MAX_URL_BYTES
            && text.bytes().all(|byte| byte.is_ascii_graphic())
    );
    let query = url.query().map_or(String::new(), |query| ["?", query].concat());
    let path = if url.origin().len() + query.len() == text.len() { "" } else { url.path() };
    assert_eq!([url.origin(), path, &query].concat(), text);
    assert!(!url.host().is_empty() && !url.host().contains(['/', '@', '?', '#', '\\', '%']), "{text}");
    assert!(url.port() > 0);
    let shown = format!("{url:?}");
    assert_eq!(shown, format!("HttpUrl({}/…)", url.origin()));
}

fn standard(url: &HttpUrl) {
    // Names that are encoded need tables, and must decode to something sound there.
    if url.host().to_ascii_lowercase().contains("xn--") {
        return;
    }
    let theirs = Url::parse(url.as_str()).unwrap_or_else(|error| panic!("{url}, which we take: {error}"));
    assert_eq!(theirs.scheme() == "https", url.is_https(), "{url}");
    assert_eq!(theirs.port_or_known_default(), Some(url.port()), "{url}");
    assert!(
        theirs.username().is_empty() && theirs.password().is_none() && theirs.fragment().is_none(),
        "{url}"
    );
    // Browsers encode one sign more than must be.
    assert_eq!(theirs.query(), url.query().map(|query| query.replace('\'', "%27")).as_deref(), "{url}");
    let is_same = match theirs.host().unwrap() {
        Host::Domain(name) => name.eq_ignore_ascii_case(url.host()),
        Host::Ipv4(address) => address.to_string() == url.host(),
        Host::Ipv6(address) => url.host().trim_matches(['[', ']']).parse::<Ipv6Addr>() == Ok(address),
    };
    assert!(is_same, "{url} goes to {theirs}");
    let is_here = match theirs.host().unwrap() {
        Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    // `[0:0:0:0:0:0:0:1]` is here, too; who writes it so is not believed.
    assert!(is_here || !url.is_loopback(), "{url}");
    assert!(!is_here || url.is_loopback() || url.host().starts_with('['), "{url}");
}
