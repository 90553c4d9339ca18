use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

fn regex(pattern: &str) -> Regex {
    pattern.parse().unwrap()
}

#[test]
fn every_form_matches_what_it_says() {
    for (pattern, yes, no) in [
        ("", "", None),
        ("abc", "xabcx", Some("abxc")),
        ("^abc$", "abc", Some("abcd")),
        ("a.c", "aéc", Some("a\nc")),
        ("[a-cx]+z", "bbxz", Some("dz")),
        ("[^a-c]z", "éz", Some("az")),
        (r"[\]\-]", "-", Some("a")),
        ("[a-]", "-", Some("b")),
        (r"[\d\s]x", "\tx", Some("ax")),
        (r"[\D]", "a", Some("1")),
        (r"\d\D\w\W\s\S", "1a_- -", Some("aaaaaa")),
        (r"\bword\b", "a word.", Some("awords")),
        (r"\Bord\b", "a word.", Some("a ord")),
        ("a|bc|d", "xbcx", Some("b c")),
        ("(a|b)(?:c|d)", "bd", Some("ab")),
        ("a(|b)c", "ac", Some("abbc")),
        ("ab*c", "abbbc", Some("abxc")),
        ("ab+c", "abc", Some("ac")),
        ("ab?c", "ac", Some("abbc")),
        ("^a{3}$", "aaa", Some("aa")),
        ("^a{2,}$", "aaaaa", Some("a")),
        ("^a{0,}b$", "b", Some("c")),
        ("^a{1,3}$", "aaa", Some("aaaa")),
        ("^a{0}b", "b", Some("ab")),
        ("^(ab){2,3}$", "ababab", Some("abababab")),
        ("^(a|b*)*$", "abba", Some("abc")),
        ("^()*a", "a", Some("b")),
        ("a+?b", "aab", Some("b")),
        (r"\.\*\(\)\{\}\\\/\n", ".*(){}\\/\n", Some(".*(){}\\/")),
        ("}]", "}]", Some("}")),
        ("(?i)Lock[A-C]é", "lOCKbé", Some("lockbÉ")),
        ("(?i)[^a]", "b", Some("A")),
    ] {
        assert!(regex(pattern).is_match(yes), "{pattern} on {yes:?}");
        if let Some(no) = no {
            assert!(!regex(pattern).is_match(no), "{pattern} on {no:?}");
        }
    }
}

#[test]
fn what_is_not_known_is_refused_by_name_and_place() {
    for (pattern, message) in [
        ("(?=a)", "look-around at character 0"),
        ("a(?!b)", "look-around at character 1"),
        ("(?<=a)b", "look-around at character 0"),
        ("(?<!a)b", "look-around at character 0"),
        ("(?<n>a)", "a named group at character 0"),
        ("(?P<n>a)", "a named group at character 0"),
        ("(?s)a", "a flag other than `(?i)` at the beginning at character 0"),
        ("a(?i)b", "a flag other than `(?i)` at the beginning at character 1"),
        ("(?i:a)", "a flag other than `(?i)` at the beginning at character 0"),
        (r"(a)\1", "a back-reference at character 3"),
        (r"(a)\k<n>", "a back-reference at character 3"),
        (r"\pL", "a Unicode class at character 0"),
        (r"[\p{L}]", "a Unicode class at character 1"),
        (r"\x41", "an unknown escape at character 0"),
        (r"\Aa", "an unknown escape at character 0"),
        ("é\\", "an unknown escape at character 1"),
        ("*a", "a repeat of nothing (a literal needs `\\`) at character 0"),
        ("a|+", "a repeat of nothing (a literal needs `\\`) at character 2"),
        ("{", "a repeat of nothing (a literal needs `\\`) at character 0"),
        ("a**", "a repeat of a repeat (a group can be repeated) at character 2"),
        ("a+?+", "a repeat of a repeat (a group can be repeated) at character 3"),
        ("(a", "a group without `)` at character 2"),
        ("a)", "`)` without a group at character 1"),
        ("[a", "a set without `]` at character 2"),
        ("[]", "an empty set (a literal `]` needs `\\`) at character 2"),
        ("[[:alpha:]]", "`[` in a set (a literal needs `\\`) at character 1"),
        ("[b-a]", "a range that does not go up at character 4"),
        (r"[a-\d]", "a range that does not go up at character 5"),
        (r"[\b]", "a word boundary in a set at character 3"),
    ] {
        assert_eq!(pattern.parse::<Regex>().unwrap_err().to_string(), message, "{pattern}");
    }
    for count in ["{}", "{a}", "{,3}", "{3,2}", "{1", "{-1}", "{1,2,3}", "{ 1}"] {
        let message = ["a", count].concat().parse::<Regex>().unwrap_err().to_string();
        assert!(
            message.starts_with("a count that is none of `{2}`, `{2,}` and `{2,5}`"),
            "{count}: {message}"
        );
    }
}

#[test]
fn patterns_are_bounded_in_every_direction() {
    let too_large = "too large a pattern: what is repeated counts each time";
    for pattern in
        ["a{1025}", "(){4000000000}", "(){0,4000000000}", "((((a{9}){9}){9}){9}){9}", "(a{0,9}){200}"]
    {
        let message = pattern.parse::<Regex>().unwrap_err().to_string();
        assert!(message.starts_with(too_large), "{pattern}: {message}");
    }
    assert!("a{1000}".parse::<Regex>().unwrap().is_match(&"a".repeat(1000)));
    assert!("x".repeat(MAX_PATTERN_BYTES).parse::<Regex>().is_ok());
    let long = "x".repeat(MAX_PATTERN_BYTES + 1).parse::<Regex>().unwrap_err();
    assert_eq!(long.to_string(), "more than 512 bytes at character 0");
    let nested = |depth: usize| ["(".repeat(depth), ")".repeat(depth)].concat().parse::<Regex>();
    assert!(nested(32).is_ok());
    assert_eq!(nested(33).unwrap_err().to_string(), "too deep a group at character 32");
}

/// Where an engine that goes back over what it has read would take longer than the universe has had.
#[expect(clippy::disallowed_methods, reason = "these tests run natively, where there is a clock")]
#[test]
fn no_pattern_takes_more_than_linear_time() {
    for pattern in [
        "^(a+)+$",
        "^(a|a)*$",
        "^(a|aa)+$",
        "(.*)*b",
        "(a*)*(a*)*(a*)*b",
        "^(([a-z])+.)+[A-Z]([a-z])+$",
        "(a?){300}a{300}$",
        r"(\w+\s?)*\.$",
    ] {
        let regex = regex(pattern);
        let text = ["a".repeat(2047).as_str(), "!"].concat();
        let began = Instant::now();
        _ = regex.is_match(&text);
        assert!(began.elapsed() < Duration::from_secs(2), "{pattern} took {:?}", began.elapsed());
    }
}

/// A pattern of our dialect, and the same for the reference, whose `\d \w \s \b` are those of Unicode otherwise.
fn pattern() -> impl Strategy<Value = (String, String)> {
    const ATOMS: &[(&str, &str)] = &[
        ("a", "a"),
        ("b", "b"),
        ("B", "B"),
        ("é", "é"),
        (r"\.", r"\."),
        ("1", "1"),
        (".", "."),
        ("^", "^"),
        ("$", "$"),
        (r"\b", r"(?-u:\b)"),
        (r"\d", "[0-9]"),
        (r"\D", "[^0-9]"),
        (r"\w", "[0-9A-Za-z_]"),
        (r"\W", "[^0-9A-Za-z_]"),
        (r"\s", r"[\t\n\x0b\x0c\r ]"),
        (r"\S", r"[^\t\n\x0b\x0c\r ]"),
        ("[ab]", "[ab]"),
        ("[^ab]", "[^ab]"),
        (r"[A-C\d_-]", "[A-C0-9_-]"),
        (r"[^\W1]", "[^[^0-9A-Za-z_]1]"),
        ("[a-é]", "[a-é]"),
    ];
    let atom =
        proptest::sample::select(ATOMS).prop_map(|(ours, theirs)| (ours.to_owned(), theirs.to_owned()));
    let both = |f: fn(&[String]) -> String| {
        move |parts: Vec<(String, String)>| {
            let (ours, theirs): (Vec<String>, Vec<String>) = parts.into_iter().unzip();
            (f(&ours), f(&theirs))
        }
    };
    let whole = atom.prop_recursive(4, 24, 4, move |inner| {
        let repeats =
            proptest::sample::select(&["*", "+", "?", "{2}", "{0,2}", "{1,3}", "{1,}", "{0}", "*?"][..]);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(both(<[String]>::concat)),
            proptest::collection::vec(inner.clone(), 1..4).prop_map(both(|parts| [
                "(",
                &parts.join("|"),
                ")"
            ]
            .concat())),
            (inner, repeats).prop_map(|((ours, theirs), repeat)| {
                (["(?:", &ours, ")", repeat].concat(), ["(?:", &theirs, ")", repeat].concat())
            }),
        ]
    });
    (whole, any::<bool>()).prop_map(|((ours, theirs), any_case)| {
        let flag = if any_case { "(?i)" } else { "" };
        ([flag, &ours].concat(), [flag, &theirs].concat())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn it_agrees_with_the_regex_crate((ours, theirs) in pattern(), text in "[abBé1._ \n\tC-]{0,10}") {
        // Case is folded for ASCII alone.
        prop_assume!(!ours.starts_with("(?i)") || text.is_ascii() && !ours.contains('é'));
        let expected = ::regex::Regex::new(&theirs).unwrap().is_match(&text);
        prop_assert_eq!(regex(&ours).is_match(&text), expected, "{} on {:?}", ours, text);
    }

    #[test]
    fn anything_is_read_or_refused(pattern in r"[ab(){}\[\]|*+?^$.,0-9\\dbwkpsé<!=:-]{0,24}", text in ".{0,20}") {
        if let Ok(regex) = pattern.parse::<Regex>() {
            _ = regex.is_match(&text);
            if let Ok(reference) = ::regex::Regex::new(&pattern)
                && text.is_ascii() && pattern.is_ascii() && !pattern.contains("&&")
                && !pattern.contains("--") && !pattern.contains(r"\<")
            {
                prop_assert_eq!(regex.is_match(&text), reference.is_match(&text), "{} on {:?}", pattern, text);
            }
        }
    }
}
