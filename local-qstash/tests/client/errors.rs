//! The documented errors: 400, 401, 404, 429 and 500.

use serde_json::json;
use workflow_redrive::client::{CallError, Patience};
use workflow_redrive::dlq::{ApiErrorKind, Overrides, Resume, RetryCallback};
use workflow_redrive::ids::DlqId;

use std::time::Duration;

use crate::world::{Service, Trick, block_on};

/// Of a client that tries once.
fn resume(service: &Service, id: &str) -> Result<(), CallError> {
    let patience = Patience::DEFAULT.with_bounds(1, Duration::from_mins(1));
    let call = Resume::new(DlqId::new(id).unwrap(), Overrides::default());
    block_on(service.client().with_patience(patience).resume(&call, None)).map(drop)
}

#[test]
fn a_bad_request_is_400_with_the_words_of_the_service() {
    let service = Service::new(&[]);
    let ids = service.plant(json!({ "failureFunctionState": "CALLBACK_SUCCESS" }));
    let refused = block_on(service.client().retry_callback(&RetryCallback::new(ids[0].clone()))).unwrap_err();
    assert_eq!(refused.api_error().kind(), ApiErrorKind::BadRequest, "{refused}");
    assert!(!refused.api_error().message().is_empty());
}

#[test]
fn a_wrong_token_is_401() {
    let service = Service::new(&[]).with_token("somebody-elses");
    let refused = resume(&service, "1-0").unwrap_err();
    assert_eq!(refused.api_error().kind(), ApiErrorKind::Unauthorized, "{refused}");
    assert_eq!(refused.attempts(), 1);
}

#[test]
fn an_entry_that_is_not_there_is_404() {
    let refused = resume(&Service::new(&[]), "1-0").unwrap_err();
    assert_eq!(refused.api_error().kind(), ApiErrorKind::NotFound, "{refused}");
}

#[test]
fn a_rate_limit_is_429_with_its_reset() {
    let service = Service::new(&[]);
    service.trick(&[Trick::Limited]);
    let refused = resume(&service, "1-0").unwrap_err();
    let limit = refused.api_error().rate_limit().expect("a limit");
    assert!(limit.reset.is_some());
    assert!(service.acts("resumed").is_empty());
}

#[test]
fn a_broken_service_is_500() {
    let service = Service::new(&[]);
    let ids = service.plant(json!({}));
    service.trick(&[Trick::BrokenBefore]);
    let refused = resume(&service, ids[0].as_str()).unwrap_err();
    assert_eq!(refused.api_error().kind(), ApiErrorKind::Server, "{refused}");
    assert_eq!(refused.api_error().status(), Some(500));
    assert_eq!(resume(&service, ids[0].as_str()), Ok(()), "and later it works");
}
