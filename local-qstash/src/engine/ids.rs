//! Identifiers from a seed: the same seed and inputs give the same history.

const ALPHABET: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
/// Length of the random part of the run ids that `@upstash/workflow` makes.
const RANDOM_LENGTH: usize = 21;

/// A generator of identifiers (`SplitMix64` underneath; nothing here is secret).
#[derive(Clone, Debug)]
pub(crate) struct Ids {
    state: u64,
}

impl Ids {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(crate) fn run(&mut self) -> String {
        self.prefixed("wfr_")
    }

    pub(crate) fn message(&mut self) -> String {
        self.prefixed("msg_")
    }

    /// `jti` of a signature.
    pub(crate) fn token(&mut self) -> String {
        self.prefixed("jwt_")
    }

    pub(crate) fn signing_key(&mut self) -> String {
        self.prefixed("sig_")
    }

    /// A number below `bound`.
    pub(crate) const fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn prefixed(&mut self, prefix: &str) -> String {
        let mut id = String::with_capacity(prefix.len() + RANDOM_LENGTH);
        id.push_str(prefix);
        for _ in 0..RANDOM_LENGTH {
            let index = usize::try_from(self.next() % ALPHABET.len() as u64).unwrap_or_default();
            id.push(ALPHABET.get(index).copied().unwrap_or(b'a').into());
        }
        id
    }

    const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
