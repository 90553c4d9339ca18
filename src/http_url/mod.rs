//! Absolute `http` and `https` URLs, without the tables for international names that a full URL parser carries.
//!
//! Stricter than browsers on purpose: a URL that two parsers could read differently (user information, back
//! slashes, `127.1`, raw non-ASCII characters) is refused instead of repaired.

mod percent;

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

pub use percent::{percent_decode, percent_encode};

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
        let scheme_len = ["https://", "http://"]
            .into_iter()
            .find(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
            .ok_or(InvalidUrlError::Scheme)?
            .len();
        let rest = text.get(scheme_len..).unwrap_or_default();
        let authority_len = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (authority, resource) = rest.split_at(authority_len);
        check_authority(authority)?;
        check_resource(resource)?;
        Ok(Self { text: text.to_owned(), origin_len: scheme_len + authority_len })
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
        split_port(self.authority()).1.and_then(|port| port.parse().ok()).unwrap_or(default)
    }

    /// The path as written, `/` where there is none.
    #[must_use]
    pub fn path(&self) -> &str {
        match self.resource().split('?').next() {
            None | Some("") => "/",
            Some(path) => path,
        }
    }

    /// What follows the first `?`, as written; `None` where there is no `?`.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.resource().split_once('?').map(|(_, query)| query)
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
        let top = host.rsplit('.').next().unwrap_or_default();
        top.eq_ignore_ascii_case("localhost") || host.starts_with("127.") && is_ipv4(host) || host == "[::1]"
    }

    /// Whether `other` is a URL of the same resource.
    ///
    /// Scheme and host are compared without regard to ASCII case, a default port equals no port and an empty path
    /// equals `/`. Path and query are compared byte for byte.
    #[must_use]
    pub fn same_resource(&self, other: &str) -> bool {
        Self::parse(other).is_ok_and(|other| {
            self.is_https() == other.is_https()
                && self.host().eq_ignore_ascii_case(other.host())
                && self.port() == other.port()
                && self.path() == other.path()
                && self.query() == other.query()
        })
    }

    fn authority(&self) -> &str {
        self.origin().split_once("://").map_or("", |(_, authority)| authority)
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

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

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
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
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

impl fmt::Display for InvalidUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
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
        })
    }
}

impl core::error::Error for InvalidUrlError {}

/// Host, and the port where a colon announces one.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    let host_len = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    match authority.get(host_len..).unwrap_or_default().find(':') {
        None => (authority, None),
        Some(colon) => {
            let (host, port) = authority.split_at(host_len + colon);
            (host, port.get(1..))
        }
    }
}

fn check_authority(authority: &str) -> Result<(), InvalidUrlError> {
    if authority.contains('@') {
        return Err(InvalidUrlError::UserInfo);
    }
    let (host, port) = split_port(authority);
    if !is_ipv4(host) && !is_ipv6(host) && !is_dns_name(host) {
        return Err(InvalidUrlError::Host);
    }
    match port {
        None => Ok(()),
        // `parse` alone would let "+1" and "0443" pass.
        Some(port) if matches!(port.bytes().next(), Some(b'1'..=b'9')) && port.parse::<u16>().is_ok() => {
            Ok(())
        }
        Some(_) => Err(InvalidUrlError::Port),
    }
}

/// Four numbers from 0 to 255, as everybody reads them: no leading zero, which some take for octal.
fn is_ipv4(host: &str) -> bool {
    let is_byte = |part: &str| {
        part.bytes().all(|byte| byte.is_ascii_digit())
            && part.parse::<u8>().is_ok()
            && (part.len() == 1 || !part.starts_with('0'))
    };
    host.split('.').count() == 4 && host.split('.').all(is_byte)
}

/// A bracketed address of eight groups, or of fewer with a `::` for the rest.
fn is_ipv6(host: &str) -> bool {
    let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) else { return false };
    match address.split_once("::") {
        None => groups(address, true) == Some(8),
        Some((head, tail)) => match (groups(head, false), groups(tail, true)) {
            (Some(head), Some(tail)) => head + tail < 8,
            _ => false,
        },
    }
}

/// How many 16-bit groups a part of an IPv6 address has. The last two may be written as an IPv4 address.
fn groups(part: &str, is_last: bool) -> Option<usize> {
    let is_group =
        |group: &str| (1..=4).contains(&group.len()) && group.bytes().all(|byte| byte.is_ascii_hexdigit());
    if part.is_empty() {
        return Some(0);
    }
    let mut count = 0;
    let mut parts = part.split(':').peekable();
    while let Some(group) = parts.next() {
        count += match parts.peek() {
            None if is_last && is_ipv4(group) => 2,
            _ if is_group(group) => 1,
            _ => return None,
        };
    }
    Some(count)
}

fn is_dns_name(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let top = host.rsplit('.').next().unwrap_or_default();
    // Browsers and `fetch` read a last label like these as a number of an IPv4 address: `127.1`, `0x7f000001`.
    let is_number = top.bytes().all(|byte| byte.is_ascii_digit())
        || top.get(..2).is_some_and(|start| {
            start.eq_ignore_ascii_case("0x") && top.bytes().skip(2).all(|byte| byte.is_ascii_hexdigit())
        });
    host.len() <= 253 && host.split('.').all(is_label) && !is_number
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
    byte.is_ascii_graphic() && !b"\"#%<>\\^`{|}".contains(&byte)
}

#[cfg(test)]
mod tests;
