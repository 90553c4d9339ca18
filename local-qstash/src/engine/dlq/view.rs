//! An entry as the API shows it. Source: QStash OpenAPI, `DlqMessage`, and the types of `@upstash/workflow`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::super::Engine;
use super::super::failure::initial_headers;
use super::super::json::set;
use super::super::switches::{LabelField, StateField};
use super::{CallbackRecord, DlqEntry, EntryId};

impl Engine {
    pub(super) fn entry_json(&self, id: EntryId, entry: DlqEntry) -> Option<Value> {
        let run = self.runs.by_key(entry.run)?;
        let failure = run.failure.as_ref()?;
        let (message, answer) = (&failure.message, &failure.answer);
        let mut json = json!({
            "dlqId": id.to_string(),
            "messageId": message.id,
            "url": message.url,
            "method": message.method,
            "header": initial_headers(run).to_lists(),
            "maxRetries": message.retries,
            "notBefore": self.written_time(message.not_before),
            "createdAt": self.written_time(message.created_at),
            "callerIP": run.settings.caller_ip,
            "workflowRunId": run.id,
            "workflowCreatedAt": self.written_time(run.created_at),
            "workflowUrl": run.url,
            "responseHeader": answer.headers.to_lists(),
        });
        if answer.status != 0 {
            set(&mut json, "responseStatus", answer.status.into());
        }
        put_body(&mut json, "body", "bodyBase64", run.payload());
        put_body(&mut json, "responseBody", "responseBodyBase64", &answer.body);
        if let Some(expression) = &message.retry_delay {
            set(&mut json, "retryDelayExpression", expression.as_str().into());
        }
        if let Some(flow) = &run.settings.flow {
            set(&mut json, "flowControlKey", flow.key.clone().into());
            set(&mut json, "period", (flow.limits.period_ms / 1000).into());
            for (name, limit) in [("parallelism", flow.limits.parallelism), ("rate", flow.limits.rate)] {
                if let Some(limit) = limit {
                    set(&mut json, name, limit.into());
                }
            }
        }
        self.put_labels(&mut json, &run.settings.labels);
        if let Some(callback) = &run.settings.failure_callback {
            set(&mut json, "failureCallback", callback.url.clone().into());
        }
        if let Some(record) = &failure.callback {
            self.put_callback(&mut json, record);
        }
        Some(json)
    }

    fn put_labels(&self, json: &mut Value, labels: &[String]) {
        let field = self.config.switches.label_field;
        let Some(first) = labels.first() else { return };
        if field != LabelField::Labels {
            set(json, "label", first.clone().into());
        }
        if field != LabelField::Label {
            set(json, "labels", labels.into());
        }
    }

    fn put_callback(&self, json: &mut Value, record: &CallbackRecord) {
        set(json, "failureCallbackHeader", record.headers.to_lists());
        let field = self.config.switches.state_field;
        if field != StateField::FailureCallbackInfo {
            set(json, "failureFunctionState", record.state.as_str().into());
        }
        if field != StateField::FailureFunctionState {
            let mut info = json!({ "state": record.state.as_str() });
            if let Some(answer) = &record.answer {
                set(&mut info, "responseStatus", answer.status.into());
                set(&mut info, "responseBody", String::from_utf8_lossy(&answer.body).into());
                set(&mut info, "responseHeaders", answer.headers.to_lists());
            }
            set(json, "failureCallbackInfo", info);
        }
    }
}

/// Text under one name, anything else encoded under the other.
fn put_body(json: &mut Value, text: &str, encoded: &str, body: &[u8]) {
    match std::str::from_utf8(body) {
        Ok(body) => set(json, text, body.into()),
        Err(_) => set(json, encoded, STANDARD.encode(body).into()),
    }
}
