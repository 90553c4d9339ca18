//! Absolute `http` and `https` URLs, without the tables for international names that a full URL parser carries.
//!
//! Stricter than browsers on purpose: a URL that two parsers could read differently (user information, back
//! slashes, `127.1`, raw non-ASCII characters) is refused instead of repaired.

mod percent;

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

pub(crate) use percent::{hex_value, push_percent_encoded};
pub use percent::{percent_decode, percent_encode};

use crate::text::Say;
use crate::{text, time::decimal};

/// The longest accepted URL, in bytes.
pub const MAX_URL_BYTES: usize = 8 * 1024;

/// An absolute `http` or `https` URL, kept as written.
///
/// `Debug` shows the origin only, because paths and queries of webhooks are often secrets.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HttpUrl {
    text: String,
    /// Length of `scheme://host:port`.
    origin_len: usize,
}

impl HttpUrl {
    /// Reads an absolute URL: `http` or `https`; a DNS name, a dotted IPv4 or a bracketed IPv6 address; optional
    /// port, path and query, in which other characters than those of RFC 3986 must be percent-encoded.
    pub fn parse(text: &str) -> Result<Self, InvalidUrlError> {
        if text.len() > MAX_URL_BYTES {
            return Err(InvalidUrlError::TooLong);
        }
        let (scheme, rest) = text::split_once(text, "://").ok_or(InvalidUrlError::Scheme)?;
        if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
            return Err(InvalidUrlError::Scheme);
        }
        let authority_len =
            rest.bytes().position(|byte| text::is_one_of(byte, b"/?#\\")).unwrap_or(rest.len());
        let (authority, resource) = rest.split_at_checked(authority_len).unwrap_or((rest, ""));
        check_authority(authority)?;
        check_resource(resource)?;
        Ok(Self { text: text.to_owned(), origin_len: text.len() - resource.len() })
    }

    /// The URL as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Scheme, host and port as written: `https://example.com:8443`.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.text.get(..self.origin_len).unwrap_or_default()
    }

    /// Name or address of the host as written, an IPv6 address with its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        split_port(self.authority()).0
    }

    /// The port, be it written or the scheme's own: 443 or 80.
    #[must_use]
    pub fn port(&self) -> u16 {
        let default = if self.is_https() { 443 } else { 80 };
        split_port(self.authority()).1.and_then(port_number).unwrap_or(default)
    }

    /// The path as written, `/` where there is none.
    #[must_use]
    pub fn path(&self) -> &str {
        let resource = self.resource();
        match text::cut(resource, b'?').map_or(resource, |(path, _)| path) {
            "" => "/",
            path => path,
        }
    }

    /// What follows the first `?`, as written; `None` where there is no `?`.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        text::cut(self.resource(), b'?').map(|(_, query)| query)
    }

    /// The same URL with another query, or with none.
    ///
    /// The query is taken as already encoded; only what may not stand in a query at all, such as a blank or `#`,
    /// is percent-encoded. The result may exceed [`MAX_URL_BYTES`] where the query is that long.
    #[must_use]
    pub fn with_query(&self, query: Option<&str>) -> Self {
        let mut text = self.origin().to_owned();
        text.push_str(self.path());
        if let Some(query) = query {
            text.push('?');
            percent::push_encoded(&mut text, query, |byte| byte == b'%' || is_resource_byte(byte));
        }
        Self { text, origin_len: self.origin_len }
    }

    /// Whether the scheme is `https`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        // "http://" has its colon where "https://" has its "s".
        self.text.as_bytes().get(4) != Some(&b':')
    }

    /// Whether the host is this machine by definition: `localhost`, a name below it, `127.0.0.0/8` or `::1`.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.host();
        after_last(host, b'.').eq_ignore_ascii_case("localhost")
            || host.as_bytes().starts_with(b"127.") && is_ipv4(host)
            || host == "[::1]"
    }

    /// Whether `other` is a URL of the same resource.
    ///
    /// Scheme and host are compared without regard to ASCII case, a default port equals no port and an empty path
    /// equals `/`. Path and query are compared byte for byte.
    #[must_use]
    pub fn same_resource(&self, other: &str) -> bool {
        self.text == other
            || Self::parse(other).is_ok_and(|other| {
                self.is_https() == other.is_https()
                    && self.host().eq_ignore_ascii_case(other.host())
                    && self.port() == other.port()
                    && self.path() == other.path()
                    && self.query() == other.query()
            })
    }

    fn authority(&self) -> &str {
        after_last(self.origin(), b'/')
    }

    /// Path and query.
    fn resource(&self) -> &str {
        self.text.get(self.origin_len..).unwrap_or_default()
    }
}

impl AsRef<str> for HttpUrl {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl Say for HttpUrl {
    fn say(&self, text: &mut String) {
        text.push_str(&self.text);
    }
}

display!(HttpUrl);

impl fmt::Debug for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpUrl(")?;
        f.write_str(self.origin())?;
        f.write_str("/…)")
    }
}

impl FromStr for HttpUrl {
    type Err = InvalidUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl From<HttpUrl> for String {
    fn from(url: HttpUrl) -> Self {
        url.text
    }
}

impl TryFrom<String> for HttpUrl {
    type Error = InvalidUrlError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

/// The raw names and values of a query, in order: `a=1&b&&c=` gives `(a, 1)`, `(b, "")`, `(c, "")`.
pub fn query_pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    text::parts(query, b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| text::cut(pair, b'=').unwrap_or((pair, "")))
}

/// Why a text is no [`HttpUrl`]. The text itself is not repeated: it may hold a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidUrlError {
    /// Longer than [`MAX_URL_BYTES`].
    TooLong,
    /// Neither `http://` nor `https://` at the start.
    Scheme,
    /// A user name or password before the host.
    UserInfo,
    /// No DNS name, dotted IPv4 or bracketed IPv6 address.
    Host,
    /// No number from 1 to 65535.
    Port,
    /// A `#`.
    Fragment,
    /// A character in path or query that must be percent-encoded, or an incomplete escape.
    Character,
}

impl Say for InvalidUrlError {
    fn say(&self, text: &mut String) {
        text.push_str(match self {
            Self::TooLong => "URL is too long; accepted are up to 8192 bytes",
            Self::Scheme => "URL is not absolute; accepted are `https://…` and `http://…`",
            Self::UserInfo => "URL contains a user name or password; accepted is a host, with a port if need be",
            Self::Host => {
                "URL has a bad host; accepted are an ASCII DNS name, an IPv4 address with four decimal parts and an \
                 IPv6 address in brackets"
            }
            Self::Port => "URL has a bad port; accepted are 1 to 65535",
            Self::Fragment => "URL contains a `#`; accepted are a path and a query, in which it is written `%23`",
            Self::Character => {
                "URL contains a bad character or escape; accepted are visible ASCII characters except \"<>\\^`{|}, \
                 and `%` followed by two hexadecimal digits"
            }
        });
    }
}

display!(InvalidUrlError);

impl core::error::Error for InvalidUrlError {}

/// Host, and the port where a colon announces one.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    // Colons in front of a bracket stand in an IPv6 address.
    match text::cut(after_last(authority, b']'), b':') {
        Some((_, port)) => {
            (authority.get(..authority.len() - port.len() - 1).unwrap_or_default(), Some(port))
        }
        None => (authority, None),
    }
}

fn check_authority(authority: &str) -> Result<(), InvalidUrlError> {
    if text::is_one_of(b'@', authority.as_bytes()) {
        return Err(InvalidUrlError::UserInfo);
    }
    let (host, port) = split_port(authority);
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => is_ipv6(address),
        None => is_ipv4(host) || is_dns_name(host),
    };
    if !is_host {
        Err(InvalidUrlError::Host)
    } else if port.is_some_and(|port| port_number(port).is_none()) {
        Err(InvalidUrlError::Port)
    } else {
        Ok(())
    }
}

fn port_number(text: &str) -> Option<u16> {
    number(text, 65_535).filter(|port| *port > 0)
}

/// A decimal number as everybody reads it: no sign, no leading zero, which some take for octal.
fn number(text: &str, max: u16) -> Option<u16> {
    let is_plain = text.len() == 1 || text.as_bytes().first() != Some(&b'0');
    let number = decimal(text).filter(|number| is_plain && *number <= u64::from(max))?;
    u16::try_from(number).ok()
}

/// Whether a text is an IPv4 or IPv6 address, the latter without brackets.
pub(crate) fn is_ip_address(text: &str) -> bool {
    is_ipv4(text) || is_ipv6(text)
}

/// Four numbers from 0 to 255.
fn is_ipv4(host: &str) -> bool {
    let mut count = 0;
    for part in text::parts(host, b'.') {
        if number(part, 255).is_none() {
            return false;
        }
        count += 1;
    }
    count == 4
}

/// Eight groups, or fewer with a `::` for the rest.
fn is_ipv6(address: &str) -> bool {
    let Some((head, tail)) = text::split_once(address, "::") else {
        return groups(address, true) == Some(8);
    };
    groups(head, false).zip(groups(tail, true)).is_some_and(|(head, tail)| head + tail < 8)
}

/// How many 16-bit groups a part of an IPv6 address has. The last two may be written as an IPv4 address.
fn groups(part: &str, is_last: bool) -> Option<u32> {
    if part.is_empty() {
        return Some(0);
    }
    let mut count = 0;
    let mut may_follow = true;
    for group in text::parts(part, b':') {
        if !may_follow {
            return None;
        }
        count += if matches!(group.len(), 1..=4) && text::all(group, u8::is_ascii_hexdigit) {
            1
        } else if is_last && is_ipv4(group) {
            may_follow = false;
            2
        } else {
            return None;
        };
    }
    Some(count)
}

fn is_dns_name(host: &str) -> bool {
    for label in text::parts(host, b'.') {
        let is_sound = matches!(label.len(), 1..=63)
            && text::all(label, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !is_sound {
            return false;
        }
    }
    // Browsers and `fetch` read a last label like these as a number of an IPv4 address: `127.1`, `0x7f000001`.
    let is_number = match after_last(host, b'.').as_bytes() {
        [b'0', b'x' | b'X', digits @ ..] => digits.iter().all(u8::is_ascii_hexdigit),
        digits => digits.iter().all(u8::is_ascii_digit),
    };
    host.len() <= 253 && !is_number
}

/// What stands behind the last `separator`, an ASCII character; everything where there is none.
fn after_last(text: &str, separator: u8) -> &str {
    let last = text.bytes().rposition(|byte| byte == separator);
    last.and_then(|last| text.get(last + 1..)).unwrap_or(text)
}

fn check_resource(resource: &str) -> Result<(), InvalidUrlError> {
    let mut rest = resource.as_bytes();
    loop {
        rest = match rest {
            [] => return Ok(()),
            [b'%', high, low, rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => rest,
            [b'#', ..] => return Err(InvalidUrlError::Fragment),
            [byte, rest @ ..] if is_resource_byte(*byte) => rest,
            _ => return Err(InvalidUrlError::Character),
        };
    }
}

/// Whether `byte` may stand unencoded in a path or query. RFC 3986 forbids the square brackets there, but `a[]=1`
/// is common and read alike everywhere.
fn is_resource_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && !text::is_one_of(byte, b"\"#%<>\\^`{|}")
}

#[cfg(test)]
mod tests;
