//! QStash accounts: one without a region, one for each region.

use core::fmt;
use std::sync::Arc;

use super::{Lookup, Region, SettingsError};
use crate::{
    http_url::HttpUrl,
    signature::{KeySet, SigningKey},
    text,
};

/// The API of accounts that name no region.
pub(crate) const DEFAULT_URL: &str = "https://qstash.upstash.io";

/// A QStash API token.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Takes a token as the Upstash console shows it.
    pub fn new(token: impl Into<String>) -> Result<Self, InvalidTokenError> {
        let token = token.into();
        let is_sound = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        if is_sound { Ok(Self(token)) } else { Err(InvalidTokenError) }
    }

    /// `text` without the token, nor the beginning of it that is left at the end of words which were cut to a length.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        /// Fewer bytes than these tell nothing, and ordinary words end with them too.
        const TELLING: usize = 4;
        let mut text = text::replace(text, &self.0, "…");
        let left = (TELLING..self.0.len()).rev();
        let left = left.filter_map(|len| self.0.get(..len)).find(|left| text.ends_with(left));
        if let Some(left) = left {
            text.truncate(text.len() - left.len());
            text.push('…');
        }
        text
    }

    /// The token, to be sent and never to be shown.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// Shows no part of the token.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// A text that is no token. The text itself is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidTokenError;

impl fmt::Display for InvalidTokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a QStash token must be the text that the Upstash console shows, without blanks")
    }
}

impl core::error::Error for InvalidTokenError {}

/// How to know QStash's requests from others', and how to call it.
#[derive(Clone, Debug)]
pub struct Account {
    /// The keys that its deliveries are signed with.
    pub keys: KeySet,
    /// The token that its API takes.
    pub token: Token,
    /// Where its API is; the only host that recoveries are sent to.
    pub base_url: HttpUrl,
}

/// Every account that is set.
#[derive(Clone, Debug)]
pub(super) struct Accounts {
    global: Option<Arc<Account>>,
    regional: Vec<(Region, Arc<Account>)>,
}

impl Accounts {
    pub(super) fn read(lookup: Lookup<'_>) -> Result<Self, SettingsError> {
        let mut regional = Vec::new();
        for region in Region::ALL {
            if is_set(lookup, region.prefix()) {
                regional.push((region, read_account(lookup, region.prefix(), region.default_url())?));
            }
        }
        // With no region set the account without one is required, so that an empty deployment says what it misses.
        let global = if regional.is_empty() || is_set(lookup, "") {
            Some(read_account(lookup, "", DEFAULT_URL)?)
        } else {
            None
        };
        Ok(Self { global, regional })
    }

    pub(super) fn of(&self, region: Option<Region>) -> Option<&Arc<Account>> {
        region.and_then(|region| self.exactly(region)).or(self.global.as_ref())
    }

    pub(super) fn exactly(&self, region: Region) -> Option<&Arc<Account>> {
        self.regional.iter().find(|(name, _)| *name == region).map(|(_, account)| account)
    }

    pub(super) fn default(&self) -> Option<&Arc<Account>> {
        match (&self.global, self.regional.as_slice()) {
            (None, [(_, only)]) => Some(only),
            (global, _) => global.as_ref(),
        }
    }
}

fn is_set(lookup: Lookup<'_>, prefix: &str) -> bool {
    ["QSTASH_TOKEN", "QSTASH_CURRENT_SIGNING_KEY", "QSTASH_NEXT_SIGNING_KEY"]
        .into_iter()
        .any(|name| lookup(&[prefix, name].concat()).is_some())
}

fn read_account(lookup: Lookup<'_>, prefix: &str, default_url: &str) -> Result<Arc<Account>, SettingsError> {
    let named = |name: &str| [prefix, name].concat();
    let required = |name: &str| lookup(&named(name)).ok_or_else(|| SettingsError::missing(named(name)));
    let key = |name: &str| {
        SigningKey::new(&required(name)?).map_err(|error| SettingsError::invalid(named(name), &error))
    };
    let token = Token::new(required("QSTASH_TOKEN")?)
        .map_err(|error| SettingsError::invalid(named("QSTASH_TOKEN"), &error))?;
    let keys = KeySet::new(key("QSTASH_CURRENT_SIGNING_KEY")?, key("QSTASH_NEXT_SIGNING_KEY")?);
    let url = lookup(&named("QSTASH_URL")).unwrap_or_else(|| default_url.to_owned());
    Ok(Arc::new(Account { keys, token, base_url: base_url(&named("QSTASH_URL"), &url)? }))
}

/// Reads the address of an API; `name` is what errors call it.
pub(crate) fn base_url(name: &str, text: &str) -> Result<HttpUrl, SettingsError> {
    let url =
        HttpUrl::parse(text.trim_end_matches('/')).map_err(|error| SettingsError::invalid(name, &error))?;
    if url.query().is_some() {
        return Err(SettingsError::unacceptable(name, "must be an address without a query"));
    }
    if !url.is_https() && !url.is_loopback() {
        return Err(SettingsError::unacceptable(
            name,
            "must be https, or http on this machine: it gets the token",
        ));
    }
    Ok(url)
}
