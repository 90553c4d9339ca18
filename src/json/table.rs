//! Configuration tables: read key by key, each error with the path of its key and what the key accepts.

use core::{fmt, str::FromStr};

use super::{
    Fields, decode,
    fields::{Members, elements, entries, scalar},
};
use crate::time::decimal;

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
        Ok(Self::new(String::new(), json.as_bytes().trim_ascii()))
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, key: &'static str) -> Result<Option<bool>, TableError> {
        match self.take(key) {
            None => Ok(None),
            Some(b"true") => Ok(Some(true)),
            Some(b"false") => Ok(Some(false)),
            Some(raw) => Err(self.must_be(key, "true or false", Cause::Kind(raw))),
        }
    }

    /// A whole number from 0 to `max`.
    pub(crate) fn number(&mut self, key: &'static str, max: u32) -> Result<Option<u32>, TableError> {
        let Some(raw) = self.take(key) else { return Ok(None) };
        let number = str::from_utf8(raw).ok().and_then(decimal).and_then(|number| u32::try_from(number).ok());
        match number.filter(|number| *number <= max) {
            None => {
                let accepted = ["a whole number from 0 to ", &max.to_string()].concat();
                Err(self.must_be(key, &accepted, Cause::Kind(raw)))
            }
            number => Ok(number),
        }
    }

    /// A text that spells a `T`; `accepted` completes the sentence "… must be".
    pub(crate) fn text<T>(&mut self, key: &'static str, accepted: &str) -> Result<Option<T>, TableError>
    where
        T: FromStr<Err: fmt::Display>,
    {
        let mut found = None;
        self.spelled(key, accepted, Accepts::Text, &mut |text| {
            text.parse().map(|value| found = Some(value)).map_err(|error| cause(&error))
        })?;
        Ok(found)
    }

    /// A text that spells a `T`, or a list of such; no `T` where the key is left out.
    pub(crate) fn one_or_many<T>(&mut self, key: &'static str, accepted: &str) -> Result<Vec<T>, TableError>
    where
        T: FromStr<Err: fmt::Display>,
    {
        self.many(key, accepted, Accepts::Texts)
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
        self.many(key, accepted, Accepts::TextsAndNumbers)
    }

    /// The table of a key; an empty one where it is left out.
    pub(crate) fn table(&mut self, key: &'static str) -> Result<Self, TableError> {
        let raw = self.take(key).unwrap_or(b"{}");
        if !raw.starts_with(b"{") {
            return Err(self.must_be(key, "a table", Cause::Kind(raw)));
        }
        Ok(Self::new([&self.path_of(key), "."].concat(), raw))
    }

    /// The tables of a key; none where it is left out.
    pub(crate) fn tables(&mut self, key: &'static str) -> Result<Vec<Self>, TableError> {
        const ACCEPTED: &str = "a list of tables";
        let raw = self.take(key).unwrap_or(b"[]");
        if !raw.starts_with(b"[") {
            return Err(self.must_be(key, ACCEPTED, Cause::Kind(raw)));
        }
        let mut tables = Vec::new();
        for element in elements(raw) {
            if !element.starts_with(b"{") {
                return Err(self.must_be(key, ACCEPTED, Cause::Element(element)));
            }
            let path = [&self.path_of(key), "[", &tables.len().to_string(), "]."].concat();
            tables.push(Self::new(path, element));
        }
        Ok(tables)
    }

    /// Whether no key is left to ask for.
    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Refuses keys that nobody has asked for, and those that are given twice.
    pub(crate) fn end(self) -> Result<(), TableError> {
        let Some((key, _)) = self.rest.first() else { return Ok(()) };
        let path = self.path_of(key);
        if self.known.iter().any(|known| known == key) {
            return Err(TableError([&path, " is given twice"].concat()));
        }
        let mut message = [&path, " is unknown; accepted are "].concat();
        for (index, known) in self.known.iter().enumerate() {
            message.push_str(if index > 0 { ", " } else { "" });
            message.push_str(known);
        }
        Err(TableError(message))
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
        let mut rest = Vec::new();
        for entry in entries(raw) {
            rest.push(entry);
        }
        Self { path, rest, known: Vec::new() }
    }

    fn many<T>(&mut self, key: &'static str, accepted: &str, kinds: Accepts) -> Result<Vec<T>, TableError>
    where
        T: FromStr<Err: fmt::Display>,
    {
        let mut found = Vec::new();
        self.spelled(key, accepted, kinds, &mut |text| {
            text.parse().map(|value| found.push(value)).map_err(|error| cause(&error))
        })?;
        Ok(found)
    }

    /// Hands each text of a value to `read`, whatever it reads there: that keeps the code of one type small.
    fn spelled(
        &mut self,
        key: &'static str,
        accepted: &str,
        kinds: Accepts,
        read: &mut dyn FnMut(&str) -> Result<(), String>,
    ) -> Result<(), TableError> {
        let Some(raw) = self.take(key) else { return Ok(()) };
        let is_list = raw.starts_with(b"[") && !matches!(kinds, Accepts::Text);
        let mut cause = Some("an empty list matches nothing; leave the key out instead".to_owned());
        for raw in if is_list { elements(raw) } else { Members::one(raw) } {
            let numbers = matches!(kinds, Accepts::TextsAndNumbers);
            cause = match spelling(raw, numbers) {
                Some(text) => read(&text).err(),
                None => return Err(self.must_be(key, accepted, Cause::Kind(raw))),
            };
            if cause.is_some() {
                break;
            }
        }
        match cause {
            Some(cause) => Err(self.must_be(key, accepted, Cause::Words(&cause))),
            None => Ok(()),
        }
    }

    /// Takes the raw value of a key.
    fn take(&mut self, key: &'static str) -> Option<&'a [u8]> {
        self.known.push(key);
        let at = self.rest.iter().position(|(name, _)| name == key)?;
        Some(self.rest.remove(at).1)
    }

    fn must_be(&self, key: &str, accepted: &str, cause: Cause<'_>) -> TableError {
        let (of, cause) = match cause {
            Cause::Element(raw) => ("an element is ", kind(raw)),
            Cause::Kind(raw) => ("not ", kind(raw)),
            Cause::Words(words) => ("", words),
        };
        TableError([&self.path_of(key), " must be ", accepted, ": ", of, cause].concat())
    }

    fn path_of(&self, key: &str) -> String {
        [&self.path, key].concat()
    }
}

/// What is wrong with a table, in words that name the key and what it accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableError(pub(crate) String);

/// Which values a key takes.
#[derive(Clone, Copy)]
enum Accepts {
    Text,
    Texts,
    TextsAndNumbers,
}

/// What is wrong with a value.
#[derive(Clone, Copy)]
enum Cause<'a> {
    /// An element of the list is of this kind.
    Element(&'a [u8]),
    /// It is of this kind.
    Kind(&'a [u8]),
    /// What its reader says.
    Words(&'a str),
}

/// What an error says, by one piece of code for all types of errors.
fn cause(error: &dyn fmt::Display) -> String {
    error.to_string()
}

/// The text of a JSON string of sound Unicode, or of a number where these count too.
fn spelling(raw: &[u8], numbers: bool) -> Option<String> {
    match raw {
        [b'"', string @ ..] => {
            let decoded = decode(string);
            decoded.exact.then_some(decoded.text)
        }
        _ if numbers => scalar(raw),
        _ => None,
    }
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
