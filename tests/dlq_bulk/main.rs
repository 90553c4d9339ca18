//! The whole DLQ API from outside: filters, selections, pages, and the calls beside those for one entry.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a broken test value should fail the test"
)]

mod answers;
mod filters;
mod pages;
mod selections;

use std::time::Duration;

use workflow_redrive::dlq::{
    ApiErrorKind, ApiResponse, Call, CallbackState, CancelCallback, ChangeFlowControl, DeleteMany, Filter,
    FlowControlChange, FlowControlKey, FlowControlValue, GetFlowControl, Ids, InvalidFilterError,
    InvalidIdsError, InvalidRunsError, Label, List, ListPath, Method, Overrides, Paged, Pages, RestartMany,
    ResumeMany, RetryCallback, RunRef, RunState, RunStates, Selection, SigningKeys, Unpin,
};
use workflow_redrive::http_url::HttpUrl;
use workflow_redrive::ids::{DlqId, RunId};
use workflow_redrive::time::Timestamp;

fn id(n: usize) -> DlqId {
    DlqId::new(format!("1-{n}")).unwrap()
}

fn ids(count: usize) -> Ids {
    Ids::new((0..count).map(id)).unwrap()
}

fn answer(status: u16, body: &str) -> ApiResponse {
    ApiResponse::new(status, body, |_| None)
}

fn url(text: &str) -> HttpUrl {
    HttpUrl::parse(text).unwrap()
}

fn label(text: &str) -> Label {
    Label::new(text).unwrap()
}

/// Method, path and query of a call.
fn line(call: &impl Call) -> String {
    let request = call.request();
    format!("{} {}", request.method, request.path_and_query)
}

fn resume_all() -> ResumeMany {
    ResumeMany::new(Selection::All, Overrides::default())
}
