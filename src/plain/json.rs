//! JSON texts, written by hand.

use super::Plain;

/// An object in the making.
pub(crate) struct Object(String);

impl Object {
    pub(crate) fn new() -> Self {
        Self("{".to_owned())
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.value(name, &value)
    }

    #[cfg(feature = "npm")]
    pub(crate) fn number(&mut self, name: &str, value: u64) -> &mut Self {
        self.value(name, &value)
    }

    #[cfg(feature = "npm")]
    pub(crate) fn flag(&mut self, name: &str, value: bool) -> &mut Self {
        self.value(name, &value)
    }

    /// A value that is JSON already.
    pub(crate) fn raw(&mut self, name: &str, json: &str) -> &mut Self {
        self.key(name);
        self.0.push_str(json);
        self
    }

    /// A value of any type; what is absent is left out.
    pub(crate) fn value(&mut self, name: &str, value: &dyn Plain) -> &mut Self {
        if !value.is_absent() {
            self.key(name);
            value.write(&mut self.0);
        }
        self
    }

    pub(crate) fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }

    fn key(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        quote(&mut self.0, name);
        self.0.push(':');
    }
}

/// A list in the making.
pub(crate) struct List(String);

impl List {
    pub(crate) fn new() -> Self {
        Self("[".to_owned())
    }

    /// Where the next element is to be written.
    pub(crate) fn next(&mut self) -> &mut String {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        &mut self.0
    }

    pub(crate) fn end(mut self) -> String {
        self.0.push(']');
        self.0
    }
}

pub(crate) fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\0'..='\x1f' => {
                out.push_str(if c < '\x10' { "\\u000" } else { "\\u001" });
                out.extend(char::from_digit(u32::from(c) & 0xf, 16));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let hard = "\"\\\n\0\x1f\u{7f}é\u{2028}😀";
        let mut json = Object::new();
        json.text("a\"", hard).number("n", u64::MAX).flag("f", true);
        json.value("l", &vec!["x", hard]).raw("r", "{}").value("none", &None::<u64>);
        let read: serde_json::Value = serde_json::from_str(&json.end()).unwrap();
        let expected = serde_json::json!({"a\"": hard, "n": u64::MAX, "f": true, "l": ["x", hard], "r": {}});
        assert_eq!(read, expected);
        assert_eq!((Object::new().end(), List::new().end()), ("{}".to_owned(), "[]".to_owned()));
    }
}
