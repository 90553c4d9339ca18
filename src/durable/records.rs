//! The store of one actor.

use std::collections::BTreeMap;

/// An ordered store of texts: keys sort by their bytes.
///
/// Nothing here fails. A store that cannot be reached answers as if it were empty and remembers that it failed; whoever
/// opened it asks before anything that came of it is believed, and undoes what was written since.
pub trait Records {
    /// The value of a key.
    fn get(&self, key: &str) -> Option<String>;

    /// Sets the value of a key.
    fn put(&mut self, key: &str, value: &str);

    /// Forgets a key, if it is there.
    fn delete(&mut self, key: &str);

    /// The first records whose keys begin with `prefix` and are not below `from` (itself a whole key, or empty), at most
    /// `limit`, in order.
    fn scan(&self, prefix: &str, from: &str, limit: usize) -> Vec<(String, String)>;

    /// The last records whose keys begin with `prefix` and are below `below` (itself a whole key; empty for no bound), at
    /// most `limit`, the last one first.
    fn scan_back(&self, prefix: &str, below: &str, limit: usize) -> Vec<(String, String)>;
}

/// A store in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryRecords(BTreeMap<String, String>);

impl Records for MemoryRecords {
    fn get(&self, key: &str) -> Option<String> {
        self.0.get(key).cloned()
    }

    fn put(&mut self, key: &str, value: &str) {
        self.0.insert(key.to_owned(), value.to_owned());
    }

    fn delete(&mut self, key: &str) {
        self.0.remove(key);
    }

    fn scan(&self, prefix: &str, from: &str, limit: usize) -> Vec<(String, String)> {
        let records = self.0.range(from.max(prefix).to_owned()..);
        let records = records.take_while(|(key, _)| key.starts_with(prefix)).take(limit);
        records.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    fn scan_back(&self, prefix: &str, below: &str, limit: usize) -> Vec<(String, String)> {
        let records = self.0.range(prefix.to_owned()..).take_while(|(key, _)| key.starts_with(prefix));
        let mut records: Vec<_> =
            records.filter(|(key, _)| below.is_empty() || key.as_str() < below).collect();
        records.reverse();
        records.into_iter().take(limit).map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_in_the_order_of_their_keys() {
        let mut records = MemoryRecords::default();
        for key in ["b/2", "a/1", "b/10", "c", "b/"] {
            records.put(key, key);
        }
        let scan = |prefix: &str, from: &str, limit| -> Vec<String> {
            records.scan(prefix, from, limit).into_iter().map(|(key, _)| key).collect()
        };
        assert_eq!(scan("b/", "", 9), ["b/", "b/10", "b/2"]);
        assert_eq!(scan("b/", "b/10", 9), ["b/10", "b/2"]);
        assert_eq!(scan("b/", "b/11", 9), ["b/2"]);
        assert_eq!(scan("", "", 2), ["a/1", "b/"]);
        assert_eq!(scan("d", "", 2), [] as [String; 0]);
        let back = |below: &str, limit| -> Vec<String> {
            records.scan_back("b/", below, limit).into_iter().map(|(key, _)| key).collect()
        };
        assert_eq!(back("", 9), ["b/2", "b/10", "b/"]);
        assert_eq!(back("b/2", 1), ["b/10"]);
    }

    #[test]
    fn a_record_is_replaced_and_deleted() {
        let mut records = MemoryRecords::default();
        records.put("a", "1");
        records.put("a", "2");
        assert_eq!(records.get("a").as_deref(), Some("2"));
        records.delete("a");
        records.delete("a");
        assert_eq!(records.get("a"), None);
    }
}
