//! Where requests go, and how they prove whose they are.

use core::fmt;

use crate::text::Say;
use crate::{
    dlq::{ApiRequest, Method},
    http_url::{HttpUrl, percent_encode},
    settings::Token,
    text,
};

/// The API of one account.
#[derive(Clone, Debug)]
pub struct Endpoint {
    base_url: HttpUrl,
    token: Token,
    authentication: Authentication,
}

/// How a request carries the token. Both ways are documented.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Authentication {
    /// `Authorization: Bearer …`.
    #[default]
    Bearer,
    /// `qstash_token=…` in the query, for where headers cannot be set. Proxies and logs on the way may keep it.
    Query,
}

impl Endpoint {
    /// The API at `base_url`: https, or http on this machine, because it gets the token; without query.
    pub fn new(base_url: HttpUrl, token: Token) -> Result<Self, InvalidEndpointError> {
        if base_url.query().is_some() || !(base_url.is_https() || base_url.is_loopback()) {
            return Err(InvalidEndpointError);
        }
        Ok(Self { base_url, token, authentication: Authentication::Bearer })
    }

    /// The same with the token carried another way.
    #[must_use]
    pub const fn authenticated_by(mut self, authentication: Authentication) -> Self {
        self.authentication = authentication;
        self
    }

    /// The address of the API.
    #[cfg(feature = "npm")]
    pub(crate) const fn base_url(&self) -> &HttpUrl {
        &self.base_url
    }

    /// The account's token.
    #[cfg(feature = "npm")]
    pub(crate) const fn token(&self) -> &Token {
        &self.token
    }

    /// The request with its host and token, to be sent as it is.
    #[must_use]
    pub fn address(&self, request: &ApiRequest) -> Outgoing {
        let base = text::trim_end(self.base_url.as_str(), '/');
        let mut url = [base, &request.path_and_query].concat();
        let mut headers: Vec<(&'static str, String)> = Vec::with_capacity(request.headers.len() + 1);
        match self.authentication {
            Authentication::Bearer => {
                headers.push(("Authorization", ["Bearer ", self.token.reveal()].concat()));
            }
            Authentication::Query => {
                url.push(if text::find(&url, "?").is_some() { '&' } else { '?' });
                url.push_str("qstash_token=");
                url.push_str(&percent_encode(self.token.reveal()));
            }
        }
        headers.extend(request.headers.iter().cloned());
        Outgoing { method: request.method, url, headers, shown: request.clone() }
    }

    /// `text` without the token, as it is and as it stands in a query: for words of others, such as an error that
    /// names the address.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let encoded = percent_encode(self.token.reveal());
        self.token.redact(&text::replace(text, &encoded, "…"))
    }
}

/// A request as it goes out. `Debug` shows neither the token nor header values.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outgoing {
    /// The method.
    pub method: Method,
    /// The whole address. It is a secret where the token is in it.
    pub url: String,
    /// All headers.
    pub headers: Vec<(&'static str, String)>,
    shown: ApiRequest,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Outgoing").field(&self.shown).finish()
    }
}

/// An address that the token may not be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidEndpointError;

impl Say for InvalidEndpointError {
    fn say(&self, text: &mut String) {
        text.push_str("bad address of the QStash API, which gets the token; accepted are https addresses without a query, and http on this machine");
    }
}

display!(InvalidEndpointError);

impl core::error::Error for InvalidEndpointError {}
