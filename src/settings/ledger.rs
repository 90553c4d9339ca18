//! The ledger's settings.

use core::time::Duration;

use super::{Settings, reader::Reader};
use crate::{dlq::GoDuration, time::decimal};

const SHARDS: &str = "LEDGER_SHARDS";
const MAX_SHARDS: u32 = 64;

const RETENTION: &str = "LEDGER_RETENTION";
/// A lineage is over within its elapsed budget, and a callback is not redelivered for longer than this.
const MIN_RETENTION: Duration = Duration::from_hours(24);
const MAX_RETENTION: Duration = Duration::from_hours(366 * 24);

pub(super) fn read(reader: &mut Reader<'_>, settings: &mut Settings) {
    if let Some(text) = reader.text(SHARDS) {
        let shards = decimal(&text).and_then(|shards| u32::try_from(shards).ok());
        match shards.filter(|shards| (1..=MAX_SHARDS).contains(shards)) {
            Some(shards) => settings.ledger_shards = shards,
            None => reader.refuse(SHARDS, "must be a whole number from 1 to 64"),
        }
    }
    let Some(text) = reader.text(RETENTION) else { return };
    let Some(retention) = reader.valid(RETENTION, GoDuration::parse(&text)) else { return };
    settings.ledger_retention = retention.as_duration();
    if !(MIN_RETENTION..=MAX_RETENTION).contains(&settings.ledger_retention) {
        reader.refuse(RETENTION, "must be a duration from 24h to 366d, such as 30d");
    }
}
