//! The failing endpoint's response body: base64 inside the callback, and of any kind.

use super::{excerpt::Excerpt, failure::FailureError};
use crate::{
    base64::{self, Alphabet},
    json::{Captured, Captures, Field, Keys, Over, Scanner, decode},
    text,
};

/// Bytes of an error's name.
const NAME_LIMIT: usize = 256;
/// Bytes of an error's message.
const MESSAGE_LIMIT: usize = 2 * 1024;

/// The response that the workflow SDK sends when a step throws. `stack` is skipped.
const FIELDS: &[Field] = &[
    // Every character may have been written as an escape of six bytes.
    Field { name: "error", limit: MESSAGE_LIMIT * 6, over: Over::Cut },
    Field { name: "message", limit: MESSAGE_LIMIT * 6, over: Over::Cut },
];

/// What the response says about the error.
///
/// `{error, message}` of the SDK if that is what it is, as far as it goes: QStash cuts long responses. An `error` without
/// a `message` is the message, as other frameworks mean it. Of any other text, the beginning is the message.
pub(super) fn failure_error(body: &Captured) -> Option<FailureError> {
    let Captured::Value { raw, cut } = body else { return None };
    let string = decode(raw.strip_prefix(b"\"")?);
    // A cut leaves any number of characters, and bits of a byte that is not there.
    let bytes = base64::decode(text::trim_end(&string.text, '='), Alphabet::Standard)?;
    told_by(&bytes, *cut)
}

/// The same of a response that stands in a JSON string as it is.
pub(super) fn failure_error_in_text(body: &Captured) -> Option<FailureError> {
    let Captured::Value { raw, cut } = body else { return None };
    told_by(decode(raw.strip_prefix(b"\"")?).text.as_bytes(), *cut)
}

fn told_by(bytes: &[u8], cut: bool) -> Option<FailureError> {
    // Of anything but an object there are no fields.
    let mut scanner = Scanner::new(FIELDS, Keys::AnyCase);
    scanner.push(bytes);
    let mut fields = scanner.salvage();
    let mut message = excerpt(&mut fields, "message", MESSAGE_LIMIT);
    let limit = if message.is_some() { NAME_LIMIT } else { MESSAGE_LIMIT };
    let mut name = excerpt(&mut fields, "error", limit);
    if message.is_none() {
        message = name.take();
    }
    Some(FailureError { name, message: message.or_else(|| plain_text(bytes, cut))? })
}

fn excerpt(captures: &mut Captures, name: &str, limit: usize) -> Option<Excerpt> {
    let Captured::Value { raw, cut } = captures.take(name) else { return None };
    let decoded = decode(raw.strip_prefix(b"\"")?);
    Some(Excerpt::new(&decoded.text, limit).or_cut(cut))
}

/// The beginning of a text without control characters; `None` for anything binary, and for blanks.
fn plain_text(bytes: &[u8], cut: bool) -> Option<Excerpt> {
    let text = match core::str::from_utf8(bytes) {
        Ok(text) => text,
        // A cut may have split the last character.
        Err(error) if error.error_len().is_none() => {
            core::str::from_utf8(bytes.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    let text = text.trim_ascii();
    let is_binary = text.chars().any(|c| c.is_control() && !matches!(c, '\t'..='\r' | '\u{85}'));
    (!text.is_empty() && !is_binary).then(|| Excerpt::new(text, MESSAGE_LIMIT).or_cut(cut))
}

#[cfg(test)]
mod tests {
    use ::base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, Engine as _};

    use super::*;

    /// Name and message, and whether each is cut.
    type Told<'a> = (Option<(&'a str, bool)>, (&'a str, bool));

    fn read(base64: &str, cut: bool) -> Option<FailureError> {
        failure_error(&Captured::Value { raw: format!("\"{base64}").into(), cut })
    }

    fn error(body: &[u8]) -> Option<FailureError> {
        let padded = read(&format!("{}\"", BASE64_STANDARD.encode(body)), false);
        assert_eq!(read(&format!("{}\"", BASE64_STANDARD_NO_PAD.encode(body)), false), padded);
        padded
    }

    fn told(error: Option<&FailureError>) -> Option<Told<'_>> {
        let of = |excerpt| (Excerpt::as_str(excerpt), Excerpt::is_cut(excerpt));
        error.map(|error| (error.name.as_ref().map(of), of(&error.message)))
    }

    #[test]
    fn every_kind_of_body_is_understood() {
        let rows: &[(&str, Option<Told<'_>>)] = &[
            (
                r#"{"error":"TypeError","message":"no é","stack":"s"}"#,
                Some((Some(("TypeError", false)), ("no é", false))),
            ),
            (r#"{"message":"m","error":"E"}"#, Some((Some(("E", false)), ("m", false)))),
            (r#"{"error":"E","message":""}"#, Some((Some(("E", false)), ("", false)))),
            (r#"{"message":"m"}"#, Some((None, ("m", false)))),
            (r#"{"error":"not found"}"#, Some((None, ("not found", false)))),
            (r#"{"message":"a \ud800 b"}"#, Some((None, ("a \u{fffd} b", false)))),
            (r#"{"error":"E","message":"m"} and more"#, Some((Some(("E", false)), ("m", false)))),
            (r#"{"error":"E","message":"m","sta"#, Some((Some(("E", false)), ("m", false)))),
            (r#"{"error":"E","message":"mess"#, Some((Some(("E", false)), ("mess", true)))),
            (r#"{"error":{"code":7}}"#, Some((None, (r#"{"error":{"code":7}}"#, false)))),
            ("[1]", Some((None, ("[1]", false)))),
            (" Bad gateway \n", Some((None, ("Bad gateway", false)))),
            ("<html>\n<h1>502</h1>", Some((None, ("<html>\n<h1>502</h1>", false)))),
            ("", None),
            (" \n", None),
            ("a\0b", None),
        ];
        for (body, expected) in rows {
            assert_eq!(told(error(body.as_bytes()).as_ref()), *expected, "{body}");
        }
        assert_eq!(error(b"\xff\xfe\x00"), None);
    }

    #[test]
    fn long_names_and_messages_are_cut_and_marked() {
        let body = format!(r#"{{"error":"{}","message":"{}"}}"#, "é".repeat(200), "\\u00e9".repeat(1500));
        let found = error(body.as_bytes()).unwrap();
        assert_eq!(found.name, Some(Excerpt::new(&"é".repeat(200), 256)));
        assert_eq!(found.message, Excerpt::new(&"é".repeat(1500), 2048));
        assert!(found.name.unwrap().is_cut() && found.message.is_cut());
        assert!(error("x".repeat(3000).as_bytes()).unwrap().message.is_cut());
    }

    #[test]
    fn a_cut_at_any_character_leaves_what_came_before() {
        let json = r#"{"error":"TypeError","message":"no 😀 such thing","stack":"TypeError: no"}"#;
        let whole = BASE64_STANDARD.encode(json);
        for end in 0..whole.len() {
            let found = read(&whole[..end], true);
            let Some(message) = found.map(|found| found.message) else {
                assert!(end < 2, "nothing at {end}");
                continue;
            };
            let decoded = &json.as_bytes()[..json.len().min(end * 3 / 4)];
            if decoded.len() > json.find("no 😀").unwrap() {
                assert!("no 😀 such thing".starts_with(message.as_str()), "{} at {end}", message.as_str());
                assert_eq!(message.is_cut(), decoded.len() < json.find("\",\"stack").unwrap() + 1);
            }
        }
    }

    #[test]
    fn what_a_cut_ended_is_marked() {
        let name = read(&BASE64_STANDARD.encode(r#"{"message":"m","error":"Typ"#), true);
        assert_eq!(told(name.as_ref()), Some((Some(("Typ", true)), ("m", false))));
        let text = read(&BASE64_STANDARD_NO_PAD.encode("Bad gat\u{e9}")[..11], true);
        assert_eq!(told(text.as_ref()), Some((None, ("Bad gat", true))));
    }

    #[test]
    fn what_is_not_base64_says_nothing() {
        for body in ["Internal Server Error\"", "_-_-\"", "ab=cd\""] {
            assert_eq!(read(body, false), None, "{body}");
        }
        assert_eq!(failure_error(&Captured::Value { raw: b"null".to_vec(), cut: false }), None);
        assert_eq!(failure_error(&Captured::Absent), None);
    }
}
