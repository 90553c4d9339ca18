//! Entries, which are handed out as QStash sends them.

use serde::Serialize;
use ts_rs::TS;

/// An entry of the dead letter queue as QStash sends it.
#[derive(Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub(super) struct DlqEntry {
    dlq_id: String,
    /// Absent on entries that are no workflow runs.
    workflow_run_id: Option<String>,
    workflow_url: Option<String>,
    /// Epoch milliseconds.
    #[ts(as = "Option<WireTime>", inline)]
    workflow_created_at: Option<u64>,
    /// When the failed message was created, in epoch milliseconds.
    #[ts(as = "Option<WireTime>", inline)]
    created_at: Option<u64>,
    /// Status of the last failed delivery.
    response_status: Option<u16>,
    /// Body of the answer to that delivery.
    response_body: Option<String>,
    /// The first of `labels`.
    label: Option<String>,
    labels: Option<Vec<String>>,
    #[ts(as = "Option<crate::dlq::CallbackState>")]
    failure_function_state: Option<&'static str>,
}

/// Times come in either form.
#[derive(TS)]
#[ts(type = "number | string")]
struct WireTime;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dlq::{ApiResponse, Call, CallbackState, Entry, GetEntry},
        ids::DlqId,
    };

    fn read(entry: &DlqEntry) -> Entry {
        let body = serde_json::to_vec(entry).unwrap();
        GetEntry::new(DlqId::new("asked").unwrap()).parse(ApiResponse::new(200, body, |_| None)).unwrap()
    }

    #[test]
    fn the_core_reads_the_same_fields() {
        let mut entry = DlqEntry {
            dlq_id: "1-0".to_owned(),
            workflow_run_id: Some("wfr_a".to_owned()),
            workflow_url: Some("https://a.example/".to_owned()),
            workflow_created_at: Some(1),
            created_at: Some(2),
            response_status: Some(503),
            response_body: Some("{}".to_owned()),
            label: Some("a".to_owned()),
            labels: Some(vec!["a".to_owned(), "b".to_owned()]),
            failure_function_state: CallbackState::Failed.as_wire(),
        };
        let seen = read(&entry);
        assert_eq!(seen.dlq_id.as_str(), "1-0");
        assert_eq!(seen.run_id.unwrap().as_str(), "wfr_a");
        assert_eq!(seen.workflow_url.as_deref(), Some("https://a.example/"));
        assert_eq!(seen.workflow_created_at.unwrap().as_millis(), 1);
        assert_eq!(seen.created_at.unwrap().as_millis(), 2);
        assert_eq!(seen.response_status, Some(503));
        assert_eq!(seen.labels, ["a", "b"]);
        assert_eq!(seen.callback_state, Some(CallbackState::Failed));
        entry.labels = None;
        assert_eq!(read(&entry).labels, ["a"]);
    }
}
