use super::*;
use crate::notice::Kind;

fn read(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    Settings::read(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
}

const ACCOUNT: [(&str, &str); 3] = [
    ("QSTASH_TOKEN", "secret-token"),
    ("QSTASH_CURRENT_SIGNING_KEY", "sig_a"),
    ("QSTASH_NEXT_SIGNING_KEY", "sig_b"),
];

fn read_with(more: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    read(&[more, &ACCOUNT].concat())
}

#[test]
fn the_three_secrets_are_enough() {
    let settings = read(&ACCOUNT).unwrap();
    let account = settings.account(None).unwrap();
    assert_eq!(account.base_url.as_str(), "https://qstash.upstash.io");
    assert_eq!(account.token.reveal(), "secret-token");
    assert_eq!(settings.policy, Policy::default());
}

#[test]
fn each_missing_secret_is_named_and_empty_counts_as_missing() {
    for (index, (name, _)) in ACCOUNT.iter().enumerate() {
        let mut pairs = ACCOUNT.to_vec();
        pairs.remove(index);
        assert_eq!(read(&pairs).unwrap_err().to_string(), format!("{name} is missing"));
        pairs.push((name, ""));
        assert_eq!(read(&pairs).unwrap_err().name(), *name);
    }
}

#[test]
fn a_bad_value_is_named_with_what_is_accepted_and_no_secret_is_shown() {
    for (name, value, part) in [
        ("QSTASH_TOKEN", "two words", "without blanks"),
        ("QSTASH_CURRENT_SIGNING_KEY", "sig a", "without blanks"),
        ("QSTASH_URL", "ftp://x", "http"),
        ("QSTASH_URL", "http://qstash.upstash.io", "https"),
        ("QSTASH_URL", "https://qstash.upstash.io/?a=b", "without a query"),
        ("PUBLIC_URL", "redrive.example", "http"),
        ("PUBLIC_URL", "https://redrive.example/?a", "query"),
        ("CLOCK_TOLERANCE", "5", "unit"),
        ("API_TIMEOUT", "1h", "at most 5m"),
        ("MAX_BODY_BYTES", "0", "greater than zero"),
        ("MAX_BODY_BYTES", "1e6", "number of bytes"),
        ("POLICY", "{\"max_atempts\":3}", "max_attempts"),
        ("NOTIFY_SLACK_URL", "http://hooks.slack.example/x", "https"),
        ("NOTIFY_URL", "ops.example", "http"),
        ("NOTIFY_ON", "gave_up, lunch", "accepted are breaker_closed, breaker_opened, first_failure"),
        ("NOTIFY_WINDOW", "25h", "from 1ms to 24h"),
        ("NOTIFY_WINDOW", "0s", "from 1ms to 24h"),
        ("LEDGER_SHARDS", "0", "from 1 to 64"),
        ("LEDGER_SHARDS", "65", "from 1 to 64"),
        ("LEDGER_SHARDS", "four", "from 1 to 64"),
        ("LEDGER_RETENTION", "23h", "from 24h to 366d"),
        ("LEDGER_RETENTION", "367d", "from 24h to 366d"),
        ("LEDGER_RETENTION", "30", "unit"),
        ("SWEEP", "on", "ours, all or off"),
        ("SWEEP_AFTER", "45", "unit"),
        ("SWEEP_AFTER", "169h", "at most 168h"),
        ("SWEEP_CALLS", "19", "from 20 to 10000"),
        ("SWEEP_CALLS", "many", "from 20 to 10000"),
    ] {
        let error = read_with(&[(name, value)]).unwrap_err();
        assert_eq!(error.name(), name);
        assert!(error.to_string().contains(part), "{error} should say {part:?}");
    }
    let shown = read_with(&[("QSTASH_TOKEN", "s3 cret")]).unwrap_err().to_string();
    assert!(!shown.contains("cret"), "{shown}");
    assert!(!format!("{:?}", read(&ACCOUNT).unwrap()).contains("secret-token"));
}

#[test]
fn the_ledger_has_four_shards_and_a_month_unless_it_is_told_otherwise() {
    let ledger = |settings: Settings| (settings.ledger_shards, settings.ledger_retention);
    assert_eq!(ledger(read(&ACCOUNT).unwrap()), (4, Duration::from_hours(30 * 24)));
    let told = [("LEDGER_SHARDS", "16"), ("LEDGER_RETENTION", "7d")];
    assert_eq!(ledger(read_with(&told).unwrap()), (16, Duration::from_hours(7 * 24)));
}

#[test]
fn the_sweep_looks_after_our_runs_within_the_smallest_plan_unless_it_is_told_otherwise() {
    let ours = SweepSettings { scope: SweepScope::Ours, after: Duration::from_mins(45), calls: 40 };
    assert_eq!(read(&ACCOUNT).unwrap().sweep, ours);
    let told = [("SWEEP", "all"), ("SWEEP_AFTER", "2h"), ("SWEEP_CALLS", "900")];
    let all = SweepSettings { scope: SweepScope::All, after: Duration::from_hours(2), calls: 900 };
    assert_eq!(read_with(&told).unwrap().sweep, all);
}

#[test]
fn a_region_has_its_own_account_and_others_fall_back() {
    let settings = read_with(&[
        ("US_EAST_1_QSTASH_TOKEN", "us"),
        ("US_EAST_1_QSTASH_CURRENT_SIGNING_KEY", "sig_c"),
        ("US_EAST_1_QSTASH_NEXT_SIGNING_KEY", "sig_d"),
    ])
    .unwrap();
    let token = |region| settings.account(region).unwrap().token.reveal().to_owned();
    assert_eq!(token(Some("us-east-1")), "us");
    assert_eq!(token(Some("US_EAST_1")), "us");
    assert_eq!(token(Some("EU-CENTRAL-1")), "secret-token");
    assert_eq!(token(Some("MOON-1")), "secret-token");
    assert_eq!(token(None), "secret-token");
    let url = settings.account(Some("US-EAST-1")).unwrap().base_url.as_str().to_owned();
    assert_eq!(url, "https://qstash-us-east-1.upstash.io");
}

#[test]
fn a_region_alone_serves_only_its_own_callbacks_and_must_be_complete() {
    let us = [
        ("US_EAST_1_QSTASH_TOKEN", "us"),
        ("US_EAST_1_QSTASH_CURRENT_SIGNING_KEY", "sig_c"),
        ("US_EAST_1_QSTASH_NEXT_SIGNING_KEY", "sig_d"),
    ];
    let settings = read(&us).unwrap();
    assert!(settings.account(Some("US-EAST-1")).is_ok());
    assert_eq!(settings.account(None).unwrap_err(), SignatureError::Key);
    assert_eq!(read(&us[..2]).unwrap_err().name(), "US_EAST_1_QSTASH_NEXT_SIGNING_KEY");
}

#[test]
fn a_webhook_has_a_secret_and_a_chat_needs_none() {
    const URL: (&str, &str) = ("NOTIFY_URL", "https://ops.example/hook");
    assert_eq!(read_with(&[URL]).unwrap_err().to_string(), "NOTIFY_SECRET is missing");
    for bad in ["not base64!", "c2hvcnQ="] {
        let error = read_with(&[URL, ("NOTIFY_SECRET", bad)]).unwrap_err().to_string();
        assert!(error.starts_with("NOTIFY_SECRET must be base64") && !error.contains(bad), "{error}");
    }
    for good in ["whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNA=="] {
        assert!(read_with(&[URL, ("NOTIFY_SECRET", good)]).unwrap().notify.set_by().is_some());
    }
    assert!(read_with(&[("NOTIFY_SLACK_URL", "http://127.0.0.1:8/x")]).unwrap().notify.set_by().is_some());
    let nobody = read_with(&[("NOTIFY_ON", " recovered,gave_up ")]).unwrap().notify;
    assert_eq!(nobody.set_by(), None);
    assert_eq!(nobody.on, [Kind::Recovered, Kind::GaveUp]);
}
