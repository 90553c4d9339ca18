//! Step 1: may this request's body be read at all?

use core::fmt;
use std::sync::Arc;

use super::Refusal;
use crate::{
    http_url::HttpUrl,
    settings::{Account, Region, Settings},
    signature::{Claims, SignatureError},
    time::Timestamp,
};

/// A request as it arrives, of which no body byte was read. `Debug` leaves the token out, which is good for minutes.
#[derive(Clone, Default)]
pub struct Arrival {
    /// The full URL that was called.
    pub url: String,
    /// `Upstash-Signature`.
    pub signature: Option<String>,
    /// `Upstash-Region`.
    pub region: Option<String>,
}

impl fmt::Debug for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrival")
            .field("url", &self.url)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

/// A callback whose token is good: QStash called this URL, now. Its body is yet to be read.
#[derive(Debug)]
pub struct Admission {
    pub(super) account: Arc<Account>,
    pub(super) region: Option<Region>,
    max_body_bytes: u64,
    pub(super) claims: Claims,
    /// The address that QStash called, query included.
    pub(super) url: HttpUrl,
}

impl Admission {
    /// Checks the token: one HMAC, whatever the size of the body.
    pub fn check(settings: &Settings, arrival: &Arrival, now: Timestamp) -> Result<Self, Refusal> {
        Self::checked(settings, arrival, now).map_err(Refusal::Signature)
    }

    fn checked(settings: &Settings, arrival: &Arrival, now: Timestamp) -> Result<Self, SignatureError> {
        let token = arrival.signature.as_deref().ok_or(SignatureError::Missing)?;
        let account = settings.account(arrival.region.as_deref())?;
        let url = called_url(settings, &arrival.url).ok_or(SignatureError::Url)?;
        let claims = account.keys.verify(token, &url, now, settings.clock_tolerance)?;
        let max_body_bytes = settings.max_body_bytes;
        let region = arrival.region.as_deref().and_then(Region::from_header);
        Ok(Self { account: Arc::clone(account), region, max_body_bytes, claims, url })
    }

    /// The most body bytes that may be read.
    #[must_use]
    pub const fn max_body_bytes(&self) -> u64 {
        self.max_body_bytes
    }
}

/// The URL that QStash was told to call: our public address where one is set, with the query of this request.
fn called_url(settings: &Settings, url: &str) -> Option<HttpUrl> {
    let called = HttpUrl::parse(url).ok()?;
    Some(match &settings.public_url {
        Some(public) => public.with_query(called.query()),
        None => called,
    })
}
