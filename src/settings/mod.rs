//! Settings: what a deployment is told, checked once.
//!
//! Names are the official ones, so that what the Upstash console shows can be pasted. A shell hands in a function
//! from name to text (environment bindings, a JS object, a map); nothing here knows where they come from. A bad
//! setting fails closed, and the error names it.

mod account;
mod admin;
mod error;
mod ledger;
mod notify;
mod reader;
mod region;
mod sweep;

pub use account::{Account, InvalidTokenError, Token};
pub use admin::Admin;
pub use error::SettingsError;
pub use notify::Notify;
pub use region::Region;
pub use sweep::{SweepScope, SweepSettings};

#[cfg(feature = "npm")]
pub(crate) use account::{DEFAULT_URL, base_url};

use core::time::Duration;
use std::sync::Arc;

use crate::{dlq::GoDuration, http_url::HttpUrl, policy::Policy, signature::SignatureError, time::decimal};
use account::Accounts;
use reader::Reader;

/// All that one deployment is told.
#[derive(Clone, Debug)]
pub struct Settings {
    accounts: Accounts,
    /// Who may ask the operator API; `None` switches it off.
    pub admin: Option<Admin>,
    /// Who is told what a person should hear of.
    pub notify: Notify,
    /// Where QStash reaches us, without query; `None` takes the address of each request.
    pub public_url: Option<HttpUrl>,
    /// What to do with failed runs.
    pub policy: Policy,
    /// How far QStash's clock and ours may stand apart. Default: 5 seconds.
    pub clock_tolerance: Duration,
    /// How long one call of the DLQ API may take. Default: 10 seconds.
    pub api_timeout: Duration,
    /// How many actors share the lineages of the ledger, where one is bound. Default: 4. Another number hides what is
    /// remembered, until it is the old one again.
    pub ledger_shards: u32,
    /// How long the ledger remembers an entry. Default: 30 days.
    pub ledger_retention: Duration,
    /// How the sweep looks for failed runs whose callbacks never came.
    pub sweep: SweepSettings,
    /// The largest callback body, in bytes. Default: 100 MB, the most that Cloudflare passes on its smaller plans.
    pub max_body_bytes: u64,
}

impl Settings {
    /// Reads and checks every setting. `lookup` gives the text behind a name; empty text counts as absent, and
    /// `POLICY` is a JSON object.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(&lookup);
        let mut settings = Self::look_up(&mut reader);
        settings.admin = Admin::read(&mut reader);
        ledger::read(&mut reader, &mut settings);
        settings.notify = Notify::read(&mut reader);
        settings.sweep.read(&mut reader);
        reader.end().map(|()| settings)
    }

    /// The same where there is neither an operator API nor a ledger.
    #[cfg(feature = "npm")]
    pub(crate) fn read_without_admin(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(lookup);
        let settings = Self::look_up(&mut reader);
        reader.end().map(|()| settings)
    }

    fn look_up(reader: &mut Reader<'_>) -> Self {
        let mut settings = Self {
            accounts: Accounts::read(reader),
            admin: None,
            notify: Notify::default(),
            public_url: public_url(reader),
            policy: Policy::default(),
            clock_tolerance: Duration::from_secs(5),
            api_timeout: Duration::from_secs(10),
            ledger_shards: 4,
            ledger_retention: Duration::from_hours(30 * 24),
            sweep: SweepSettings::DEFAULT,
            max_body_bytes: 100 * 1000 * 1000,
        };
        if let Some(json) = reader.text("POLICY") {
            reader.valid("POLICY", settings.policy.set_from_json(&json));
        }
        duration(reader, "CLOCK_TOLERANCE", &mut settings.clock_tolerance);
        duration(reader, "API_TIMEOUT", &mut settings.api_timeout);
        bytes(reader, "MAX_BODY_BYTES", &mut settings.max_body_bytes);
        settings
    }

    /// The same for a deployment without a ledger: what needs one must not be set.
    #[cfg(feature = "worker")]
    pub(crate) fn without_ledger(self) -> Result<Self, SettingsError> {
        match self.notify.set_by() {
            Some(name) => Err(SettingsError::new(
                name.to_owned(),
                "needs the ledger: bind LEDGER, or leave it out".to_owned(),
            )),
            None => Ok(self),
        }
    }

    /// The account that a callback belongs to, shared with all that is under way for it: its `Upstash-Region`'s, else
    /// the one without a region.
    pub fn account(&self, region: Option<&str>) -> Result<&Arc<Account>, SignatureError> {
        self.accounts.of(region.and_then(Region::from_header)).ok_or(SignatureError::Key)
    }

    /// Every account, each with its region; the one without a region last.
    pub fn accounts(&self) -> impl Iterator<Item = (Option<Region>, &Arc<Account>)> {
        self.accounts.all()
    }

    /// The account that a region's callbacks came from.
    #[cfg(feature = "deploy")]
    pub(crate) fn account_in(&self, region: Option<Region>) -> Option<&Account> {
        self.accounts.of(region).map(AsRef::as_ref)
    }

    /// The account without a region, or the only one.
    pub(crate) fn default_account(&self) -> Option<&Account> {
        self.accounts.default().map(AsRef::as_ref)
    }

    /// The account of a region, and no other in its place.
    pub(crate) fn account_of(&self, region: Region) -> Option<&Account> {
        self.accounts.exactly(Some(region)).map(AsRef::as_ref)
    }
}

fn public_url(reader: &mut Reader<'_>) -> Option<HttpUrl> {
    const NAME: &str = "PUBLIC_URL";
    let url = HttpUrl::parse(&reader.text(NAME)?);
    let url = reader.valid(NAME, url)?;
    if url.query().is_some() {
        reader.refuse(NAME, "must not have a query: each callback brings its own");
    }
    Some(url)
}

fn duration(reader: &mut Reader<'_>, name: &str, to: &mut Duration) {
    let Some(text) = reader.text(name) else { return };
    let Some(duration) = reader.valid(name, GoDuration::parse(&text)) else { return };
    *to = duration.as_duration();
    if *to > Duration::from_mins(5) {
        reader.refuse(name, "must be a duration of at most 5m, such as 10s");
    }
}

fn bytes(reader: &mut Reader<'_>, name: &str, to: &mut u64) {
    let Some(text) = reader.text(name) else { return };
    *to = decimal(&text).unwrap_or_default();
    if *to == 0 {
        reader.refuse(name, "must be a number of bytes greater than zero");
    }
}

#[cfg(test)]
mod tests;
