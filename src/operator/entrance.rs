//! Who may ask, and what a request asks.

use super::cors;
use super::exchange::Exchange;
use super::overrides;
use super::query;
use super::reply::OperatorReply;
use super::route::{Operation, Route};
use crate::settings::{Account, Admin, Region, Settings};
use crate::text;

/// A request of an operator. Its body means nothing.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// The absolute address.
    pub url: &'a str,
    /// All headers, by their names in lower case.
    pub headers: &'a [(String, String)],
}

impl<'a> Asked<'a> {
    pub(super) fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Path and query.
    pub(crate) fn resource(&self) -> (&'a str, &'a str) {
        resource(self.url)
    }
}

/// The operator API of a deployment that has one.
#[derive(Clone, Copy, Debug)]
pub struct Operator<'a> {
    settings: &'a Settings,
    admin: &'a Admin,
}

impl<'a> Operator<'a> {
    /// `None` without `ADMIN_TOKEN`: then there is no such API.
    #[must_use]
    pub fn of(settings: &'a Settings) -> Option<Self> {
        Some(Self { settings, admin: settings.admin.as_ref()? })
    }

    /// Checks a request in all that can be known before anything is sent.
    pub fn admit(&self, asked: &Asked<'_>) -> Result<Exchange<'a>, OperatorReply> {
        self.authorize(asked)?;
        let (path, query) = asked.resource();
        let route = Route::of(asked.method, path)?;
        self.begin(asked, route, query).map_err(|message| OperatorReply::error(400, &message))
    }

    /// Checks that a request may ask anything at all.
    pub(crate) fn authorize(&self, asked: &Asked<'_>) -> Result<(), OperatorReply> {
        if cors::is_preflight(asked, self.origin()) {
            return Err(cors::preflight());
        }
        let token = asked.header("authorization").and_then(bearer);
        if !token.is_some_and(|token| self.admin.accepts(token)) {
            let message = "wrong or missing token; accepted is `Authorization: Bearer` with the ADMIN_TOKEN";
            return Err(OperatorReply::error(401, message));
        }
        Ok(())
    }

    /// The reply as it goes out: with what lets an allowed origin read it.
    #[must_use]
    pub fn dress(&self, mut reply: OperatorReply, asked: &Asked<'_>) -> OperatorReply {
        cors::allow(&mut reply, asked, self.origin());
        reply
    }

    fn origin(&self) -> Option<&str> {
        self.admin.cors_origin.as_deref()
    }

    fn begin(&self, asked: &Asked<'_>, route: Route, query: &str) -> Result<Exchange<'a>, String> {
        let operation = route.operation;
        let account = self.account(asked.header("upstash-region"))?;
        let revives = matches!(operation, Operation::ReviveOne | Operation::ReviveMany);
        let overrides = overrides::read(asked, revives)?;
        let mut query = query::read(query, route)?;
        query.request.headers = overrides;
        Ok(Exchange::new(account, operation, query))
    }

    /// The account of the region that is asked for, and of no other: what is done to a queue cannot be undone.
    fn account(&self, region: Option<&str>) -> Result<&'a Account, String> {
        let account = match region {
            None => self.settings.default_account(),
            Some(region) => Region::from_header(region).and_then(|region| self.settings.account_of(region)),
        };
        account.ok_or_else(|| {
            "`upstash-region`: no account is set for it; accepted are EU-CENTRAL-1 and US-EAST-1 where the settings name \
             one, and no region where they name one without"
                .to_owned()
        })
    }
}

/// Path and query of an absolute URL as the runtime writes it; a path that is left out is empty.
pub(crate) fn resource(url: &str) -> (&str, &str) {
    let after_scheme = text::split_once(url, "://").map_or(url, |(_, rest)| rest);
    let start = text::find(after_scheme, "/").unwrap_or(after_scheme.len());
    let resource = after_scheme.get(start..).unwrap_or_default();
    let resource = text::parts(resource, b'#').next().unwrap_or_default();
    text::cut(resource, b'?').unwrap_or((resource, ""))
}

/// The token of an `Authorization` header. Schemes are compared without regard to case (RFC 9110, section 11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = text::cut(value, b' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim_ascii())
}
