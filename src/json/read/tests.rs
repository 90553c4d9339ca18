use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::scanner::MAX_DEPTH;
use super::{Captured, Field, JsonError, Keys, Over, Scanner};

const FIELDS: &[Field] = &[
    Field { name: "a", limit: 64, over: Over::Drop },
    Field { name: "body", limit: 8, over: Over::Cut },
    Field { name: "short", limit: 4, over: Over::Drop },
];

type Outcome = Result<Vec<Captured>, JsonError>;

fn scan(keys: Keys, chunks: &[&[u8]]) -> Outcome {
    let mut scanner = Scanner::new(FIELDS, keys);
    for chunk in chunks {
        scanner.push(chunk);
    }
    scanner.finish().map(|mut captures| FIELDS.iter().map(|field| captures.take(field.name)).collect())
}

fn whole(json: &str) -> Outcome {
    scan(Keys::Exact, &[json.as_bytes()])
}

fn salvage(json: &str) -> Vec<Captured> {
    let mut scanner = Scanner::new(FIELDS, Keys::AnyCase);
    scanner.push(json.as_bytes());
    let mut captures = scanner.salvage();
    FIELDS.iter().map(|field| captures.take(field.name)).collect()
}

fn value(raw: &str) -> Captured {
    Captured::Value { raw: raw.into(), cut: false }
}

fn cut(raw: &str) -> Captured {
    Captured::Value { raw: raw.into(), cut: true }
}

#[test]
fn wanted_fields_are_kept_as_sent() {
    for raw in [
        "1",
        "-0.5e+3",
        "\"x\\\"}\"",
        "null",
        "true",
        "false",
        "[1,[2]]",
        "{\"a\": {\"b\": \"}\"}}",
        "[]",
        "{}",
    ] {
        for json in
            [format!("{{\"a\":{raw}}}"), format!(" {{ \"z\" : [1] , \"a\" : {raw} , \"b\":\"\" }}\r\n")]
        {
            assert_eq!(whole(&json).unwrap()[0], value(raw), "{json}");
        }
    }
}

#[test]
fn fields_of_inner_objects_are_not_mistaken_for_top_level_ones() {
    let found = whole(r#"{"x":{"a":1,"a":2},"y":[{"a":3}],"z":"\"a\":4"}"#).unwrap();
    assert_eq!(found[0], Captured::Absent);
    assert_eq!(whole(r#"{"x":{"a":1},"a":2}"#).unwrap()[0], value("2"));
}

#[test]
fn names_written_with_escapes_match() {
    assert_eq!(whole(r#"{"\u0062\u006f\u0064\u0079":1}"#).unwrap()[1], value("1"));
    for other in [
        r#""a\ud800""#,
        r#""a\u0000""#,
        r#""aa""#,
        r#""""#,
        r#""\u0061\u0061\u0061\u0061\u0061\u0061\u0061\u0061""#,
    ] {
        assert_eq!(whole(&format!("{{{other}:1}}")).unwrap()[0], Captured::Absent, "{other}");
    }
}

#[test]
fn exactly_the_escapes_and_controls_of_json_are_accepted() {
    for byte in 0..=u8::MAX {
        for around in
            [[r#"{"a":"\"#, r#"0000"}"#], [r#"{"a":""#, r#""}"#], [r#"{"a":1"#, "}"], [r#"{"a":-"#, "1}"]]
        {
            let json = [around[0].as_bytes(), &[byte], around[1].as_bytes()].concat();
            let sound = serde_json::from_slice::<IgnoredAny>(&json).is_ok();
            assert_eq!(scan(Keys::Exact, &[&json]).is_ok(), sound, "{:?}", json.utf8_chunks());
        }
    }
    for hex in ["", "0", "000", "00g0", "000G", "00-1"] {
        assert!(whole(&format!("{{\"a\":\"\\u{hex}\"}}")).is_err(), "{hex}");
    }
}

#[test]
fn limits_cut_or_drop() {
    let found = whole(r#"{"a":"0123","body":"0123456789","short":"0123456789"}"#).unwrap();
    assert_eq!(found, [value("\"0123\""), cut("\"0123456"), Captured::TooLong]);
    assert_eq!(
        whole(r#"{"body":"012345","short":"12"}"#).unwrap()[1..],
        [value("\"012345\""), value("\"12\"")]
    );
}

#[test]
fn nothing_is_held_of_a_value_that_was_dropped() {
    let mut scanner = Scanner::new(FIELDS, Keys::Exact);
    for chunk in ["{\"short\":\"0123456789", "ab", "cd"] {
        scanner.push(chunk.as_bytes());
    }
    assert_eq!(scanner.captured_bytes(), "short\"".len(), "the key");
}

#[test]
fn a_repeated_name_is_refused_or_the_first_one_counts() {
    assert_eq!(whole(r#"{"a":1,"a":2}"#), Err(JsonError::Duplicate("a")));
    assert_eq!(whole(r#"{"a":1,"\u0061":2}"#), Err(JsonError::Duplicate("a")));
    assert!(whole(r#"{"x":1,"x":2}"#).is_ok());
    assert_eq!(scan(Keys::AnyCase, &[br#"{"A":1,"a":2}"#]).unwrap()[0], value("1"));
    assert_eq!(whole(r#"{"A":1,"a":2}"#).unwrap()[0], value("2"));
}

#[test]
fn only_one_object_is_accepted() {
    for json in ["[]", " \"a\"", "1", "-1", "true", "false", "null", "[{\"a\":1}]"] {
        assert_eq!(whole(json), Err(JsonError::NotAnObject), "{json}");
    }
    for (json, at) in
        [("{}x", 2), ("{} {}", 3), ("\u{feff}{}", 0), ("<html>", 0), ("{\"a\" 1}", 5), ("{\"a\":\"\n\"}", 6)]
    {
        assert_eq!(whole(json), Err(JsonError::Syntax(at)), "{json}");
    }
    for json in ["", " ", "{", "{\"a\":1", "{\"a\":\"}", "{\"a\":tru"] {
        assert_eq!(whole(json), Err(JsonError::Incomplete), "{json}");
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |levels: usize| format!("{{\"x\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
    let inner = MAX_DEPTH - 1;
    assert!(whole(&nested(inner)).is_ok());
    assert_eq!(whole(&nested(inner + 1)), Err(JsonError::TooDeep));
    assert_eq!(whole(&nested(1_000_000)), Err(JsonError::TooDeep));
    let mixed = format!("{{\"x\":{}1{}}}", "{\"y\":[".repeat(63), "]}".repeat(63));
    assert!(whole(&mixed).is_ok());
    assert!(whole(&mixed.replacen("]}", "}]", 1)).is_err());
}

#[test]
fn after_an_error_more_bytes_change_nothing() {
    let mut scanner = Scanner::new(FIELDS, Keys::Exact);
    scanner.push(br#"{"a":1,}"#);
    scanner.push(br#"{"body":"later"}"#);
    assert_eq!(scanner.captured_bytes(), 2 + "1".len(), "a key with its quote, and a value");
    assert_eq!(scanner.finish().err(), Some(JsonError::Syntax(7)));
}

#[test]
fn what_came_before_the_end_is_salvaged() {
    assert_eq!(salvage(r#"{"a":"one","body":"tw"#), [value("\"one\""), cut("\"tw"), Captured::Absent]);
    assert_eq!(salvage(r#"{"a":"one"} trailing"#)[0], value("\"one\""));
    assert_eq!(salvage(r#"{"a":"one",oops"#)[0], value("\"one\""));
    assert_eq!(salvage(r#"{"short":"12"#)[2], Captured::TooLong);
}

/// JSON text, mostly sound: what matters are its joints, so strings and numbers are small.
fn json(depth: u32) -> impl Strategy<Value = String> {
    let string = prop_oneof![
        "[a-z{}\\[\\],: é😀]{0,40}".prop_map(|text| format!("\"{text}\"")),
        r#""(a|\\n|\\u00e9|\\ud83d\\ude00|\\"|\\\\|/|\\/){0,9}""#,
    ];
    let number = "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?";
    let name =
        prop_oneof![3 => "\"[a-z]{0,3}\"", 1 => Just("\"a\"".into()), 1 => Just("\"bod\\u0079\"".into())];
    let leaf = prop_oneof![string, number, Just("true".into()), Just("false".into()), Just("null".into())];
    leaf.prop_recursive(depth, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(" ,"))),
            prop::collection::vec((name.clone(), inner), 0..4).prop_map(object),
        ]
    })
}

fn object(members: Vec<(String, String)>) -> String {
    let members: Vec<_> = members.into_iter().map(|(name, value)| format!("{name} :\t{value}")).collect();
    format!("{{{}\n}}", members.join(","))
}

fn document() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        Just("\"a\""),
        Just("\"body\""),
        Just("\"sh\\u006frt\""),
        Just("\"other\""),
        Just("\"x\"")
    ];
    prop::collection::vec((name.prop_map(String::from), json(4)), 0..6).prop_map(object)
}

/// A document after some bytes were changed, removed or inserted.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop_oneof![
        4 => prop::sample::select(b"{}[]\",:\\/0123456789.eE+-truefalsn u \n\t\x00\x1f\x7f".to_vec()),
        1 => any::<u8>(),
    ];
    let edit = (any::<prop::sample::Index>(), 0..3, bytes);
    (document(), prop::collection::vec(edit, 0..4)).prop_map(|(text, edits)| {
        let mut text = text.into_bytes();
        for (at, kind, byte) in edits {
            let at = at.index(text.len() + 1);
            match kind {
                0 if at < text.len() => text[at] = byte,
                1 if at < text.len() => drop(text.remove(at)),
                _ => text.insert(at, byte),
            }
        }
        text
    })
}

fn chunked(bytes: &[u8], cuts: &[prop::sample::Index]) -> Outcome {
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    let chunks: Vec<_> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
    scan(Keys::Exact, &chunks)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_chunking_gives_the_result_of_one_chunk(
        bytes in mutated(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let one = scan(Keys::Exact, &[&bytes]);
        prop_assert_eq!(chunked(&bytes, &cuts), one.clone());
        let single: Vec<_> = bytes.chunks(1).collect();
        prop_assert_eq!(scan(Keys::Exact, &single), one);
    }

    #[test]
    fn the_same_bytes_are_json_as_for_serde_json(bytes in mutated()) {
        let sound = serde_json::from_slice::<IgnoredAny>(&bytes).is_ok();
        let outcome = scan(Keys::AnyCase, &[&bytes]);
        if bytes.trim_ascii_start().first() == Some(&b'{') {
            prop_assert_eq!(outcome.is_ok(), sound, "{:?}", outcome);
        } else {
            prop_assert!(outcome.is_err());
        }
    }

    #[test]
    fn unaltered_documents_are_accepted(text in document()) {
        prop_assert!(scan(Keys::AnyCase, &[text.as_bytes()]).is_ok(), "{}", text);
    }
}
