//! What is to be done, as an operator orders it.

use core::{str::FromStr, time::Duration};

use super::{MAX_ENTRIES, pace::Rate};
use crate::{
    client,
    dlq::{Filter, FilterBuilder, GoDuration, InvalidFilterError, Overrides},
    json::{Table, TableError},
    policy::Action,
    settings::{Region, Settings},
    text::{self, Say, said},
    time::{Timestamp, decimal},
};

/// The longest accepted id of a job, in bytes.
const MAX_ID_BYTES: usize = 64;

/// More than these, and the canary is the job.
const MAX_CANARY: u32 = 1000;

const MAX_PER_SECOND: u32 = 1000;
const MAX_PER_MINUTE: u32 = 60_000;

const IDS: &str = "1 to 64 letters, digits, `-`, `_` and `.`";
const ACTIONS: &str = "\"resume\" or \"restart\"";
const DURATION: &str = "a duration such as \"5m\"";
const SHARE: &str = "a number from 0 to 1 such as 0.1";
const REGIONS: &str = "\"EU-CENTRAL-1\" or \"US-EAST-1\", where the settings name an account of it";

/// What a job does, to which entries, and how carefully.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// The id that the operator has given it.
    pub id: Option<JobId>,
    /// Restart instead of resume.
    pub(super) restarts: bool,
    pub(super) overrides: Overrides,
    /// The criteria, none of which means every entry.
    criteria: FilterBuilder,
    /// The most entries.
    pub(super) ceiling: u64,
    pub(super) canary: Option<Canary>,
    pub(super) rate: Option<Rate>,
    pub(super) region: Option<Region>,
    /// List, and do nothing.
    pub(super) dry_run: bool,
}

/// The first entries of a job, and what must become of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Canary {
    pub(super) count: u32,
    /// How long their runs are left alone.
    pub(super) wait: Duration,
    pub(super) max_failed: Share,
}

/// To resume every entry.
impl Default for Order {
    fn default() -> Self {
        Self {
            id: None,
            restarts: false,
            overrides: Overrides::default(),
            criteria: Filter::builder(),
            ceiling: MAX_ENTRIES.into(),
            canary: None,
            rate: None,
            region: None,
            dry_run: false,
        }
    }
}

impl Order {
    /// Reads an order from JSON: `id`, `action`, `filter` or `all`, `overrides`, `canary` (`count`, `wait`,
    /// `max_failed_share`), `rate` (`per_second` or `per_minute`), `ceiling`, `region`, `dry_run`. Of these, `action`
    /// and one of `filter` and `all` must be there. An error names the key and what it accepts.
    pub fn read(json: &str) -> Result<Self, String> {
        let mut order = Self::default();
        let read = Table::read("the order of a job", json, &mut |table| order.read_table(table));
        read.map(|()| order).map_err(|TableError(message)| message)
    }

    fn read_table(&mut self, table: &mut Table<'_>) {
        self.id = table.text("id", IDS);
        match table.required("action", ACTIONS) {
            Some(Action::Resume) | None => {}
            Some(Action::Restart) => self.restarts = true,
            Some(_) => table.refuse("action", &[" must be ", ACTIONS]),
        }
        self.read_entries(table);
        table.table("overrides", &mut |table| self.overrides.read(table, None));
        let has_canary = table.has("canary");
        table.table("canary", &mut |table| {
            if has_canary {
                self.canary = canary(table);
            }
        });
        let has_rate = table.has("rate");
        table.table("rate", &mut |table| {
            if has_rate {
                self.rate = rate(table);
            }
        });
        if let Some(ceiling) = positive(table, "ceiling", MAX_ENTRIES) {
            self.ceiling = ceiling.into();
        }
        if let Some(region) = table.text::<String>("region", REGIONS) {
            self.region = Region::from_header(&region);
            if self.region.is_none() {
                table.refuse("region", &[" must be ", REGIONS]);
            }
        }
        self.dry_run = table.flag("dry_run").unwrap_or_default();
    }

    /// Which entries: one of two ways to say it.
    fn read_entries(&mut self, table: &mut Table<'_>) {
        const ACCEPTED: &str = "either a filter with one or more criteria, or `all` set to true";
        let has_filter = table.has("filter");
        let all = table.flag("all");
        table.table("filter", &mut |table| self.criteria.read_table(table));
        if has_filter == (all == Some(true)) || all == Some(false) {
            table.refuse("filter", &[" and all: accepted is ", ACCEPTED]);
        } else if has_filter && let Err(error) = self.criteria.clone().build() {
            table.refuse("filter", &[": ", &said(&error)]);
        }
    }

    /// The filter of what had failed by the start of the job.
    pub(super) fn filter(&self, started: Timestamp) -> Result<Filter, InvalidFilterError> {
        self.criteria.clone().up_to(started).build()
    }

    pub(super) fn action(&self) -> client::Action {
        let overrides = self.overrides.clone();
        if self.restarts { client::Action::Restart(overrides) } else { client::Action::Resume(overrides) }
    }

    pub(super) const fn verb(&self) -> &'static str {
        if self.restarts { "restart" } else { "resume" }
    }

    /// The region of the account that the order is for, as the settings name it; an error where they name none. What is
    /// done to a queue cannot be undone, so that no other account stands in.
    pub(super) fn region_in(&self, settings: &Settings) -> Result<Option<Region>, &'static str> {
        const NO_ACCOUNT: &str = "region: no account is set for it; accepted are EU-CENTRAL-1 and US-EAST-1 where the settings name one, and \
             no region where they name one without";
        let is_set = |region: &Region| settings.account_of(*region).is_some();
        match self.region {
            Some(region) if is_set(&region) => Ok(Some(region)),
            None if settings.account(None).is_ok() => Ok(None),
            None if settings.default_account().is_some() => Ok(Region::ALL.into_iter().find(is_set)),
            _ => Err(NO_ACCOUNT),
        }
    }
}

fn canary(table: &mut Table<'_>) -> Option<Canary> {
    let count = positive(table, "count", MAX_CANARY);
    if !table.has("count") {
        table.refuse("count", &[" is missing; it must be a whole number from 1 to ", &said(&MAX_CANARY)]);
    }
    let wait: Option<GoDuration> = table.required("wait", DURATION);
    let mut max_failed = Share::DEFAULT;
    for text in table.texts_and_numbers("max_failed_share", SHARE) {
        if let Some(share) = table.parse("max_failed_share", SHARE, &text) {
            max_failed = share;
        }
    }
    Some(Canary { count: count?, wait: wait?.as_duration(), max_failed })
}

fn rate(table: &mut Table<'_>) -> Option<Rate> {
    let per_second = positive(table, "per_second", MAX_PER_SECOND);
    let per_minute = positive(table, "per_minute", MAX_PER_MINUTE);
    if table.has("per_second") == table.has("per_minute") {
        table.refuse("per_second", &[" and per_minute: accepted is one of them"]);
    }
    let second = per_second.map(|entries| Rate { entries, span: Duration::from_secs(1) });
    second.or(per_minute.map(|entries| Rate { entries, span: Duration::from_mins(1) }))
}

fn positive(table: &mut Table<'_>, key: &'static str, max: u32) -> Option<u32> {
    let number = table.number(key, max)?;
    if number == 0 {
        table.refuse(key, &[" must be a whole number from 1 to ", &said(&max), ": not 0"]);
    }
    Some(number)
}

/// What an operator calls a job.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JobId(String);

impl JobId {
    /// Accepts 1 to 64 letters, digits, `-`, `_` and `.`.
    pub fn new(id: impl Into<String>) -> Result<Self, InvalidJobIdError> {
        let id = id.into();
        let is_sound = (1..=MAX_ID_BYTES).contains(&id.len())
            && text::all(&id, |byte| byte.is_ascii_alphanumeric() || text::is_one_of(*byte, b"-_."));
        if is_sound { Ok(Self(id)) } else { Err(InvalidJobIdError) }
    }

    /// An id for an order that names none: when it was given, and a random number.
    #[must_use]
    pub fn made(now: Timestamp, entropy: u64) -> Self {
        Self([&said(&now.as_millis()), "-", &said(&(entropy % 1_000_000_000))].concat())
    }

    /// The id as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for JobId {
    type Err = InvalidJobIdError;

    fn from_str(id: &str) -> Result<Self, Self::Err> {
        Self::new(id)
    }
}

/// A text that is no id of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidJobIdError;

impl Say for InvalidJobIdError {
    fn say(&self, text: &mut String) {
        text.push_str("bad job id; accepted are ");
        text.push_str(IDS);
    }
}

display!(InvalidJobIdError);

impl core::error::Error for InvalidJobIdError {}

/// A part of a whole, in ten-thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share(u64);

impl Share {
    const WHOLE: u64 = 10_000;
    const DEFAULT: Self = Self(1000);

    /// Whether so many of so many are more than this part.
    pub(super) const fn is_exceeded_by(self, part: u64, of: u64) -> bool {
        part * Self::WHOLE > of * self.0
    }
}

impl FromStr for Share {
    type Err = InvalidShareError;

    fn from_str(share: &str) -> Result<Self, Self::Err> {
        let (whole, part) = text::cut(share, b'.').unwrap_or((share, "0"));
        let zeros = "0000".get(part.len()..).ok_or(InvalidShareError)?;
        let share = decimal(&[whole, part, zeros].concat()).filter(|share| *share <= Self::WHOLE);
        match (share, decimal(whole), decimal(part)) {
            (Some(share), Some(_), Some(_)) => Ok(Self(share)),
            _ => Err(InvalidShareError),
        }
    }
}

/// A text that is no share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InvalidShareError;

impl Say for InvalidShareError {
    fn say(&self, text: &mut String) {
        text.push_str("accepted are up to four places behind the point");
    }
}

display!(InvalidShareError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_read_in_full() {
        let order = Order::read(
            r#"{"id": "night-1", "action": "restart", "filter": {"label": ["a", "b"]}, "overrides": {"retries": 1},
                "canary": {"count": 20, "wait": "90s", "max_failed_share": 0.25}, "rate": {"per_minute": 600},
                "ceiling": 10, "region": "us-east-1", "dry_run": true}"#,
        )
        .unwrap();
        assert_eq!(order.id, Some(JobId::new("night-1").unwrap()));
        assert_eq!(order.action(), client::Action::Restart(Overrides::default().with_retries(1)));
        let canary = Canary { count: 20, wait: Duration::from_secs(90), max_failed: Share(2500) };
        assert_eq!(order.canary, Some(canary));
        assert_eq!(order.rate, Some(Rate { entries: 600, span: Duration::from_mins(1) }));
        assert_eq!((order.ceiling, order.region, order.dry_run), (10, Some(Region::UsEast1), true));
        let least = Order::read(r#"{"action": "resume", "all": true}"#).unwrap();
        assert_eq!((least.ceiling, least.canary, least.rate, least.dry_run), (50_000, None, None, false));
        assert_eq!(least.action(), client::Action::Resume(Overrides::default()));
    }

    #[test]
    fn a_bad_order_is_refused_by_the_name_of_the_key() {
        let with = |more: &str| format!(r#"{{"action": "resume", "all": true, {more}}}"#);
        for (json, expected) in [
            ("[]".to_owned(), "the order of a job must be a table"),
            ("{}".to_owned(), "action is missing; it must be \"resume\" or \"restart\""),
            (r#"{"action": "delete", "all": true}"#.to_owned(), "action must be \"resume\" or \"restart\""),
            (r#"{"action": "resume"}"#.to_owned(), "filter and all: accepted is either a filter"),
            (r#"{"action": "resume", "all": false}"#.to_owned(), "filter and all: accepted is either"),
            (r#"{"action": "resume", "filter": {}}"#.to_owned(), "filter: an empty DLQ filter"),
            (with(r#""filter": {"label": "a"}"#), "filter and all: accepted is either a filter"),
            (
                r#"{"action": "resume", "filter": {"labels": "a"}}"#.to_owned(),
                "filter.labels is unknown; accepted are failureFunctionState",
            ),
            (with(r#""id": "a b""#), "id must be 1 to 64 letters, digits, `-`, `_` and `.`: bad job id"),
            (with(r#""rates": 1"#), "rates is unknown; accepted are id, action, all, filter, overrides"),
            (with(r#""overrides": {"retry": 1}"#), "overrides.retry is unknown"),
            (with(r#""canary": {}"#), "canary.count is missing; it must be a whole number from 1 to 1000"),
            (with(r#""canary": {"count": 0, "wait": "1m"}"#), "canary.count must be a whole number from 1"),
            (with(r#""canary": {"count": 1}"#), "canary.wait is missing; it must be a duration"),
            (
                with(r#""canary": {"count": 1, "wait": "1m", "max_failed_share": 1.5}"#),
                "canary.max_failed_share must be a number from 0 to 1 such as 0.1",
            ),
            (with(r#""rate": {}"#), "rate.per_second and per_minute: accepted is one of them"),
            (with(r#""rate": {"per_second": 1, "per_minute": 1}"#), "rate.per_second and per_minute"),
            (with(r#""rate": {"per_second": 0}"#), "rate.per_second must be a whole number from 1 to 1000"),
            (with(r#""rate": 5"#), "rate must be a table: not this number"),
            (with(r#""ceiling": 50001"#), "ceiling must be a whole number from 0 to 50000"),
            (with(r#""region": "MOON""#), "region must be \"EU-CENTRAL-1\" or \"US-EAST-1\""),
            (with(r#""dry_run": 1"#), "dry_run must be true or false"),
            (with(r#""all": true"#), "all is given twice"),
        ] {
            let message = Order::read(&json).unwrap_err();
            assert!(message.contains(expected), "{json}: {message}");
        }
    }

    #[test]
    fn shares_are_exact() {
        let share = |text: &str| text.parse::<Share>();
        assert_eq!(share("0"), Ok(Share(0)));
        assert_eq!(share("1"), Ok(Share(10_000)));
        assert_eq!(share("1.0000"), Ok(Share(10_000)));
        assert_eq!(share("0.05"), Ok(Share(500)));
        for bad in ["", ".", "1.", ".5", "1.0001", "2", "-0.1", "0.00001", "1e-1", "0.1.1"] {
            assert_eq!(share(bad), Err(InvalidShareError), "{bad}");
        }
        assert!(Share(1000).is_exceeded_by(2, 19) && !Share(1000).is_exceeded_by(2, 20));
        assert!(Share(0).is_exceeded_by(1, 100_000) && !Share(0).is_exceeded_by(0, 0));
    }
}
