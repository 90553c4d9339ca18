//! JSON objects as `serde_json` reads them.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// As deep as the product reads.
pub(crate) const MAX_DEPTH: usize = 128;

/// The members of an object in their order, each value as it stands there.
#[derive(Debug)]
pub(crate) struct Object<'a>(pub(crate) Vec<(String, &'a str)>);

/// What another reader makes of some bytes.
pub(crate) enum Read<'a> {
    Object(Object<'a>),
    /// JSON, but no object.
    Other,
    /// No JSON at all.
    Nothing,
    /// Where readers may differ: what is no UTF-8, or half a surrogate pair in a name.
    Unclear,
}

/// Reads bytes as JSON.
pub(crate) fn read(bytes: &[u8]) -> Read<'_> {
    let Ok(text) = std::str::from_utf8(bytes) else { return Read::Unclear };
    match serde_json::from_str::<&RawValue>(text) {
        Err(_) => Read::Nothing,
        Ok(value) if !value.get().starts_with('{') => Read::Other,
        Ok(value) => match serde_json::from_str(value.get()) {
            Ok(object) => Read::Object(object),
            Err(_) => Read::Unclear,
        },
    }
}

impl<'a> Object<'a> {
    /// The only value of a name; `null` is none. An error where there are several.
    pub(crate) fn one(&self, name: &str) -> Result<Option<&'a str>, ()> {
        let mut values = self.0.iter().filter(|(known, _)| known == name);
        match (values.next(), values.next()) {
            (Some(_), Some(_)) => Err(()),
            (Some((_, value)), None) => Ok((*value != "null").then_some(*value)),
            (None, _) => Ok(None),
        }
    }

    /// Whether a name stands there twice.
    pub(crate) fn repeats(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.one(name).is_err())
    }
}

/// A value that is a string of sound Unicode.
pub(crate) fn string(value: &str) -> Option<String> {
    serde_json::from_str(value).ok()
}

/// The same with a replacement character for each half of a surrogate pair that stands alone.
pub(crate) fn lossy(value: &str) -> Option<String> {
    let unit = |at: usize| {
        let digits = value.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(digits, 16).ok()
    };
    let (mut sound, mut at) = (String::new(), 0);
    while at < value.len() {
        let rest = &value[at..];
        let (piece, len) = match (unit(at), unit(at + 6)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => (&rest[..12], 12),
            (Some(0xd800..0xe000), _) => ("\u{fffd}", 6),
            // An escape of two characters is not looked into.
            _ if rest.starts_with('\\') => (&rest[..2], 2),
            _ => {
                let len = rest.chars().next().map_or(1, char::len_utf8);
                (&rest[..len], len)
            }
        };
        sound.push_str(piece);
        at += len;
    }
    string(&sound)
}

/// How many containers are open at most; of JSON that was read.
pub(crate) fn depth(json: &[u8]) -> usize {
    let (mut open, mut most, mut in_string, mut is_escaped) = (0_usize, 0, false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = in_string,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                open += 1;
                most = most.max(open);
            }
            b'}' | b']' if !in_string => open -= 1,
            _ => {}
        }
    }
    most
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Vec<(String, &'de str)>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    members.push((name, value.get()));
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(Members).map(Self)
    }
}
