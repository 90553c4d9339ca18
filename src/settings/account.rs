//! QStash accounts: one without a region, one for each region.

use core::fmt;
use std::sync::Arc;

use super::{
    Region,
    reader::{Reader, invalid},
};
use crate::text::Say;
use crate::{
    http_url::HttpUrl,
    signature::{KeySet, SigningKey},
    text,
};

/// The API of accounts that name no region.
pub(crate) const DEFAULT_URL: &str = "https://qstash.upstash.io";

const TOKEN: &str = "QSTASH_TOKEN";
const CURRENT_KEY: &str = "QSTASH_CURRENT_SIGNING_KEY";
const NEXT_KEY: &str = "QSTASH_NEXT_SIGNING_KEY";
const URL: &str = "QSTASH_URL";

/// A QStash API token.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Takes a token as the Upstash console shows it.
    pub fn new(token: impl Into<String>) -> Result<Self, InvalidTokenError> {
        let token = token.into();
        let is_sound = !token.is_empty() && text::all(&token, u8::is_ascii_graphic);
        if is_sound { Ok(Self(token)) } else { Err(InvalidTokenError) }
    }

    /// `text` without the token, nor the beginning of it: that is what is left where words were cut to a length, or where
    /// somebody has escaped its last characters.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        /// Fewer bytes than these tell nothing. At the end of a text even fewer do.
        const TELLING: usize = 8;
        const TELLING_AT_END: usize = 4;
        let mut redacted = String::new();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let same = rest.bytes().zip(self.0.bytes()).take_while(|(one, other)| one == other).count();
            let told = if same == rest.len() { TELLING_AT_END } else { TELLING };
            // A token is ASCII, so that what is the same ends at a character.
            let (shown, len) =
                if same >= told.min(self.0.len()) { ('…', same) } else { (next, next.len_utf8()) };
            redacted.push(shown);
            rest = rest.get(len..).unwrap_or_default();
        }
        redacted
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

impl Say for InvalidTokenError {
    fn say(&self, text: &mut String) {
        text.push_str("a QStash token must be the text that the Upstash console shows, without blanks");
    }
}

display!(InvalidTokenError);

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

/// Every account that is set, the one without a region last.
#[derive(Clone, Debug)]
pub(super) struct Accounts(Vec<(Option<Region>, Arc<Account>)>);

impl Accounts {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let mut accounts = Vec::new();
        for region in [Some(Region::EuCentral1), Some(Region::UsEast1), None] {
            reader.prefix = region.map_or("", Region::prefix);
            let is_set = [TOKEN, CURRENT_KEY, NEXT_KEY].iter().any(|name| reader.text(name).is_some());
            // With no region set the account without one is required, so that an empty deployment says what it misses.
            if is_set || (region.is_none() && accounts.is_empty()) {
                let account = account(reader, region.map_or(DEFAULT_URL, Region::default_url));
                accounts.extend(account.map(|account| (region, Arc::new(account))));
            }
        }
        Self(accounts)
    }

    pub(super) fn of(&self, region: Option<Region>) -> Option<&Arc<Account>> {
        self.exactly(region).or_else(|| self.exactly(None))
    }

    pub(super) fn exactly(&self, region: Option<Region>) -> Option<&Arc<Account>> {
        self.0.iter().find(|(name, _)| *name == region).map(|(_, account)| account)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (Option<Region>, &Arc<Account>)> {
        self.0.iter().map(|(region, account)| (*region, account))
    }

    pub(super) fn default(&self) -> Option<&Arc<Account>> {
        match self.0.as_slice() {
            [(_, only)] => Some(only),
            _ => self.exactly(None),
        }
    }
}

fn account(reader: &mut Reader<'_>, default_url: &str) -> Option<Account> {
    let token = Token::new(reader.required(TOKEN)?);
    let token = reader.valid(TOKEN, token)?;
    let keys = KeySet::new(key(reader, CURRENT_KEY)?, key(reader, NEXT_KEY)?);
    let url = reader.text(URL);
    match base_url(url.as_deref().unwrap_or(default_url)) {
        Ok(base_url) => Some(Account { keys, token, base_url }),
        Err(problem) => {
            reader.refuse(URL, &problem);
            None
        }
    }
}

fn key(reader: &mut Reader<'_>, name: &str) -> Option<SigningKey> {
    let key = SigningKey::new(&reader.required(name)?);
    reader.valid(name, key)
}

/// Reads the address of an API; an error completes the sentence that begins with its name.
pub(crate) fn base_url(text: &str) -> Result<HttpUrl, String> {
    let url = HttpUrl::parse(text::trim_end(text, '/')).map_err(|error| invalid(&error))?;
    if url.query().is_some() {
        Err("must be an address without a query".to_owned())
    } else if !url.is_https() && !url.is_loopback() {
        Err("must be https, or http on this machine: it gets the token".to_owned())
    } else {
        Ok(url)
    }
}
