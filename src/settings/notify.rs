//! Where notices go, and which.

use core::{fmt, time::Duration};

use super::reader::{Reader, invalid};
use crate::{
    base64::{Alphabet, decode_exact},
    dlq::GoDuration,
    http_url::HttpUrl,
    notice::Kind,
    signature::SigningKey,
    text,
};

const SLACK_URL: &str = "NOTIFY_SLACK_URL";
const URL: &str = "NOTIFY_URL";
const SECRET: &str = "NOTIFY_SECRET";
const ON: &str = "NOTIFY_ON";
const WINDOW: &str = "NOTIFY_WINDOW";

const MAX_WINDOW: Duration = Duration::from_hours(24);

/// The fewest bytes of a secret.
const MIN_SECRET: usize = 24;

/// Who is told what a person should hear of. Without an address nobody is.
#[derive(Clone)]
pub struct Notify {
    /// An incoming webhook of Slack, or of another chat that takes the same messages. Default: none.
    pub slack: Option<HttpUrl>,
    /// A webhook for programs, and the secret that what it gets is signed with. Default: none.
    pub(crate) webhook: Option<(HttpUrl, SigningKey)>,
    /// What notices are sent about. Default: [`Kind::DEFAULT`].
    pub on: Vec<Kind>,
    /// How long things of one kind are counted after the first, and then told together. Default: 15 minutes.
    pub window: Duration,
}

impl Default for Notify {
    fn default() -> Self {
        Self { slack: None, webhook: None, on: Kind::DEFAULT.to_vec(), window: Duration::from_mins(15) }
    }
}

impl Notify {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let mut notify = Self { slack: address(reader, SLACK_URL), ..Self::default() };
        if let Some(url) = address(reader, URL) {
            notify.webhook = secret(reader).map(|secret| (url, secret));
        }
        if let Some(list) = reader.text(ON) {
            notify.on.clear();
            for name in text::parts(&list, b',') {
                match name.trim_ascii().parse() {
                    Ok(kind) => notify.on.push(kind),
                    Err(_) => reader.refuse(ON, &accepted_kinds()),
                }
            }
        }
        if let Some(text) = reader.text(WINDOW) {
            let window = GoDuration::parse(&text).map(GoDuration::as_duration);
            match window.ok().filter(|window| !window.is_zero() && *window <= MAX_WINDOW) {
                Some(window) => notify.window = window,
                None => reader.refuse(WINDOW, "must be a duration from 1ms to 24h, such as 15m"),
            }
        }
        notify
    }

    /// Whether somebody is told of things of a kind.
    #[must_use]
    pub fn wants(&self, kind: Kind) -> bool {
        self.set_by().is_some() && self.on.contains(&kind)
    }

    /// The name of the setting by which somebody is told something; `None` where nobody is.
    #[must_use]
    pub const fn set_by(&self) -> Option<&'static str> {
        match (&self.slack, &self.webhook) {
            (Some(_), _) => Some(SLACK_URL),
            (None, Some(_)) => Some(URL),
            (None, None) => None,
        }
    }
}

/// Shows no address: that of a chat is a secret.
impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notify").field("on", &self.on).field("window", &self.window).finish_non_exhaustive()
    }
}

fn address(reader: &mut Reader<'_>, name: &str) -> Option<HttpUrl> {
    match HttpUrl::parse(&reader.text(name)?) {
        Ok(url) if url.is_https() || url.is_loopback() => Some(url),
        Ok(_) => {
            reader.refuse(name, "must be https, or http on this machine");
            None
        }
        Err(error) => {
            reader.refuse(name, &invalid(&error));
            None
        }
    }
}

fn secret(reader: &mut Reader<'_>) -> Option<SigningKey> {
    let text = reader.required(SECRET)?;
    let encoded = text.strip_prefix("whsec_").unwrap_or(&text);
    let secret = decode_exact(text::trim_end(encoded, '='), Alphabet::Standard);
    let key =
        secret.filter(|secret| secret.len() >= MIN_SECRET).and_then(|bytes| SigningKey::of_bytes(&bytes));
    if key.is_none() {
        reader.refuse(SECRET, "must be base64 of at least 24 bytes, such as `openssl rand -base64 32` makes");
    }
    key
}

fn accepted_kinds() -> String {
    let mut accepted =
        "must be a list of kinds of notices with commas between them; accepted are ".to_owned();
    for (n, kind) in Kind::ALL.into_iter().enumerate() {
        accepted.push_str(if n == 0 { "" } else { ", " });
        accepted.push_str(kind.name());
    }
    accepted
}
