//! Values of wanted fields, as text and numbers.

use super::{Captured, Captures, Field, JsonError, Keys, Scanner, decode};

/// The kept fields of an object, each to be read once.
///
/// Readers are lenient: a value of another kind than the one asked for is as good as none.
pub(crate) struct Fields(Captures);

impl Fields {
    /// The fields that a scanner kept.
    pub(crate) const fn new(captures: Captures) -> Self {
        Self(captures)
    }

    /// Reads an object that is at hand in one piece.
    pub(crate) fn of(json: &[u8], wanted: &'static [Field]) -> Result<Self, JsonError> {
        let mut scanner = Scanner::new(wanted, Keys::Exact);
        scanner.push(json);
        scanner.finish().map(Self)
    }

    /// The field as it was captured.
    pub(crate) fn take(&mut self, name: &'static str) -> Captured {
        self.0.take(name)
    }

    /// The raw JSON of a whole value; `null` is none.
    pub(crate) fn raw(&mut self, name: &'static str) -> Option<Vec<u8>> {
        match self.0.take(name) {
            Captured::Value { raw, cut: false } if raw != b"null" => Some(raw),
            _ => None,
        }
    }

    /// A string of sound Unicode.
    pub(crate) fn string(&mut self, name: &'static str) -> Option<String> {
        let raw = self.raw(name)?;
        let decoded = decode(raw.strip_prefix(b"\"")?);
        decoded.exact.then_some(decoded.text)
    }

    /// A string of sound Unicode that is not empty: Go writes `""` for "not set".
    pub(crate) fn word(&mut self, name: &'static str) -> Option<String> {
        self.string(name).filter(|text| !text.is_empty())
    }

    /// A string, or a number as it was written.
    pub(crate) fn text(&mut self, name: &'static str) -> Option<String> {
        scalar(&self.raw(name)?)
    }

    /// The strings of an array of strings.
    pub(crate) fn strings(&mut self, name: &'static str) -> Vec<String> {
        let raw = self.raw(name).unwrap_or_default();
        let mut strings = Vec::new();
        for element in elements(&raw) {
            if let [b'"', string @ ..] = element {
                strings.push(decode(string).text);
            }
        }
        strings
    }
}

/// The text of a JSON string or number.
pub(crate) fn scalar(raw: &[u8]) -> Option<String> {
    match raw {
        [b'"', string @ ..] => Some(decode(string).text),
        [b'-' | b'0'..=b'9', ..] => String::from_utf8(raw.to_vec()).ok(),
        _ => None,
    }
}

/// The raw elements of a sound JSON array; none if it is something else.
pub(crate) fn elements(array: &[u8]) -> Members<'_> {
    Members::of(array, b"[", b"]")
}

/// The members of an array or object that are not read yet.
pub(crate) struct Members<'a>(&'a [u8]);

impl<'a> Members<'a> {
    /// A value alone.
    pub(super) const fn one(value: &'a [u8]) -> Self {
        Self(value)
    }

    fn of(container: &'a [u8], open: &[u8], close: &[u8]) -> Self {
        let inner = container.strip_prefix(open).and_then(|container| container.strip_suffix(close));
        Self(inner.unwrap_or_default())
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = &'a [u8];

    // In WebAssembly one copy is enough for all the loops over members.
    #[inline(never)]
    fn next(&mut self) -> Option<Self::Item> {
        let (element, after) = self.0.split_at_checked(element_len(self.0))?;
        self.0 = after.strip_prefix(b",").unwrap_or(after);
        Some(element.trim_ascii()).filter(|element| !element.is_empty())
    }
}

/// The entries of a sound JSON object: names decoded, values raw.
pub(super) fn entries(object: &[u8]) -> Entries<'_> {
    Entries(Members::of(object, b"{", b"}"))
}

/// The entries of an object that are not read yet.
pub(super) struct Entries<'a>(Members<'a>);

impl<'a> Iterator for Entries<'a> {
    type Item = (String, &'a [u8]);

    #[inline(never)]
    fn next(&mut self) -> Option<Self::Item> {
        let member = self.0.next()?;
        let name = decode(member.strip_prefix(b"\"")?);
        let value = member.get(1 + name.len..)?.trim_ascii_start().strip_prefix(b":")?;
        Some((name.text, value.trim_ascii()))
    }
}

/// Bytes up to the comma that ends the first element, or to the end.
fn element_len(elements: &[u8]) -> usize {
    let mut depth = 0_u32;
    let mut at = 0;
    while let Some(byte) = elements.get(at) {
        match byte {
            b'"' => at += string_len(elements.get(at + 1..).unwrap_or_default()),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => break,
            _ => {}
        }
        at += 1;
    }
    at
}

/// Bytes of a string up to and with the quote that ends it, as [`decode`] counts them.
fn string_len(string: &[u8]) -> usize {
    let mut is_escaped = false;
    let end = string.iter().position(|byte| {
        let is_end = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(string.len(), |end| end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Over;

    #[test]
    fn elements_end_at_their_own_commas() {
        let split = |array: &'static str| -> Vec<&str> {
            elements(array.as_bytes()).map(|element| str::from_utf8(element).unwrap()).collect()
        };
        assert_eq!(
            split(r#"[1, "a,]\"b" ,{"x":[1,2],"y":","},[],null]"#),
            ["1", r#""a,]\"b""#, r#"{"x":[1,2],"y":","}"#, "[]", "null"]
        );
        for none in ["[]", "[ ]", "{}", "null", "\"[1]\""] {
            assert!(split(none).is_empty(), "{none}");
        }
    }

    #[test]
    fn a_value_of_another_kind_is_none() {
        const WANTED: &[Field] = &[Field { name: "a", limit: 64, over: Over::Drop }];
        let fields = |json: &str| Fields::of(json.as_bytes(), WANTED).unwrap();
        assert_eq!(fields(r#"{"a":"x"}"#).string("a").as_deref(), Some("x"));
        assert_eq!(fields(r#"{"a":""}"#).string("a").as_deref(), Some(""));
        assert_eq!(fields(r#"{"a":""}"#).word("a"), None);
        for json in ["{}", r#"{"a":null}"#, r#"{"a":1}"#, r#"{"a":["x"]}"#, r#"{"a":"\ud800"}"#] {
            assert_eq!(fields(json).string("a"), None, "{json}");
        }
        assert_eq!(fields(r#"{"a":12}"#).text("a").as_deref(), Some("12"));
        assert_eq!(fields(r#"{"a":true}"#).text("a"), None);
        assert_eq!(fields(r#"{"a":["x",1,"y"]}"#).strings("a"), ["x", "y"]);
        assert!(fields(r#"{"a":"x"}"#).strings("a").is_empty());
    }
}
