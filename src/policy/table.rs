//! The tables of a policy, read key by key: an error says in which one it is, and a list is never taken for a table,
//! as derived readers do. An empty `when` would make a rule match every failure.

use core::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::PolicyError;

/// A JSON object with the keys that nobody has asked for yet.
pub(super) struct Table<'a> {
    /// Where the table stands, to be put before its keys: `rules[1].when.`, or nothing for the whole policy.
    path: String,
    rest: Entries<'a>,
    known: Vec<&'static str>,
}

impl<'a> Table<'a> {
    /// The whole policy.
    pub(super) fn parse(json: &'a str) -> Result<Self, PolicyError> {
        let rest = serde_json::from_str(json).map_err(|error| refused("the policy", "a table", &error))?;
        Ok(Self { path: String::new(), rest, known: Vec::new() })
    }

    /// The value of a key; `accepted` completes the sentence "… must be".
    pub(super) fn take<T: Deserialize<'a>>(
        &mut self,
        key: &'static str,
        accepted: &str,
    ) -> Result<Option<T>, PolicyError> {
        self.known.push(key);
        let Some(at) = self.rest.0.iter().position(|(name, _)| name == key) else { return Ok(None) };
        let (_, value) = self.rest.0.remove(at);
        let value = serde_json::from_str(value.get());
        value.map(Some).map_err(|error| refused(&self.path_of(key), accepted, &error))
    }

    /// The value of a key that cannot be left out.
    pub(super) fn require<T: Deserialize<'a>>(
        &mut self,
        key: &'static str,
        accepted: &str,
    ) -> Result<T, PolicyError> {
        self.take(key, accepted)?.ok_or_else(|| {
            PolicyError::new([&self.path_of(key), " is missing; it must be ", accepted].concat())
        })
    }

    /// The table of a key; an empty one where it is left out.
    pub(super) fn table(&mut self, key: &'static str) -> Result<Self, PolicyError> {
        let rest = self.take(key, "a table")?.unwrap_or_default();
        Ok(Self { path: [&self.path_of(key), "."].concat(), rest, known: Vec::new() })
    }

    /// The tables of a key; none where it is left out.
    pub(super) fn tables(&mut self, key: &'static str) -> Result<Vec<Self>, PolicyError> {
        let list: Vec<Entries<'a>> = self.take(key, "a list of tables")?.unwrap_or_default();
        let path = |index: usize| [&self.path_of(key), "[", &index.to_string(), "]."].concat();
        let table = |(index, rest)| Self { path: path(index), rest, known: Vec::new() };
        Ok(list.into_iter().enumerate().map(table).collect())
    }

    /// Refuses keys that nobody has asked for, and those that are given twice.
    pub(super) fn end(self) -> Result<(), PolicyError> {
        let Some((key, _)) = self.rest.0.first() else { return Ok(()) };
        let path = self.path_of(key);
        Err(PolicyError::new(if self.known.contains(&key.as_str()) {
            [&path, " is given twice"].concat()
        } else {
            [&path, " is unknown; accepted are ", &self.known.join(", ")].concat()
        }))
    }

    /// The name of a key in messages.
    pub(super) fn path_of(&self, key: &str) -> String {
        [&self.path, key].concat()
    }
}

fn refused(path: &str, accepted: &str, error: &serde_json::Error) -> PolicyError {
    let text = error.to_string();
    // A position in the runtime's JSON means nothing to the author of a TOML table.
    let cause = text.split(" at line ").next().unwrap_or_default();
    PolicyError::new([path, " must be ", accepted, ": ", cause].concat())
}

/// The entries of an object in their order.
#[derive(Default)]
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}
