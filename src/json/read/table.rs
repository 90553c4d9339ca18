//! Configuration tables: read key by key, each error with the path of its key and what the key accepts.

use core::str::FromStr;

use super::{
    Fields, decode,
    fields::{Members, elements, entries, scalar},
};
use crate::{
    text::{Say, name_to_repeat, said},
    time::decimal,
};

/// An object of which every key must be known.
///
/// It keeps the first error, which [`Table::read`] gives when all is read: until then a value that is wrong counts as
/// left out.
pub(crate) struct Table<'a> {
    /// Where the table stands, to be put before its keys: `rules[1].when.`, or nothing for the outermost.
    path: String,
    /// What stands there. Read once: the value of a key may be long.
    entries: Vec<(String, &'a [u8])>,
    known: Vec<Key>,
    error: Option<String>,
}

/// A key that was asked for.
struct Key {
    name: &'static str,
    /// Whether [`Table::check_keys`] has come by it.
    is_met: bool,
}

/// Asks a table for its keys.
pub(crate) type Read<'a> = &'a mut dyn FnMut(&mut Table<'_>);

impl<'a> Table<'a> {
    /// Reads the outermost table; `name` is what errors call it.
    pub(crate) fn read(name: &str, json: &str, read: Read<'_>) -> Result<(), TableError> {
        if Fields::of(json.as_bytes(), &[]).is_err() {
            return Err(TableError([name, " must be a table"].concat()));
        }
        Table::within(String::new(), json.as_bytes().trim_ascii(), read)
            .map_or(Ok(()), |error| Err(TableError(error)))
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, key: &'static str) -> Option<bool> {
        match self.take(key)? {
            b"true" => Some(true),
            b"false" => Some(false),
            raw => {
                self.must_be(key, "true or false", "not ", kind(raw));
                None
            }
        }
    }

    /// A whole number from 0 to `max`.
    pub(crate) fn number(&mut self, key: &'static str, max: u32) -> Option<u32> {
        let raw = self.take(key)?;
        let number = str::from_utf8(raw).ok().and_then(decimal).and_then(|number| u32::try_from(number).ok());
        let number = number.filter(|number| *number <= max);
        if number.is_none() {
            let accepted = ["a whole number from 0 to ", &said(&max)].concat();
            self.must_be(key, &accepted, "not ", kind(raw));
        }
        number
    }

    /// A text that spells a `T`; `accepted` completes the sentence "… must be".
    pub(crate) fn text<T>(&mut self, key: &'static str, accepted: &str) -> Option<T>
    where
        T: FromStr<Err: Say>,
    {
        let text = self.one(key, accepted)?;
        self.parse(key, accepted, &text)
    }

    /// A text that its reader is to check.
    // Not generic, as is `misspelled`: one piece of code for all types of values and errors.
    #[inline(never)]
    fn one(&mut self, key: &'static str, accepted: &str) -> Option<String> {
        self.spelled(key, accepted, Accepts::Text).pop()
    }

    /// A text or a list of texts, as one list with commas.
    pub(crate) fn list(&mut self, key: &'static str, accepted: &str) -> Option<String> {
        let mut list = String::new();
        for text in &self.texts(key, accepted) {
            list.push_str(text);
            list.push(',');
        }
        list.pop().map(|_| list)
    }

    /// The same for a key that must not be left out.
    pub(crate) fn required<T>(&mut self, key: &'static str, accepted: &str) -> Option<T>
    where
        T: FromStr<Err: Say>,
    {
        let value = self.text(key, accepted);
        if value.is_none() {
            self.refuse(key, &[" is missing; it must be ", accepted]);
        }
        value
    }

    /// A text or a list of texts; none where the key is left out.
    pub(crate) fn texts(&mut self, key: &'static str, accepted: &str) -> Vec<String> {
        self.spelled(key, accepted, Accepts::Texts)
    }

    /// The same, with numbers beside texts.
    pub(crate) fn texts_and_numbers(&mut self, key: &'static str, accepted: &str) -> Vec<String> {
        self.spelled(key, accepted, Accepts::TextsAndNumbers)
    }

    /// The JSON of a key, to be checked by the caller.
    pub(crate) fn raw(&mut self, key: &'static str) -> Option<&'a [u8]> {
        self.take(key)
    }

    /// Reads the table of a key; an empty one where it is left out. Gives whether it is there.
    pub(crate) fn table(&mut self, key: &'static str, read: Read<'_>) -> bool {
        let raw = self.take(key);
        self.inner(key, ["", "", ""], raw.unwrap_or(b"{}"), ["a table", "not "], read);
        raw.is_some()
    }

    /// Reads the tables of a key, one after the other; none where it is left out.
    pub(crate) fn tables(&mut self, key: &'static str, read: Read<'_>) {
        const ACCEPTED: &str = "a list of tables";
        let raw = self.take(key).unwrap_or(b"[]");
        if !raw.starts_with(b"[") {
            self.must_be(key, ACCEPTED, "not ", kind(raw));
        }
        for (index, element) in elements(raw).enumerate() {
            self.inner(key, ["[", &said(&index), "]"], element, [ACCEPTED, "an element is "], read);
        }
    }

    /// Whether a key is there, whatever its value. It still has to be asked for.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(name, _)| name == key)
    }

    /// Takes a key whose value somebody else reads: a Worker, of the policy that it shares with the npm package.
    #[cfg(all(target_family = "wasm", feature = "npm"))]
    pub(crate) fn skip(&mut self, key: &'static str) {
        self.take(key);
    }

    /// Whether there are no keys.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What a text spells that is the value of a key, or a part of it.
    pub(crate) fn parse<T>(&mut self, key: &str, accepted: &str, text: &str) -> Option<T>
    where
        T: FromStr<Err: Say>,
    {
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.misspelled(key, accepted, &error);
                None
            }
        }
    }

    /// What came of a check of the value of a key.
    pub(crate) fn checked<T>(&mut self, key: &str, accepted: &str, checked: Result<T, String>) -> Option<T> {
        checked.map_err(|error| self.must_be(key, accepted, "", &error)).ok()
    }

    /// A text does not spell what it must.
    fn misspelled(&mut self, key: &str, accepted: &str, error: &dyn Say) {
        self.must_be(key, accepted, "", &said(error));
    }

    /// Keeps an error, `says` behind the path of the key, if it is the first.
    pub(crate) fn refuse(&mut self, key: &str, says: &[&str]) {
        if self.error.is_none() {
            self.error = Some([&self.path, key, &says.concat()].concat());
        }
    }

    fn must_be(&mut self, key: &str, accepted: &str, of: &str, cause: &str) {
        self.refuse(key, &[" must be ", accepted, ": ", of, cause]);
    }

    /// Reads a table inside this one, and keeps its error.
    fn inner(&mut self, key: &str, index: [&str; 3], raw: &[u8], [accepted, of]: [&str; 2], read: Read<'_>) {
        if !raw.starts_with(b"{") {
            return self.must_be(key, accepted, of, kind(raw));
        }
        let path = [&self.path, key, &index.concat(), "."].concat();
        let error = Table::within(path, raw, read);
        if self.error.is_none() {
            self.error = error;
        }
    }

    /// Reads a whole table and gives its first error.
    fn within(path: String, raw: &[u8], read: Read<'_>) -> Option<String> {
        let mut table = Table { path, entries: entries(raw).collect(), known: Vec::new(), error: None };
        read(&mut table);
        table.check_keys();
        table.error
    }

    /// Refuses keys that nobody has asked for, and those that are given twice.
    fn check_keys(&mut self) {
        for (name, _) in core::mem::take(&mut self.entries) {
            match self.known.iter_mut().find(|key| key.name == name) {
                Some(key) if key.is_met => self.refuse(&name, &[" is given twice"]),
                Some(key) => key.is_met = true,
                None => {
                    let mut accepted = String::new();
                    for key in &self.known {
                        accepted.push_str(if accepted.is_empty() { "" } else { ", " });
                        accepted.push_str(key.name);
                    }
                    self.refuse(name_to_repeat(&name), &[" is unknown; accepted are ", &accepted]);
                }
            }
        }
    }

    /// The texts of a value.
    fn spelled(&mut self, key: &'static str, accepted: &str, accepts: Accepts) -> Vec<String> {
        let mut texts = Vec::new();
        let Some(raw) = self.take(key) else { return texts };
        let is_list = raw.starts_with(b"[") && accepts != Accepts::Text;
        for raw in if is_list { elements(raw) } else { Members::one(raw) } {
            match spelling(raw, accepts == Accepts::TextsAndNumbers) {
                Some(text) => texts.push(text),
                None => self.must_be(key, accepted, "not ", kind(raw)),
            }
        }
        if texts.is_empty() {
            self.must_be(key, accepted, "", "an empty list matches nothing; leave the key out instead");
        }
        texts
    }

    /// Takes the raw value of a key.
    fn take(&mut self, key: &'static str) -> Option<&'a [u8]> {
        self.known.push(Key { name: key, is_met: false });
        self.entries.iter().find(|(name, _)| name == key).map(|(_, raw)| *raw)
    }
}

/// What is wrong with a table, in words that name the key and what it accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableError(pub(crate) String);

/// Which values a key takes.
#[derive(Clone, Copy, PartialEq)]
enum Accepts {
    Text,
    Texts,
    TextsAndNumbers,
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
