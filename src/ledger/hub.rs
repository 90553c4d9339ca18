//! What a shard tells others of what it learns.

use super::{record::Record, target};
use crate::{
    durable::{Records, outbox},
    json::Object,
    notice::{Kind, NOTICES},
    recovery::{Case, Conclusion, Outcome},
    settings::Notify,
    time::Timestamp,
};

/// A run that a recovery had created failed.
pub(super) fn failed_again(records: &mut dyn Records, case: &Case, now: Timestamp) {
    to_target(records, case, "failed", now, &|message| {
        message.raw("case", &case.to_json());
    });
}

/// An entry was settled: `record` says how, `before` what it had been.
pub(super) fn settled(
    records: &mut dyn Records,
    notify: &Notify,
    record: &Record,
    before: Option<&Conclusion>,
    now: &Conclusion,
) {
    let (case, at) = (&record.case, record.at);
    if before.is_none() && case.lineage.attempt() == 0 {
        notice(records, notify, Kind::FirstFailure, case, "", at);
    }
    match &now.outcome {
        Ok(Outcome::Restarted(_) | Outcome::Resumed(_)) => {
            to_target(records, case, "resumed", at, &|message| {
                message.raw("case", &case.to_json());
                if let Some(run) = now.new_run_id() {
                    message.text("newRunId", run.as_str());
                }
            });
        }
        Ok(Outcome::Parked { reason }) if !before.is_some_and(|before| is_parked(before, reason)) => {
            notice(records, notify, Kind::GaveUp, case, reason, at);
        }
        _ => {}
    }
    let was_deferred = before.is_some_and(|before| matches!(before.outcome, Ok(Outcome::Deferred { .. })));
    if was_deferred && !matches!(now.outcome, Ok(Outcome::Deferred { .. })) {
        to_target(records, case, "cleared", at, &|message| {
            message.text("dlqId", case.dlq_id.as_str());
        });
    }
}

/// Whether it was left to a person before, for the same reason.
fn is_parked(conclusion: &Conclusion, why: &str) -> bool {
    matches!(&conclusion.outcome, Ok(Outcome::Parked { reason }) if *reason == why)
}

/// A run that a recovery had created came to a good end.
pub(super) fn recovered(records: &mut dyn Records, notify: &Notify, record: &Record, now: Timestamp) {
    notice(records, notify, Kind::Recovered, &record.case, "", now);
}

fn notice(records: &mut dyn Records, notify: &Notify, kind: Kind, case: &Case, reason: &str, at: Timestamp) {
    if !notify.wants(kind) {
        return;
    }
    let mut message = Object::new();
    message.text("do", "notice").text("kind", kind.name()).number("at", at.as_millis());
    if !reason.is_empty() {
        message.text("reason", reason);
    }
    message.raw("case", &case.to_json());
    outbox::push(records, NOTICES, &message.end(), at);
}

fn to_target(records: &mut dyn Records, case: &Case, what: &str, at: Timestamp, with: &dyn Fn(&mut Object)) {
    let mut message = Object::new();
    message.text("do", what).number("at", at.as_millis());
    with(&mut message);
    outbox::push(records, &target(&case.target), &message.end(), at);
}
