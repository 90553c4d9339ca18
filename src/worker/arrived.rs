//! What is read of a request before its body.

use crate::{callback::CallbackHeaders, recovery::Arrival, text};

/// URL and some headers of a request, as [`arrival`](super::runtime::arrival) brings them.
pub(super) struct Arrived<'a> {
    pub(super) url: &'a str,
    signature: &'a str,
    /// In the order of their [names](CallbackHeaders::NAMES).
    headers: [&'a str; CallbackHeaders::NAMES.len()],
}

impl<'a> Arrived<'a> {
    /// The method, and the rest.
    pub(super) fn read(texts: &'a str) -> (&'a str, Self) {
        let mut texts = text::parts(texts, 0);
        let mut next = || texts.next().unwrap_or_default();
        let (method, url, signature) = (next(), next(), next());
        (method, Self { url, signature, headers: [(); CallbackHeaders::NAMES.len()].map(|()| next()) })
    }

    /// What the token is checked by.
    pub(super) fn arrival(&self) -> Arrival {
        let [.., region] = self.headers;
        // An empty signature is a bad one.
        let signature = (!self.signature.is_empty()).then(|| self.signature.to_owned());
        Arrival { url: self.url.to_owned(), signature, region: some(region) }
    }

    /// What the headers say about the failed run.
    pub(super) fn headers(&self) -> CallbackHeaders {
        let mut values = self.headers.iter();
        CallbackHeaders::read(|_| values.next().and_then(|value| some(value)))
    }
}

/// An empty header is none.
fn some(value: &str) -> Option<String> {
    let value = value.trim_ascii();
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runtime_is_asked_for_the_headers_in_their_order() {
        let script = include_str!("runtime.mjs");
        let list = ["\"Upstash-Signature\",\n"].into_iter().map(str::to_owned);
        let names = CallbackHeaders::NAMES.iter().map(|name| ["  \"", name, "\",\n"].concat());
        let expected: String = list.chain(names).collect();
        assert!(script.contains(&expected), "{expected}");
        for name in crate::dlq::RESPONSE_HEADERS {
            assert!(script.contains(&["\"", name, "\""].concat()), "{name}");
        }
    }

    #[test]
    fn texts_are_read_in_their_order() {
        let (method, arrived) =
            Arrived::read("POST\0https://a/\0token\0wfr_1\0https://b/\0msg\0\0 \0US-EAST-1");
        assert_eq!((method, arrived.url), ("POST", "https://a/"));
        let arrival = arrived.arrival();
        assert_eq!(
            (arrival.signature.as_deref(), arrival.region.as_deref()),
            (Some("token"), Some("US-EAST-1"))
        );
        let headers = CallbackHeaders::read(|name| {
            let known = [
                ("Upstash-Workflow-RunId", "wfr_1"),
                ("Upstash-Workflow-Url", "https://b/"),
                ("Upstash-Message-Id", "msg"),
                ("Upstash-Region", "US-EAST-1"),
            ];
            known.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        });
        assert_eq!(arrived.headers(), headers);
        assert_eq!(Arrived::read("POST\0https://a/\0 ").1.arrival().signature.as_deref(), Some(" "));
        assert_eq!(Arrived::read("POST\0https://a/\0").1.arrival().signature, None);
    }
}
