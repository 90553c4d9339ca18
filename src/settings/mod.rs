//! Settings: what a deployment is told, checked once.
//!
//! Names are the official ones, so that what the Upstash console shows can be pasted. A shell hands in a function
//! from name to text (environment bindings, a JS object, a map); nothing here knows where they come from. A bad
//! setting fails closed, and the error names it.

mod account;
mod admin;
mod error;
mod region;

pub use account::{Account, InvalidTokenError, Token};
pub use admin::Admin;
pub use error::SettingsError;
pub use region::Region;

#[cfg(feature = "npm")]
pub(crate) use account::{DEFAULT_URL, base_url};

use core::time::Duration;
use std::sync::Arc;

use crate::{dlq::GoDuration, http_url::HttpUrl, policy::Policy, signature::SignatureError, time::decimal};
use account::Accounts;

/// The text behind a name, if there is any.
type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// All that one deployment is told.
#[derive(Clone, Debug)]
pub struct Settings {
    accounts: Accounts,
    /// Who may ask the operator API; `None` switches it off.
    pub admin: Option<Admin>,
    /// Where QStash reaches us, without query; `None` takes the address of each request.
    pub public_url: Option<HttpUrl>,
    /// What to do with failed runs.
    pub policy: Policy,
    /// How far QStash's clock and ours may stand apart. Default: 5 seconds.
    pub clock_tolerance: Duration,
    /// How long one call of the DLQ API may take. Default: 10 seconds.
    pub api_timeout: Duration,
    /// The largest callback body, in bytes. Default: 100 MB, the most that Cloudflare passes on its smaller plans.
    pub max_body_bytes: u64,
}

impl Settings {
    /// Reads and checks every setting. `lookup` gives the text behind a name; empty text counts as absent, and
    /// `POLICY` is a JSON object.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        Self::look_up(&|name| lookup(name).filter(|text| !text.is_empty()))
    }

    fn look_up(lookup: Lookup<'_>) -> Result<Self, SettingsError> {
        let mut settings = Self {
            accounts: Accounts::read(lookup)?,
            admin: Admin::read(lookup)?,
            public_url: None,
            policy: Policy::default(),
            clock_tolerance: Duration::from_secs(5),
            api_timeout: Duration::from_secs(10),
            max_body_bytes: 100 * 1000 * 1000,
        };
        settings.public_url = public_url(lookup)?;
        if let Some(json) = lookup("POLICY") {
            settings.policy =
                Policy::from_json(&json).map_err(|error| SettingsError::invalid("POLICY", &error))?;
        }
        duration(lookup, "CLOCK_TOLERANCE", &mut settings.clock_tolerance)?;
        duration(lookup, "API_TIMEOUT", &mut settings.api_timeout)?;
        if let Some(text) = lookup("MAX_BODY_BYTES") {
            settings.max_body_bytes = bytes(&text)?;
        }
        Ok(settings)
    }

    /// The account that a callback belongs to, shared with all that is under way for it: its `Upstash-Region`'s, else
    /// the one without a region.
    pub fn account(&self, region: Option<&str>) -> Result<&Arc<Account>, SignatureError> {
        self.accounts.of(region.and_then(Region::from_header)).ok_or(SignatureError::Key)
    }

    /// The account without a region, or the only one.
    pub(crate) fn default_account(&self) -> Option<&Account> {
        self.accounts.default().map(AsRef::as_ref)
    }

    /// The account of a region, and no other in its place.
    pub(crate) fn account_of(&self, region: Region) -> Option<&Account> {
        self.accounts.exactly(region).map(AsRef::as_ref)
    }
}

fn public_url(lookup: Lookup<'_>) -> Result<Option<HttpUrl>, SettingsError> {
    const NAME: &str = "PUBLIC_URL";
    let Some(text) = lookup(NAME) else { return Ok(None) };
    let url = HttpUrl::parse(&text).map_err(|error| SettingsError::invalid(NAME, &error))?;
    if url.query().is_some() {
        return Err(SettingsError::unacceptable(NAME, "must not have a query: each callback brings its own"));
    }
    Ok(Some(url))
}

fn duration(lookup: Lookup<'_>, name: &str, to: &mut Duration) -> Result<(), SettingsError> {
    let Some(text) = lookup(name) else { return Ok(()) };
    let duration = GoDuration::parse(&text).map_err(|error| SettingsError::invalid(name, &error))?;
    if duration.as_duration() > Duration::from_mins(5) {
        return Err(SettingsError::unacceptable(name, "must be a duration of at most 5m, such as 10s"));
    }
    *to = duration.as_duration();
    Ok(())
}

fn bytes(text: &str) -> Result<u64, SettingsError> {
    decimal(text).filter(|bytes| *bytes > 0).ok_or_else(|| {
        SettingsError::unacceptable("MAX_BODY_BYTES", "must be a number of bytes greater than zero")
    })
}

#[cfg(test)]
mod tests;
