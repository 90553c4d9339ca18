//! A failed run.

use crate::{callback, ids::DlqId, time::Timestamp};

plain! {
    /// A failed run, read from a failure callback. Times are epoch milliseconds.
    Failure<'a> by failure(failure: &'a callback::Failure) {
        workflow_run_id as "workflowRunId": &'a str = failure.run_id.as_str(),
        /// Not every callback names its entry.
        dlq_id as "dlqId": Option<&'a str> = failure.dlq_id.as_ref().map(DlqId::as_str),
        /// The endpoint that failed.
        workflow_url as "workflowUrl": &'a str = &failure.workflow_url,
        /// Status of the failing delivery; 0 if the endpoint did not answer.
        status as "status": u16 = failure.status,
        /// The class of the error, such as `TypeError`.
        error_name as "errorName": Option<&'a str> = failure.error.as_ref().and_then(|error| error.name.as_ref()).map(AsRef::as_ref),
        /// At most 2 KiB of it.
        error_message as "errorMessage": Option<&'a str> = failure.error.as_ref().map(|error| error.message.as_ref()),
        /// The step that failed. Only recent SDKs tell.
        step_name as "stepName": Option<&'a str> = failure.step_name.as_deref(),
        /// Labels of the run.
        labels as "labels": &'a [String] = &failure.labels,
        /// When the endpoint asked to be called again.
        retry_at as "retryAt": Option<u64> = failure.retry_hint.map(|hint| hint.until().as_millis()),
        /// Retries of the failing delivery.
        retried as "retried": Option<u32> = failure.retried,
        /// Retries that the failing delivery was allowed.
        max_retries as "maxRetries": Option<u32> = failure.max_retries,
        /// The message whose delivery failed.
        source_message_id as "sourceMessageId": Option<&'a str> = failure.source_message_id.as_deref(),
        /// When that message was created.
        created_at as "createdAt": Option<u64> = failure.created_at.map(Timestamp::as_millis),
        /// When the run was triggered.
        workflow_created_at as "workflowCreatedAt": Option<u64> = failure.workflow_created_at.map(Timestamp::as_millis),
        /// The callback itself: the same each time it is delivered.
        callback_message_id as "callbackMessageId": Option<&'a str> = failure.callback_message_id.as_deref(),
        /// Retries of the callback itself.
        callback_retried as "callbackRetried": Option<u32> = failure.callback_retried,
    }
}
