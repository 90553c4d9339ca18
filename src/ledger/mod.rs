//! The ledger: who is at which DLQ entry, and what became of each.
//!
//! Its shards are [actors](crate::durable); a lineage is kept together in one, which the id of its root run picks. The
//! room holds what a shard remembers and for how long. What to do with a failed run is not its business.

mod book;
mod hub;
mod message;
mod meter;
mod record;
mod shard;

pub use message::{Claimant, Sifted, claim, ended, read_claim, read_sifted, settle, sift};
pub use shard::Shard;

use crate::ids::RunId;
use crate::text::said;

/// The name of the actor that keeps the lineage of a root run, where there are so many shards.
#[must_use]
pub fn shard_of(root: &RunId, shards: u32) -> String {
    shard(hash(root.as_str()) % shards.max(1))
}

/// The name of the actor that watches a target: it decides whether the target may be called at the moment.
#[must_use]
pub fn target(key: &str) -> String {
    /// Names of actors are bounded; where keys are longer, their hash tells them apart.
    const MAX_KEY: usize = 256;
    let cut = (0..=MAX_KEY).rev().find_map(|len| key.split_at_checked(len));
    match cut {
        Some((head, tail)) if !tail.is_empty() => ["target-", head, "~", &said(&hash(key))].concat(),
        _ => ["target-", key].concat(),
    }
}

/// The name of a shard by its number, from 0.
#[must_use]
pub fn shard(number: u32) -> String {
    ["shard-", &said(&number)].concat()
}

/// FNV-1a, folded: ids differ in their last characters.
pub(crate) fn hash(text: &str) -> u32 {
    let hash =
        text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash ^ (hash >> 16)
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

    #[test]
    fn targets_have_bounded_names_of_their_own() {
        assert_eq!(target("https://a.example/x"), "target-https://a.example/x");
        let (one, other) = ("ä".repeat(400) + "1", "ä".repeat(400) + "2");
        assert_ne!(target(&one), target(&other));
        assert!(target(&one).len() < 300 && target(&one).starts_with("target-ää"));
    }
}
