//! Where requests go, and that nobody sees the token.

use workflow_redrive::client::{Authentication, Endpoint, InvalidEndpointError};
use workflow_redrive::dlq::{Call, List, Overrides, Resume};
use workflow_redrive::http_url::HttpUrl;
use workflow_redrive::settings::Token;

use crate::world::id;

const TOKEN: &str = "eyJ+/secret==";

fn endpoint(base: &str) -> Result<Endpoint, InvalidEndpointError> {
    Endpoint::new(HttpUrl::parse(base).unwrap(), Token::new(TOKEN).unwrap())
}

#[test]
fn the_token_travels_as_a_bearer_unless_the_query_was_asked_for() {
    let request = Resume::new(id(0), Overrides::default().with_retries(2)).request();
    let endpoint = endpoint("https://qstash.example/").unwrap();
    let bearer = endpoint.address(&request);
    assert_eq!(bearer.url, "https://qstash.example/v2/workflows/dlq/resume/1-0");
    let expected = [("Authorization", format!("Bearer {TOKEN}")), ("Upstash-Retries", "2".to_owned())];
    assert_eq!(bearer.headers, expected);

    let endpoint = endpoint.authenticated_by(Authentication::Query);
    let query = endpoint.address(&request);
    assert_eq!(
        query.url,
        "https://qstash.example/v2/workflows/dlq/resume/1-0?qstash_token=eyJ%2B%2Fsecret%3D%3D"
    );
    assert_eq!(query.headers, [("Upstash-Retries", "2".to_owned())]);
    let list = endpoint.address(&List::all().request());
    assert_eq!(
        list.url,
        "https://qstash.example/v2/workflows/dlq?count=100&qstash_token=eyJ%2B%2Fsecret%3D%3D"
    );
    for shown in [format!("{endpoint:?}"), format!("{bearer:?}"), format!("{query:?}"), format!("{list:?}")] {
        assert!(!shown.contains("secret"), "{shown}");
    }
    assert!(format!("{query:?}").contains("POST /v2/workflows/dlq/resume/1-0"));
}

#[test]
fn words_of_others_lose_the_token_in_both_spellings() {
    let endpoint = endpoint("https://qstash.example").unwrap();
    for text in [
        format!("refused {TOKEN}"),
        "error sending request for url (https://qstash.example/?qstash_token=eyJ%2B%2Fsecret%3D%3D)"
            .to_owned(),
        format!("cut off at {}", &TOKEN[..10]),
    ] {
        let told = endpoint.redact(&text);
        assert!(!told.contains("secr") && told.contains('…'), "{told}");
    }
}

#[test]
fn a_token_is_only_sent_where_nobody_listens() {
    for base in ["https://qstash.example", "http://127.0.0.1:8080", "http://localhost:8080/"] {
        assert!(endpoint(base).is_ok(), "{base}");
    }
    for base in ["http://qstash.example", "https://qstash.example/?a=b"] {
        assert_eq!(endpoint(base).unwrap_err(), InvalidEndpointError, "{base}");
    }
    for token in ["", "a b", "a\r\nb", "ü"] {
        assert!(Token::new(token).is_err(), "{token:?}");
    }
}
