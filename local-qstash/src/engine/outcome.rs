//! A delivery ended: go on, try again, or give up.

use serde_json::json;

use super::Engine;
use super::delivery::Outcome;
use super::dlq::CallbackState;
use super::message::{Answer, Attempt, Message, Role};
use super::retry;
use super::run::RunKey;
use super::time::Timestamp;

const NOT_A_WORKFLOW: &str = "detected a non-workflow destination for trigger/invoke: the answer to the first \
                              delivery lacks Upstash-Workflow-Sdk-Version";

impl Engine {
    /// Draws the consequences of a delivery of this message, which may have been withdrawn meanwhile.
    pub(super) fn conclude(&mut self, message_id: &str, outcome: Outcome, now: Timestamp) {
        let answer = Answer::from(outcome);
        self.record_delivery(message_id, &answer, now);
        let Some(message) = self.outbox.message(message_id) else { return };
        let delivered = (200..300).contains(&answer.status);
        if delivered && self.is_foreign(message, &answer) {
            let answer = Answer { body: NOT_A_WORKFLOW.as_bytes().to_vec(), ..answer };
            self.give_up(message_id, answer, now);
        } else if delivered {
            self.succeed(message_id, answer, now);
        } else if retry::is_final(answer.status, &answer.headers) || message.retried >= message.retries {
            self.give_up(message_id, answer, now);
        } else {
            self.try_again(message_id, answer, now);
        }
    }

    /// Whether the destination of a trigger answered in a way that no workflow endpoint does.
    fn is_foreign(&self, message: &Message, answer: &Answer) -> bool {
        let run = message.run.and_then(|key| self.runs.by_key(key));
        matches!(message.role, Role::Step { entry: 0 })
            && run.is_some_and(|run| run.settings.has_feature("WF_DetectTrigger"))
            && answer.headers.value("Upstash-Workflow-Sdk-Version").is_none()
    }

    fn succeed(&mut self, message_id: &str, answer: Answer, now: Timestamp) {
        let Some(message) = self.outbox.remove(message_id) else { return };
        match &message.role {
            Role::Step { .. } | Role::CallResult { .. } => {}
            Role::Call { .. } => self.return_call(&message, &answer, now),
            Role::FailureCallback { dlq_id } => {
                let dlq_id = dlq_id.clone();
                self.settle_callback(&message, &dlq_id, CallbackState::Success, answer, now);
            }
            Role::Plain { callback, .. } => {
                if let Some(callback) = callback.clone() {
                    self.call_back(&message, &callback, &answer, now);
                }
            }
        }
    }

    fn give_up(&mut self, message_id: &str, answer: Answer, now: Timestamp) {
        let Some(message) = self.outbox.remove(message_id) else { return };
        match (&message.role, message.run) {
            (Role::Step { .. } | Role::CallResult { .. }, Some(key)) => {
                self.fail_run(key, message, &answer, now);
            }
            (Role::Call { .. }, _) => self.return_call(&message, &answer, now),
            (Role::FailureCallback { dlq_id }, _) => {
                let dlq_id = dlq_id.clone();
                self.settle_callback(&message, &dlq_id, CallbackState::Fail, answer, now);
            }
            (Role::Plain { failure_callback, .. }, _) => {
                if let Some(callback) = failure_callback.clone() {
                    self.call_back(&message, &callback, &answer, now);
                }
            }
            (Role::Step { .. } | Role::CallResult { .. }, None) => {}
        }
    }

    fn try_again(&mut self, message_id: &str, answer: Answer, now: Timestamp) {
        let Some(message) = self.outbox.message_mut(message_id) else { return };
        let wait = retry::delay_ms(message.retried, message.retry_delay.as_ref(), Some(&answer.headers), now);
        message.retried += 1;
        message.attempts.push(Attempt { at: now, answer });
        let (run, retried) = (message.run, message.retried);
        let run_id = run.and_then(|key: RunKey| self.runs.by_key(key)).map(|run| run.id.clone());
        let fields = json!({ "runId": run_id, "messageId": message_id, "retried": retried, "inMs": wait, "scaledMs": self.scaled(wait) });
        self.timeline.record(now, "retry_scheduled", fields);
        self.outbox.enqueue(message_id, now.plus(self.scaled(wait)));
    }
}
