//! The ledger: who is at which DLQ entry, and what became of each.
//!
//! Its shards are [actors](crate::durable); a lineage is kept together in one, which the id of its root run picks. The
//! room holds what a shard remembers and for how long. What to do with a failed run is not its business.

mod record;
mod shard;

pub use shard::Shard;

use crate::ids::RunId;

/// The name of the actor that keeps the lineage of a root run, where there are so many shards.
#[must_use]
pub fn shard_of(root: &RunId, shards: u32) -> String {
    // FNV-1a: ids differ in their last characters.
    let hash = root
        .as_str()
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    shard((hash ^ (hash >> 16)) % shards.max(1))
}

/// The name of a shard by its number, from 0.
#[must_use]
pub fn shard(number: u32) -> String {
    ["shard-", &number.to_string()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lineages_are_spread_evenly_over_the_shards() {
        let mut counts = [0; 4];
        for n in 0..1000 {
            let name = shard_of(&RunId::new(format!("wfr_{n}")).unwrap(), 4);
            let number: usize = name.strip_prefix("shard-").unwrap().parse().unwrap();
            counts[number] += 1;
        }
        assert!(counts.iter().all(|count| (200..300).contains(count)), "{counts:?}");
        assert_eq!(shard_of(&RunId::new("wfr_a").unwrap(), 0), "shard-0");
    }
}
