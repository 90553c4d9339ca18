//! JSON texts, written by hand.

use crate::{json::read::plain_len, text::Say};

/// An object in the making, with what is open within it.
pub(crate) struct Object(String);

/// Bytes that most objects have room in.
const ROOM: usize = 256;

impl Object {
    pub(crate) fn new() -> Self {
        let mut text = String::with_capacity(ROOM);
        text.push('{');
        Self(text)
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) -> &mut Self {
        quote(self.key(name), value);
        self
    }

    pub(crate) fn number(&mut self, name: &str, value: u64) -> &mut Self {
        value.say(self.key(name));
        self
    }

    pub(crate) fn flag(&mut self, name: &str, value: bool) -> &mut Self {
        self.raw(name, if value { "true" } else { "false" })
    }

    /// A value that is JSON already.
    pub(crate) fn raw(&mut self, name: &str, json: &str) -> &mut Self {
        self.key(name).push_str(json);
        self
    }

    /// What follows belongs to a list or object of this name, until it is closed.
    pub(crate) fn open(&mut self, name: &str, bracket: char) {
        self.key(name).push(bracket);
    }

    /// The same for an object in a list.
    pub(crate) fn open_element(&mut self) {
        self.next().push('{');
    }

    /// JSON in a list.
    pub(crate) fn raw_element(&mut self, json: &str) {
        self.next().push_str(json);
    }

    /// A text in a list.
    pub(crate) fn element(&mut self, text: &str) {
        quote(self.next(), text);
    }

    pub(crate) fn close(&mut self, bracket: char) {
        self.0.push(bracket);
    }

    pub(crate) fn end(mut self) -> String {
        self.close('}');
        self.0
    }

    /// Begins a property: its value is to be written next.
    fn key(&mut self, name: &str) -> &mut String {
        let out = self.next();
        quote(out, name);
        out.push(':');
        out
    }

    /// Separates what is written next from what is there.
    fn next(&mut self) -> &mut String {
        if !matches!(self.0.as_bytes(), [.., b'{' | b'[']) {
            self.0.push(',');
        }
        &mut self.0
    }
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    loop {
        let (plain, special) = rest.split_at_checked(plain_len(rest.as_bytes())).unwrap_or((rest, ""));
        out.push_str(plain);
        let mut characters = special.chars();
        match characters.next() {
            None => return out.push('"'),
            Some(c @ ('"' | '\\')) => {
                out.push('\\');
                out.push(c);
            }
            Some(c) => {
                out.push_str(if c < '\x10' { "\\u000" } else { "\\u001" });
                out.extend(char::from_digit(u32::from(c) & 0xf, 16));
            }
        }
        rest = characters.as_str();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let hard = "\"\\\n\0\x1f\u{7f}é\u{2028}😀";
        let mut json = Object::new();
        json.text("a\"", hard).number("n", u64::MAX).flag("f", true);
        json.open("l", '[');
        json.element("x");
        json.element(hard);
        json.open_element();
        json.close('}');
        json.close(']');
        json.raw("r", "{}");
        let read: serde_json::Value = serde_json::from_str(&json.end()).unwrap();
        let expected =
            serde_json::json!({"a\"": hard, "n": u64::MAX, "f": true, "l": ["x", hard, {}], "r": {}});
        assert_eq!(read, expected);
        assert_eq!(Object::new().end(), "{}");
    }
}
