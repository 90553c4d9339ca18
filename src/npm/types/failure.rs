//! A failed run.

use crate::{callback, time::Timestamp};

plain! {
    /// A failed run, read from a failure callback. Times are epoch milliseconds.
    Failure<'a> {
        workflow_run_id as "workflowRunId": &'a str,
        /// Not every callback names its entry.
        dlq_id as "dlqId": Option<&'a str>,
        /// The endpoint that failed.
        workflow_url as "workflowUrl": &'a str,
        /// Status of the failing delivery; 0 if the endpoint did not answer.
        status as "status": u16,
        /// The class of the error, such as `TypeError`.
        error_name as "errorName": Option<&'a str>,
        /// At most 2 KiB of it.
        error_message as "errorMessage": Option<&'a str>,
        /// The step that failed. Only recent SDKs tell.
        step_name as "stepName": Option<&'a str>,
        /// Labels of the run.
        labels as "labels": &'a [String],
        /// When the endpoint asked to be called again.
        retry_at as "retryAt": Option<u64>,
        /// Retries of the failing delivery.
        retried as "retried": Option<u32>,
        /// Retries that the failing delivery was allowed.
        max_retries as "maxRetries": Option<u32>,
        /// The message whose delivery failed.
        source_message_id as "sourceMessageId": Option<&'a str>,
        /// When that message was created.
        created_at as "createdAt": Option<u64>,
        /// When the run was triggered.
        workflow_created_at as "workflowCreatedAt": Option<u64>,
        /// The callback itself: the same each time it is delivered.
        callback_message_id as "callbackMessageId": Option<&'a str>,
        /// Retries of the callback itself.
        callback_retried as "callbackRetried": Option<u32>,
    }
}

pub(in crate::npm) fn failure(failure: &callback::Failure) -> String {
    let error = failure.error.as_ref();
    let failure = Failure {
        workflow_run_id: failure.run_id.as_str(),
        dlq_id: failure.dlq_id.as_ref().map(AsRef::as_ref),
        workflow_url: &failure.workflow_url,
        status: failure.status,
        error_name: error.and_then(|error| error.name.as_ref()).map(AsRef::as_ref),
        error_message: error.map(|error| error.message.as_ref()),
        step_name: failure.step_name.as_deref(),
        labels: &failure.labels,
        retry_at: failure.retry_hint.map(|hint| hint.until().as_millis()),
        retried: failure.retried,
        max_retries: failure.max_retries,
        source_message_id: failure.source_message_id.as_deref(),
        created_at: failure.created_at.map(Timestamp::as_millis),
        workflow_created_at: failure.workflow_created_at.map(Timestamp::as_millis),
        callback_message_id: failure.callback_message_id.as_deref(),
        callback_retried: failure.callback_retried,
    };
    failure.object().end()
}
