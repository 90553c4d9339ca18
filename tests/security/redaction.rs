//! A service that repeats our token: nothing that we say or keep has it, nor a telling part of it.

use proptest::prelude::*;
use workflow_redrive::dlq::TransportError;
use workflow_redrive::operator::{Answer, Asked, Operator, OperatorReply};
use workflow_redrive::recovery::{LogLine, Reply, Timings};
use workflow_redrive::settings::Token;

use crate::world::{ADMIN, Delivery, TOKEN, URL, World, settings};

/// Whether eight bytes in a row are the token's beginning.
fn tells(text: &str) -> bool {
    text.contains(&TOKEN[..8])
}

fn operated(status: u16, body: &[u8]) -> OperatorReply {
    let settings = settings(&[]);
    let headers = [("authorization".to_owned(), format!("Bearer {ADMIN}"))];
    let asked = Asked {
        method: "POST",
        url: "https://redrive.example/v2/workflows/dlq/resume?all=true",
        headers: &headers,
    };
    let mut exchange = Operator::of(&settings).unwrap().admit(&asked).unwrap();
    exchange.take(Ok(Answer { status, headers: Vec::new(), body: body.to_vec() })).unwrap()
}

#[test]
fn an_operator_does_not_get_it_by_an_error_of_any_kind() {
    let escaped = TOKEN.replace('-', "\\u002d");
    for words in [
        format!("bad token {TOKEN}, sorry").into_bytes(),
        format!(r#"{{"error":"Bearer {TOKEN}"}}"#).into_bytes(),
        format!(r#"{{"error":"Bearer {escaped}"}}"#).into_bytes(),
        [b"\xff\xfe", TOKEN.as_bytes(), b"\xff"].concat(),
        TOKEN.as_bytes()[..20].to_vec(),
    ] {
        for status in [302, 400, 401, 403, 404, 429, 500] {
            let reply = operated(status, &words);
            assert!(
                !tells(&String::from_utf8_lossy(&reply.body)),
                "{status} {}",
                String::from_utf8_lossy(&words)
            );
        }
    }
}

#[test]
fn an_operator_does_not_get_it_by_an_error_of_the_runtime() {
    let settings = settings(&[]);
    let headers = [("authorization".to_owned(), format!("Bearer {ADMIN}"))];
    let asked = Asked { method: "GET", url: "https://redrive.example/v2/dlq", headers: &headers };
    for error in [TransportError::interrupted, TransportError::unreachable] {
        let mut exchange = Operator::of(&settings).unwrap().admit(&asked).unwrap();
        let reply = exchange.take(Err(error(&format!("cannot send {TOKEN}")))).unwrap();
        assert!(!tells(&String::from_utf8_lossy(&reply.body)));
    }
}

#[test]
fn neither_log_nor_reply_of_a_callback_has_it() {
    let body = serde_json::json!({"status": 503, "url": "https://app.example/", "dlqId": "1-0", "workflowRunId": "wfr_1"});
    for answer in [
        TOKEN.to_owned(),
        format!(r#"{{"workflowRunId": ["{TOKEN}"]}}"#),
        format!(r#"{{"error": "no: Bearer {TOKEN}, sorry"}}"#),
        format!("{}{TOKEN}", "x".repeat(500)),
    ] {
        for status in [200, 302, 400, 401, 403, 404, 429, 500] {
            let conclusion =
                Delivery::signed(URL, &body).arrives(&settings(&[]), &World::refusing(status, &answer));
            let told = format!("{} {conclusion:?}", LogLine::new(&conclusion, Timings::default()).json);
            assert!(!tells(&told) && !tells(&Reply::from(&conclusion).body), "{told}");
            assert_eq!(told.contains('…'), conclusion.detail.is_some() && status != 200, "{status}: {told}");
        }
    }
}

proptest! {
    /// Wherever it stands, wherever it is cut, and whatever is made of its last characters.
    #[test]
    fn no_telling_part_of_a_token_is_left(
        before in "\\PC{0,20}", after in "\\PC{0,20}", cut in 0_usize..80, kept in 8_usize..34,
    ) {
        let token = Token::new(TOKEN).unwrap();
        let whole = [&before, &TOKEN[..kept.min(TOKEN.len())], &after].concat();
        let redacted = token.redact(&whole);
        prop_assert!(!tells(&redacted), "{redacted}");
        prop_assert!(redacted.contains('…'));
        let cut = &whole[..whole.floor_char_boundary(cut)];
        let redacted = token.redact(cut);
        prop_assert!(!tells(&redacted) && !redacted.ends_with(&TOKEN[..4]), "{redacted}");
    }

    #[test]
    fn other_words_stay_as_they_are(text in "[A-Z0-9 äöü…]{0,60}") {
        prop_assert_eq!(Token::new(TOKEN).unwrap().redact(&text), text);
    }
}

#[test]
fn a_short_token_goes_too() {
    assert_eq!(Token::new("abc").unwrap().redact("xabcabx abc"), "x…abx …");
}
