use super::*;

#[test]
fn what_is_no_compact_jws_is_malformed() {
    let token = sign(CURRENT, &claims(URL, BODY));
    let padded = format!("{token}=");
    let five_parts = format!("{token}.a.b");
    let padded_header = token.replacen('.', "==.", 1);
    let bearer = format!("Bearer {token}");
    for token in [
        "",
        ".",
        "..",
        "...",
        "garbage",
        "a.b",
        "a.b.c",
        "{}.{}.{}",
        "ключ.ключ.ключ",
        &padded,
        &five_parts,
        &padded_header,
        &bearer,
        &format!(" {GOLDEN}"),
        &format!("{GOLDEN}\n"),
    ] {
        assert_eq!(verify(token).unwrap_err(), SignatureError::Malformed, "{token}");
    }
}

#[test]
fn no_character_of_a_token_can_be_changed_or_dropped() {
    for at in 0..GOLDEN.len() {
        let mut changed = GOLDEN.to_owned();
        let other = if &GOLDEN[at..=at] == "A" { "B" } else { "A" };
        changed.replace_range(at..=at, other);
        assert!(verify(&changed).is_err(), "changed at {at}");
        changed.remove(at);
        assert!(verify(&changed).is_err(), "dropped at {at}");
    }
}

#[test]
fn a_payload_cannot_be_swapped_for_that_of_another_token() {
    let theirs = sign("sig_theirs", &claims("https://redrive.example/?team=b", BODY));
    let parts: Vec<&str> = GOLDEN.split('.').collect();
    let payload = theirs.split('.').nth(1).unwrap();
    let swapped = [parts[0], payload, parts[2]].join(".");
    assert_eq!(verify(&swapped).unwrap_err(), SignatureError::Key);
}

#[test]
fn a_token_of_100_kb_is_not_looked_at_and_one_of_16_kib_still_is() {
    let filled = |bytes: usize| {
        let mut claims = claims(URL, BODY);
        claims["jti"] = json!("x".repeat(bytes));
        sign(CURRENT, &claims)
    };
    assert_eq!(verify(&filled(75_000)).unwrap_err(), SignatureError::Malformed);
    let lengths: Vec<usize> = (11_900..12_100)
        .map(|bytes| {
            let token = filled(bytes);
            assert_eq!(verify(&token).is_ok(), token.len() <= 16 * 1024, "{} bytes", token.len());
            token.len()
        })
        .collect();
    assert!(lengths.contains(&(16 * 1024)) && lengths.contains(&(16 * 1024 + 1)), "{lengths:?}");
}
