//! All settings, as lines of `NAME=value`: read, or refused by the name of one, and no secret is ever shown.

use std::collections::BTreeMap;

use workflow_redrive::settings::Settings;

use crate::again;
use crate::meter::{Allowed, bounded};

pub(crate) const WORDS: &[&str] = &[
    "QSTASH_TOKEN=token-0123456789\n",
    "QSTASH_CURRENT_SIGNING_KEY=sig_current_0123456789\n",
    "QSTASH_NEXT_SIGNING_KEY=sig_next_0123456789\n",
    "QSTASH_URL=https://qstash.upstash.io\n",
    "US_EAST_1_QSTASH_TOKEN=token-9876543210\n",
    "US_EAST_1_QSTASH_CURRENT_SIGNING_KEY=sig_1\n",
    "US_EAST_1_QSTASH_NEXT_SIGNING_KEY=sig_2\n",
    "EU_CENTRAL_1_QSTASH_TOKEN=t\n",
    "PUBLIC_URL=https://redrive.example/\n",
    "ADMIN_TOKEN=admin-0123456789\n",
    "ADMIN_CORS_ORIGIN=https://ops.example\n",
    "POLICY={\"max_attempts\":3}\n",
    "CLOCK_TOLERANCE=5s\n",
    "API_TIMEOUT=10s\n",
    "MAX_BODY_BYTES=1000000\n",
    "LEDGER_SHARDS=4\n",
    "LEDGER_RETENTION=30d\n",
    "NOTIFY_SLACK_URL=https://hooks.example/x\n",
    "NOTIFY_URL=https://hooks.example/y\n",
    "NOTIFY_SECRET=whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz\n",
    "NOTIFY_ON=parked,gave_up\n",
    "NOTIFY_WINDOW=15m\n",
    "SWEEP=off\n",
    "SWEEP_AFTER=1h\n",
    "SWEEP_CALLS=40\n",
    "\n",
];
pub(crate) const LONGEST: usize = usize::MAX;
pub(crate) const SHAPES: &[fn(usize) -> Vec<u8>] = &[
    |len| {
        ["QSTASH_TOKEN=", &again("x", len), "\nQSTASH_CURRENT_SIGNING_KEY=a\nQSTASH_NEXT_SIGNING_KEY=b"]
            .concat()
            .into()
    },
    |len| ["NOTIFY_ON=", &again("parked,", len)].concat().into(),
    |len| ["SWEEP_CALLS=", &again("1", len)].concat().into(),
    |len| ["PUBLIC_URL=", &again("https://", len)].concat().into(),
];

const SECRETS: &[&str] = &["TOKEN", "SIGNING_KEY", "SECRET", "SLACK_URL"];

pub(crate) fn check(data: &[u8]) {
    let data = String::from_utf8_lossy(data);
    let lines = data.lines().filter_map(|line| line.split_once('='));
    let given: BTreeMap<&str, &str> = lines.collect();
    let lookup = |name: &str| given.get(name).map(|value| (*value).to_owned());
    let read = bounded(data.len(), Allowed::times(256).and(128 * 1024), || Settings::read(lookup));
    let shown = match &read {
        Ok(settings) => {
            let is_account = |prefix: &str| given.contains_key(&*[prefix, "QSTASH_TOKEN"].concat());
            assert!(["", "US_EAST_1_", "EU_CENTRAL_1_"].into_iter().any(is_account), "{data}");
            assert!(settings.accounts().count() > 0);
            assert_eq!(
                settings.admin.is_some(),
                given.get("ADMIN_TOKEN").is_some_and(|token| !token.is_empty())
            );
            format!("{settings:?}")
        }
        Err(refused) => {
            assert!(
                refused
                    .name()
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
            );
            [refused.to_string(), format!("{refused:?}")].concat()
        }
    };
    for (name, secret) in &given {
        // Shorter ones may be part of any word.
        if secret.len() >= 12 && SECRETS.iter().any(|end| name.ends_with(end)) && is_unique(secret, &given) {
            assert!(!shown.contains(secret), "{name} is shown in {shown}");
        }
    }
}

/// Whether a secret is no part of a value that may be shown, nor of our own words.
fn is_unique(secret: &str, given: &BTreeMap<&str, &str>) -> bool {
    let is_shown = |name: &str| !SECRETS.iter().any(|end| name.ends_with(end));
    let elsewhere = given.iter().any(|(name, value)| is_shown(name) && value.contains(secret));
    !elsewhere && secret.bytes().filter(u8::is_ascii_digit).count() >= 4
}
