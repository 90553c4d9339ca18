//! Texts that came by before.

/// How many heaps the texts are in, so that few have to be compared with a new one.
const HEAPS: usize = 1024;

/// A set of texts: as fast as a job over a hundred thousand entries needs it, and a few hundred bytes of WebAssembly.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(Vec<Vec<Box<str>>>);

impl Seen {
    /// Adds a text; `false` where it was there before.
    pub(crate) fn insert(&mut self, text: &str) -> bool {
        if self.contains(text) {
            return false;
        }
        while self.0.len() < HEAPS {
            self.0.push(Vec::new());
        }
        if let Some(heap) = self.0.get_mut(heap_of(text)) {
            heap.push(text.into());
        }
        true
    }

    pub(crate) fn contains(&self, text: &str) -> bool {
        self.0.get(heap_of(text)).is_some_and(|heap| heap.iter().any(|known| **known == *text))
    }
}

/// FNV-1a: spreads ids that differ in their last digits only.
fn heap_of(text: &str) -> usize {
    let hash =
        text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash ^ (hash >> 16)) as usize % HEAPS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_new_once() {
        let mut seen = Seen::default();
        let texts: Vec<String> = (0..5000).map(|n| format!("1725323658779-{n}")).collect();
        assert!(texts.iter().all(|text| seen.insert(text)));
        assert!(texts.iter().all(|text| seen.contains(text) && !seen.insert(text)));
        assert!(!seen.contains("1725323658779-5000"));
    }

    #[test]
    fn the_heaps_stay_low() {
        let mut seen = Seen::default();
        for n in 0..10_000 {
            seen.insert(&format!("1725323658779-{n}"));
        }
        assert!(seen.0.iter().all(|heap| heap.len() < 40), "{:?}", seen.0.iter().map(Vec::len).max());
    }
}
