//! Chance, from one seed. Every kind of chance has a stream of its own, so that one fault can be switched off and all the
//! others still happen as before: that is what lets a failing seed shrink.

use std::cell::RefCell;

use fastrand::Rng;

/// One stream of chance.
#[derive(Debug)]
pub(crate) struct Dice(RefCell<Rng>);

impl Dice {
    /// The stream of a name.
    pub(crate) fn new(seed: u64, stream: &str) -> Self {
        // FNV-1a: names that differ in one letter give streams that have nothing in common.
        let name = stream.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(RefCell::new(Rng::with_seed(seed ^ name)))
    }

    /// True as often as `per_mille` of a thousand times.
    pub(crate) fn happens(&self, per_mille: u64) -> bool {
        per_mille > 0 && self.below(1000) < per_mille
    }

    /// A number below `bound`, which is not zero.
    pub(crate) fn below(&self, bound: u64) -> u64 {
        self.0.borrow_mut().u64(0..bound)
    }

    /// A number from `least` to `most`.
    pub(crate) fn between(&self, least: u64, most: u64) -> u64 {
        self.0.borrow_mut().u64(least..=most)
    }

    /// One of several.
    pub(crate) fn pick<T: Clone>(&self, of: &[T]) -> T {
        self.0.borrow_mut().choice(of).cloned().unwrap()
    }

    /// Any number.
    pub(crate) fn number(&self) -> u64 {
        self.0.borrow_mut().u64(..)
    }
}
