//! What one sweep is told to do.

use core::time::Duration;

use crate::{
    dlq::{Entry, Filter, List},
    http_url::{percent_decode, query_pairs},
    settings::Region,
    text::said,
};

/// The parameters of a request that are no criteria.
const CURSOR: &str = "cursor";
const DRY_RUN: &str = "dry_run";
const REGION: &str = "region";

/// The longest unknown key that an error repeats, in characters.
const MAX_SHOWN: usize = 64;

/// What one sweep is told to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Orders {
    filter: Option<Filter>,
    names_states: bool,
    /// Decide and report, but claim and send nothing.
    pub(super) dry_run: bool,
    /// The one account to look at, by its region or as the one without. Default: all.
    #[expect(clippy::option_option, reason = "all, the one without a region, or that of a region")]
    pub(super) region: Option<Option<Region>>,
    /// Where to begin. Default: at the beginning, or where the last sweep by the clock has ended.
    pub(super) cursor: Option<String>,
    /// Whether somebody asked for it, who waits for the answer.
    pub(super) is_asked: bool,
}

impl Orders {
    /// Those of the clock: everything, going on where the last sweep has ended.
    #[must_use]
    pub fn of_the_clock() -> Self {
        Self::default()
    }

    /// Reads the query of a request: the criteria of the DLQ API, `dry_run`, `region`, and the `cursor` of an earlier
    /// answer. An error says what is accepted.
    pub fn read(query: &str) -> Result<Self, String> {
        let mut orders = Self { is_asked: true, ..Self::default() };
        let mut filter = Filter::builder();
        for (name, value) in query_pairs(query) {
            let (Some(name), Some(value)) = (percent_decode(name), percent_decode(value)) else {
                return Err("bad escape; accepted: %00 to %FF that spell UTF-8".to_owned());
            };
            let fault = match name.as_str() {
                CURSOR => {
                    orders.cursor = Some(value).filter(|cursor| !cursor.is_empty());
                    None
                }
                DRY_RUN => {
                    orders.dry_run = value == "true";
                    (value != "true" && value != "false").then(|| "accepted: true, false".to_owned())
                }
                REGION => {
                    let region = Region::from_header(&value);
                    orders.region = Some(region);
                    (region.is_none() && value != "default")
                        .then(|| "accepted: EU-CENTRAL-1, US-EAST-1, default".to_owned())
                }
                _ => {
                    orders.names_states |= name == "failureFunctionState";
                    filter.read(&name, &value)
                }
            };
            if let Some(fault) = fault {
                let shown: String = name.chars().take(MAX_SHOWN).collect();
                return Err(["`", &shown, "`: ", &fault].concat());
            }
        }
        if !filter.is_empty() {
            orders.filter = Some(filter.build().map_err(|error| said(&error))?);
        }
        Ok(orders)
    }

    /// Whether the account of a region is to be looked at.
    pub(super) fn mean_account(&self, region: Option<Region>) -> bool {
        self.region.is_none_or(|meant| meant == region)
    }

    /// What to list.
    pub(super) fn list(&self) -> List {
        self.filter.clone().map_or_else(List::all, List::matching)
    }

    /// Whether an entry is one of those that were asked for, as far as it shows: a service may read a filter differently.
    pub(super) fn mean(&self, entry: &Entry) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.matches(entry))
    }

    /// Whether the states of the callbacks were named: then these are meant, and no others are kept out.
    pub(super) const fn name_states(&self) -> bool {
        self.names_states
    }

    /// How long a sweep may begin new things. A sweep by the clock is over before the clock calls again.
    pub(super) const fn time(&self) -> Duration {
        if self.is_asked { Duration::from_secs(20) } else { Duration::from_mins(4) }
    }
}
