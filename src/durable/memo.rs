//! What an actor's store was asked or told lately.

use core::{cell::RefCell, fmt, mem};

use super::Records;

/// What is remembered at most, in bytes of keys and values. Above that all is forgotten, and asked for anew.
const MOST_BYTES: usize = 128 * 1024;

/// What the store of one actor is known to hold. Nobody else may write there; what was not written after all makes it void,
/// so that it is to be thrown away.
#[derive(Debug, Default)]
pub struct Memo {
    /// In the order of their keys.
    known: Vec<Known>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Known {
    key: String,
    value: Option<String>,
    /// Whether the value is that of the store, or will be.
    is_sure: bool,
    /// Whether the store does not have it yet.
    is_owed: bool,
}

impl Memo {
    /// Where a key is, or has its place from now on.
    fn at(&mut self, key: &str) -> Option<&mut Known> {
        let found = self.known.binary_search_by(|known| known.key.as_str().cmp(key));
        let at = found.unwrap_or_else(|at| {
            self.bytes += key.len();
            self.known.insert(at, Known { key: key.to_owned(), ..Known::default() });
            at
        });
        self.known.get_mut(at)
    }

    fn owe(&mut self, key: &str, value: Option<&str>) {
        let Some(known) = self.at(key) else { return };
        if !known.is_sure || known.value.as_deref() != value {
            known.value = value.map(str::to_owned);
            (known.is_sure, known.is_owed) = (true, true);
            self.bytes += value.map_or(0, str::len);
        }
    }
}

/// Records with a memory: what is known is not asked for, what is the same already is not written, and what is written goes
/// to the store once, at the end of all that is done together, or before the store is looked through.
pub struct Remembered<'a>(RefCell<(&'a mut Memo, &'a mut dyn Records)>);

impl fmt::Debug for Remembered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remembered").finish_non_exhaustive()
    }
}

impl<'a> Remembered<'a> {
    /// A store, and what is known of it.
    pub fn new(memo: &'a mut Memo, store: &'a mut dyn Records) -> Self {
        Self(RefCell::new((memo, store)))
    }

    /// Writes down what is owed.
    pub fn end(self) {
        self.flush();
        let (memo, _) = self.0.into_inner();
        if memo.bytes > MOST_BYTES {
            *memo = Memo::default();
        }
    }

    fn flush(&self) {
        let (memo, store) = &mut *self.0.borrow_mut();
        for Known { key, value, is_owed, .. } in &mut memo.known {
            if mem::take(is_owed) {
                match value {
                    Some(value) => store.put(key, value),
                    None => store.delete(key),
                }
            }
        }
    }
}

impl Records for Remembered<'_> {
    fn get(&self, key: &str) -> Option<String> {
        let (memo, store) = &mut *self.0.borrow_mut();
        let known = memo.at(key)?;
        let mut learnt = 0;
        if !known.is_sure {
            known.is_sure = true;
            known.value = store.get(key);
            learnt = known.value.as_ref().map_or(0, String::len);
        }
        let value = known.value.clone();
        memo.bytes += learnt;
        value
    }

    fn put(&mut self, key: &str, value: &str) {
        self.0.get_mut().0.owe(key, Some(value));
    }

    fn delete(&mut self, key: &str) {
        self.0.get_mut().0.owe(key, None);
    }

    fn scan(&self, prefix: &str, from: &str, limit: usize) -> Vec<(String, String)> {
        self.flush();
        self.0.borrow().1.scan(prefix, from, limit)
    }

    fn scan_back(&self, prefix: &str, below: &str, limit: usize) -> Vec<(String, String)> {
        self.flush();
        self.0.borrow().1.scan_back(prefix, below, limit)
    }
}

#[cfg(test)]
mod tests {
    use core::cell::Cell;

    use proptest::prelude::*;

    use super::*;
    use crate::durable::MemoryRecords;

    /// A store that counts how often it is asked and told.
    #[derive(Default)]
    struct Counted {
        records: MemoryRecords,
        gets: Cell<usize>,
        writes: usize,
    }

    impl Records for Counted {
        fn get(&self, key: &str) -> Option<String> {
            self.gets.set(self.gets.get() + 1);
            self.records.get(key)
        }
        fn put(&mut self, key: &str, value: &str) {
            self.writes += 1;
            self.records.put(key, value);
        }
        fn delete(&mut self, key: &str) {
            self.writes += 1;
            self.records.delete(key);
        }
        fn scan(&self, prefix: &str, from: &str, limit: usize) -> Vec<(String, String)> {
            self.records.scan(prefix, from, limit)
        }
        fn scan_back(&self, prefix: &str, below: &str, limit: usize) -> Vec<(String, String)> {
            self.records.scan_back(prefix, below, limit)
        }
    }

    #[test]
    fn a_counter_is_read_once_and_written_once_however_often_it_grows() {
        let (mut memo, mut store) = (Memo::default(), Counted::default());
        for _ in 0..2 {
            let mut records = Remembered::new(&mut memo, &mut store);
            for _ in 0..10 {
                let count: u32 = records.get("count").map_or(0, |count| count.parse().unwrap());
                records.put("count", &(count + 1).to_string());
            }
            records.end();
        }
        assert_eq!(store.records.get("count").as_deref(), Some("20"));
        assert_eq!((store.gets.get(), store.writes), (1, 2));
        let mut records = Remembered::new(&mut memo, &mut store);
        records.put("count", "20");
        records.delete("never there");
        records.end();
        // Of what was never asked for, nobody knows that it is not there.
        assert_eq!(store.writes, 3);
    }

    #[test]
    fn memory_is_bounded() {
        let (mut memo, mut store) = (Memo::default(), MemoryRecords::default());
        for n in 0..100 {
            let mut records = Remembered::new(&mut memo, &mut store);
            records.put(&n.to_string(), &"x".repeat(MOST_BYTES / 10));
            records.end();
            assert!(memo.bytes <= MOST_BYTES);
        }
        assert_eq!(store.scan("", "", 1000).len(), 100);
    }

    #[derive(Clone, Debug)]
    enum Do {
        Get(u8),
        Put(u8, u8),
        Delete(u8),
        Scan(u8),
        ScanBack(u8),
        End,
    }

    proptest! {
        #[test]
        fn it_is_a_store_like_any_other(steps in prop::collection::vec(prop_oneof![
            (0..9_u8).prop_map(Do::Get),
            (0..9_u8, 0..3_u8).prop_map(|(key, value)| Do::Put(key, value)),
            (0..9_u8).prop_map(Do::Delete),
            (0..9_u8).prop_map(Do::Scan),
            (0..9_u8).prop_map(Do::ScanBack),
            Just(Do::End),
        ], 0..60)) {
            let (mut plain, mut memo, mut store) = (MemoryRecords::default(), Memo::default(), MemoryRecords::default());
            plain.put("k1", "9");
            store.put("k1", "9");
            let mut records = Remembered::new(&mut memo, &mut store);
            let key = |n: u8| format!("k{n}");
            for step in steps {
                match step {
                    Do::Get(n) => prop_assert_eq!(records.get(&key(n)), plain.get(&key(n))),
                    Do::Put(n, value) => {
                        records.put(&key(n), &value.to_string());
                        plain.put(&key(n), &value.to_string());
                    }
                    Do::Delete(n) => {
                        records.delete(&key(n));
                        plain.delete(&key(n));
                    }
                    Do::Scan(n) => prop_assert_eq!(records.scan("k", &key(n), 3), plain.scan("k", &key(n), 3)),
                    Do::ScanBack(n) => prop_assert_eq!(records.scan_back("k", &key(n), 3), plain.scan_back("k", &key(n), 3)),
                    Do::End => {
                        records.end();
                        prop_assert_eq!(store.scan("", "", 99), plain.scan("", "", 99));
                        records = Remembered::new(&mut memo, &mut store);
                    }
                }
            }
            records.end();
            prop_assert_eq!(store.scan("", "", 99), plain.scan("", "", 99));
        }
    }
}
