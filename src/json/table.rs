//! Configuration tables: read key by key, each error with the path of its key and what the key accepts.

use core::{fmt, str::FromStr};

use super::{Fields, decode, elements, entries, scalar};

/// An object of which every key must be known.
pub(crate) struct Table<'a> {
    /// Where the table stands, to be put before its keys: `rules[1].when.`, or nothing for the outermost.
    path: String,
    /// The entries that nobody has asked for yet, values raw.
    rest: Vec<(String, &'a [u8])>,
    known: Vec<&'static str>,
}

impl<'a> Table<'a> {
    /// The outermost table; `name` is what errors call it.
    pub(crate) fn parse(name: &str, json: &'a str) -> Result<Self, TableError> {
        if Fields::of(json.as_bytes(), &[]).is_err() {
            return Err(TableError([name, " must be a table"].concat()));
        }
        Ok(Self::new(String::new(), json.trim().as_bytes()))
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, key: &'static str) -> Result<Option<bool>, TableError> {
        self.read(key, "true or false", |raw| match raw {
            b"true" => Ok(true),
            b"false" => Ok(false),
            _ => Err(None),
        })
    }

    /// A whole number from 0 to `max`.
    pub(crate) fn number(&mut self, key: &'static str, max: u32) -> Result<Option<u32>, TableError> {
        let accepted = ["a whole number from 0 to ", &max.to_string()].concat();
        self.read(key, &accepted, |raw| {
            let digits = str::from_utf8(raw).ok().filter(|_| raw.iter().all(u8::is_ascii_digit));
            digits.and_then(|digits| digits.parse().ok()).filter(|number| *number <= max).ok_or(None)
        })
    }

    /// A text that spells a `T`; `accepted` completes the sentence "… must be".
    pub(crate) fn text<T>(&mut self, key: &'static str, accepted: &str) -> Result<Option<T>, TableError>
    where
        T: FromStr<Err: fmt::Display>,
    {
        self.read(key, accepted, |raw| match raw {
            [b'"', ..] => spelled(raw),
            _ => Err(None),
        })
    }

    /// A text that spells a `T`, or a list of such; no `T` where the key is left out.
    pub(crate) fn one_or_many<T>(&mut self, key: &'static str, accepted: &str) -> Result<Vec<T>, TableError>
    where
        T: FromStr<Err: fmt::Display>,
    {
        self.list(key, accepted, |raw| if raw.starts_with(b"\"") { spelled(raw) } else { Err(None) })
    }

    /// The same, with numbers beside texts.
    pub(crate) fn one_or_many_numbers<T>(
        &mut self,
        key: &'static str,
        accepted: &str,
    ) -> Result<Vec<T>, TableError>
    where
        T: FromStr<Err: fmt::Display>,
    {
        self.list(key, accepted, spelled)
    }

    /// The table of a key; an empty one where it is left out.
    pub(crate) fn table(&mut self, key: &'static str) -> Result<Self, TableError> {
        let raw = self.read(key, "a table", |raw| if raw.starts_with(b"{") { Ok(raw) } else { Err(None) })?;
        Ok(Self::new([&self.path_of(key), "."].concat(), raw.unwrap_or(b"{}")))
    }

    /// The tables of a key; none where it is left out.
    pub(crate) fn tables(&mut self, key: &'static str) -> Result<Vec<Self>, TableError> {
        let list = self.read(key, "a list of tables", |raw| {
            if !raw.starts_with(b"[") {
                return Err(None);
            }
            let list: Vec<&[u8]> = elements(raw).collect();
            match list.iter().find(|element| !element.starts_with(b"{")) {
                None => Ok(list),
                Some(element) => Err(Some(["an element is ", kind(element)].concat())),
            }
        })?;
        let path = |index: usize| [&self.path_of(key), "[", &index.to_string(), "]."].concat();
        let list = list.unwrap_or_default().into_iter().enumerate();
        Ok(list.map(|(index, raw)| Self::new(path(index), raw)).collect())
    }

    /// Whether no key is left to ask for.
    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Refuses keys that nobody has asked for, and those that are given twice.
    pub(crate) fn end(self) -> Result<(), TableError> {
        let Some((key, _)) = self.rest.first() else { return Ok(()) };
        let path = self.path_of(key);
        Err(TableError(if self.known.contains(&key.as_str()) {
            [&path, " is given twice"].concat()
        } else {
            [&path, " is unknown; accepted are ", &self.known.join(", ")].concat()
        }))
    }

    /// A key that must not be left out is.
    pub(crate) fn missing(&self, key: &str, accepted: &str) -> TableError {
        TableError([&self.path_of(key), " is missing; it must be ", accepted].concat())
    }

    /// A value that is wrong in a way that only its reader knows.
    pub(crate) fn refused(&self, key: &str, cause: &dyn fmt::Display) -> TableError {
        TableError([&self.path_of(key), ": ", &cause.to_string()].concat())
    }

    fn new(path: String, raw: &'a [u8]) -> Self {
        Self { path, rest: entries(raw).collect(), known: Vec::new() }
    }

    fn list<T>(
        &mut self,
        key: &'static str,
        accepted: &str,
        read: fn(&[u8]) -> Result<T, Option<String>>,
    ) -> Result<Vec<T>, TableError> {
        let list = self.read(key, accepted, |raw| {
            if !raw.starts_with(b"[") {
                return Ok(vec![read(raw)?]);
            }
            let many: Vec<T> = elements(raw).map(read).collect::<Result<_, _>>()?;
            if many.is_empty() {
                return Err(Some("an empty list matches nothing; leave the key out instead".to_owned()));
            }
            Ok(many)
        });
        list.map(Option::unwrap_or_default)
    }

    /// Takes a value and reads it; the reader may give a cause besides what is accepted.
    fn read<T>(
        &mut self,
        key: &'static str,
        accepted: &str,
        read: impl FnOnce(&'a [u8]) -> Result<T, Option<String>>,
    ) -> Result<Option<T>, TableError> {
        self.known.push(key);
        let Some(at) = self.rest.iter().position(|(name, _)| name == key) else { return Ok(None) };
        let (_, raw) = self.rest.remove(at);
        read(raw).map(Some).map_err(|cause| self.must_be(key, accepted, raw, cause))
    }

    fn must_be(&self, key: &str, accepted: &str, raw: &[u8], cause: Option<String>) -> TableError {
        let cause = cause.unwrap_or_else(|| ["not ", kind(raw)].concat());
        TableError([&self.path_of(key), " must be ", accepted, ": ", &cause].concat())
    }

    fn path_of(&self, key: &str) -> String {
        [&self.path, key].concat()
    }
}

/// What is wrong with a table, in words that name the key and what it accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableError(pub(crate) String);

/// The value that a text or number spells.
fn spelled<T: FromStr<Err: fmt::Display>>(raw: &[u8]) -> Result<T, Option<String>> {
    let text = match raw {
        [b'"', string @ ..] => {
            Some(decode(string)).filter(|decoded| decoded.exact).map(|decoded| decoded.text)
        }
        _ => scalar(raw),
    };
    text.ok_or(None)?.parse().map_err(|error: T::Err| Some(error.to_string()))
}

/// What a raw value is, for whom it surprises.
const fn kind(raw: &[u8]) -> &'static str {
    match raw {
        [b'"', ..] => "a text",
        [b'[', ..] => "a list",
        [b'{', ..] => "a table",
        [b't' | b'f', ..] => "true or false",
        [b'n', ..] => "null",
        _ => "this number",
    }
}
